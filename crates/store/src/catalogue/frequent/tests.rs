use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What was counted, without any limit.
#[derive(Default)]
struct Oracle {
    counts: BTreeMap<String, u64>,
    sum: u64,
}

impl Oracle {
    fn add(&mut self, text: &str, weight: u64) {
        *self.counts.entry(text.to_owned()).or_default() += weight;
        self.sum += weight;
    }

    fn check(&self, found: &Frequent, capacity: usize) {
        assert!(found.items.len() <= capacity);
        assert!(found.floor <= self.sum / (capacity as u64 / 2 + 1), "floor {}", found.floor);
        assert_eq!(found.tags.len(), found.items.len());
        let bytes: usize = found.items.iter().map(|item| item.text.len() + ITEM_BYTES).sum();
        assert_eq!(found.bytes(), bytes);
        let mut left = self.counts.clone();
        for item in found.items() {
            let real = left.remove(&*item.text).expect("each value once, and none that never came");
            assert!(real <= item.count && item.count - item.error <= real, "{item:?}, {real}");
            assert!(item.error <= found.floor);
        }
        for (text, real) in left {
            assert!(real <= found.floor, "{text} came {real} times, floor {}", found.floor);
        }
    }
}

fn values() -> impl Strategy<Value = Vec<(u16, u64)>> {
    // Few values that come often, and many that come once.
    let value = prop_oneof![(0_u16..6, 1_u64..20), (0_u16..2_000, 1_u64..3)];
    prop::collection::vec(value, 0..400)
}

fn text(value: u16) -> String {
    // Some differ only in the middle, where tags do not look.
    format!("prefix--{value}--suffix--")
}

proptest! {
    #[test]
    fn counts_stay_within_their_bounds(values in values(), capacity in 2_usize..40) {
        let (mut found, mut oracle) = (Frequent::default(), Oracle::default());
        for (value, weight) in values {
            found.add(&text(value), weight, capacity, 1);
            oracle.add(&text(value), weight);
        }
        oracle.check(&found, capacity);
    }

    #[test]
    fn merged_summaries_stay_within_their_bounds(
        parts in prop::collection::vec(values(), 1..6),
        capacity in 2_usize..40,
    ) {
        let (mut found, mut oracle) = (Frequent::default(), Oracle::default());
        for values in parts {
            let mut part = Frequent::default();
            for (value, weight) in values {
                part.add(&text(value), weight, capacity, 1);
                oracle.add(&text(value), weight);
            }
            found.merge(&part, capacity);
        }
        oracle.check(&found, capacity);
    }

    #[test]
    fn few_values_are_counted_exactly(values in prop::collection::vec((0_u16..8, 1_u64..9), 0..99)) {
        let (mut found, mut oracle) = (Frequent::default(), Oracle::default());
        for (value, weight) in values {
            found.add(&text(value), weight, 8, 1);
            oracle.add(&text(value), weight);
        }
        let found: BTreeMap<String, u64> =
            found.items().iter().map(|item| (item.text.to_string(), item.count)).collect();
        prop_assert_eq!(found, oracle.counts);
    }
}

#[test]
fn nothing_is_kept_without_room_and_nothing_is_forgotten() {
    let mut found = Frequent::default();
    for _ in 0..3 {
        found.add("a", 2, 0, 1);
    }
    assert_eq!((found.items().len(), found.floor()), (0, 6));
    found.add("a", 1, 2, 1);
    assert_eq!((found.items()[0].count, found.items()[0].error), (7, 6));
}

#[test]
fn it_is_known_what_a_group_of_rows_had_before() {
    let mut found = Frequent::default();
    let mut again = |text, group| found.add(text, 1, 2, group).again;
    assert_eq!([again("a", 1), again("a", 1), again("b", 1)], [false, true, false]);
    assert_eq!([again("a", 1), again("a", 2), again("b", 2)], [true, false, false]);
    // One of them has to go, and then nothing is certain of it.
    assert!(!again("c", 2));
    assert!(!(again("a", 2) && again("b", 2)));
}
