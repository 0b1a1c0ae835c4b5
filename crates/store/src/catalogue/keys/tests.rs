use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// One attribute of some rows: key, value, rows, time, day.
type Pair = (u8, u8, u64, i64, i32);

#[derive(Default)]
struct Real {
    rows: u64,
    first: i64,
    last: i64,
    days: (i32, i32),
    values: BTreeMap<String, u64>,
}

/// What was counted, without any limit.
#[derive(Default)]
struct Oracle(BTreeMap<String, Real>);

impl Oracle {
    fn see(&mut self, (key, value, rows, time, day): Pair) {
        let new = || Real { first: time, last: time, days: (day, day), ..Real::default() };
        let real = self.0.entry(name(key)).or_insert_with(new);
        real.rows += rows;
        (real.first, real.last) = (real.first.min(time), real.last.max(time));
        real.days = (real.days.0.min(day), real.days.1.max(day));
        *real.values.entry(value_text(value)).or_default() += rows;
    }

    fn check(&self, found: &AttributeCatalogue) {
        assert!(found.keys.len() <= found.limits.keys_max);
        for key in found.keys() {
            let real = &self.0[key.name()];
            let least = key.rows() - key.missed();
            assert!((least..=key.rows()).contains(&real.rows), "{key:?}, {}", real.rows);
            assert!(key.missed() <= found.floor);
            if key.missed() == 0 {
                assert_eq!((key.first, key.last), (real.first, real.last));
                assert_eq!((key.first_day, key.last_day), real.days);
            }
            let mut left = real.values.clone();
            for value in key.values() {
                let real = left.remove(value.text).unwrap();
                assert!((value.count - value.error..=value.count).contains(&real), "{value:?}");
            }
            assert!(left.values().all(|real| *real <= key.other_values_max()));
        }
        let there = |name: &str| found.keys().iter().any(|key| key.name() == name);
        let mut left_out = 0;
        for (name, real) in self.0.iter().filter(|(name, _)| !there(name)) {
            left_out += 1;
            let long = name.len() > found.limits.key_bytes_max;
            assert!(long || real.rows <= found.floor, "{name}, {}", real.rows);
        }
        assert_eq!(found.keys_left_out(), left_out.min(found.limits.left_out_max as u64));
        assert_eq!(found.memory_bytes(), found.keys.iter().map(CatalogueKey::bytes).sum::<usize>());
    }
}

fn name(key: u8) -> String {
    // One name has an escape in JSON, one is too long.
    match key {
        7 => "quoted \"7\"".to_owned(),
        8 => "x".repeat(40),
        _ => format!("key.{key}"),
    }
}

fn value_text(value: u8) -> String {
    format!("value {value}")
}

fn see(catalogue: &mut AttributeCatalogue, (key, value, rows, time, day): Pair) {
    let seen = Seen { rows, first: time, last: time, day };
    let text = name(key).replace('"', "\\\"");
    let raw = RawText { text: &text, escaped: text.contains('\\') };
    let place = catalogue.place(AttributeScope::Record, raw, || Some(name(key)), &seen);
    if let Some(place) = place {
        catalogue.note(place, ValueTypes::STRING, Some(&value_text(value)), &seen);
    }
}

fn limits(keys_max: usize, values_max: usize, left_out_max: usize) -> CatalogueConfig {
    let config = CatalogueConfig::default();
    CatalogueConfig { keys_max, values_max, left_out_max, key_bytes_max: 30, ..config }
}

fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    let key = prop_oneof![0_u8..9, any::<u8>()];
    prop::collection::vec((key, 0_u8..40, 1_u64..5, 0_i64..100, 0_i32..9), 0..200)
}

proptest! {
    #[test]
    fn what_is_said_is_true_within_its_bounds(
        parts in prop::collection::vec(pairs(), 1..4),
        keys_max in 4_usize..60,
        values_max in 2_usize..20,
        left_out_max in 1_usize..300,
    ) {
        let limits = limits(keys_max, values_max, left_out_max);
        let (mut found, mut oracle) = (AttributeCatalogue::new(limits), Oracle::default());
        for pairs in parts {
            let mut part = AttributeCatalogue::new(limits);
            for pair in pairs {
                see(&mut part, pair);
                oracle.see(pair);
            }
            found.merge(&part);
        }
        if left_out_max > 256 {
            oracle.check(&found);
        } else {
            prop_assert!(found.keys_left_out() <= left_out_max as u64);
        }
    }
}

#[test]
fn scopes_do_not_run_into_each_other() {
    let mut catalogue = AttributeCatalogue::new(CatalogueConfig::default());
    let seen = Seen { rows: 1, first: 1, last: 1, day: 1 };
    for scope in [AttributeScope::Record, AttributeScope::Resource, AttributeScope::Record] {
        let raw = RawText { text: "k", escaped: false };
        let place = catalogue.place(scope, raw, || None, &seen).unwrap();
        catalogue.note(place, ValueTypes::INT, None, &seen);
    }
    let rows: Vec<_> = catalogue.keys().iter().map(|key| (key.scope(), key.rows())).collect();
    assert_eq!(rows, [(AttributeScope::Record, 2), (AttributeScope::Resource, 1)]);
}

#[test]
fn keys_go_with_the_last_partition_that_had_them() {
    let mut catalogue = AttributeCatalogue::new(limits(100, 8, 10));
    for (key, day) in [(1, 5), (2, 5), (2, 6), (3, 7), (8, 5)] {
        see(&mut catalogue, (key, 0, 1, 0, day));
        catalogue.count_rows(day, 1);
    }
    assert_eq!((catalogue.first_day(), catalogue.keys_left_out()), (Some(5), 1));
    catalogue.prune(6);
    let names: Vec<_> = catalogue.keys().iter().map(CatalogueKey::name).collect();
    assert_eq!(names, ["key.2", "key.3"]);
    assert_eq!((catalogue.first_day(), catalogue.keys_left_out()), (Some(6), 0));
    assert_eq!((catalogue.rows_since(6), catalogue.rows_since(7)), (2, 1));
    // What is left can still be found and counted.
    see(&mut catalogue, (2, 0, 1, 0, 8));
    assert_eq!(catalogue.keys()[0].rows(), 3);
    catalogue.prune(9);
    assert_eq!((catalogue.keys().len(), catalogue.first_day()), (0, None));
}

#[test]
fn values_give_way_to_keys_when_bytes_run_out() {
    let config = limits(1_000, 128, 10);
    let config = CatalogueConfig { bytes_max: 40_000, ..config };
    let mut catalogue = AttributeCatalogue::new(config);
    let mut oracle = Oracle::default();
    for round in 0..40_u8 {
        for key in (0..100).filter(|key| *key != 8) {
            let pair = (key, round, 1, 0, 0);
            see(&mut catalogue, pair);
            oracle.see(pair);
        }
    }
    assert!(catalogue.memory_bytes() <= 40_000);
    assert!(catalogue.capacity < 128 && catalogue.keys().len() == 99);
    oracle.check(&catalogue);
}
