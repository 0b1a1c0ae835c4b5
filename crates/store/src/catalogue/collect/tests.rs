use std::collections::BTreeSet;

use telltale_schema::{LogRow, LogsBuilder, assign_record_ids};

use super::*;
use crate::CatalogueConfig;

/// Rows of one frame: attributes, their types, resource; times count from 1.
fn batch(seq: i64, rows: &[(&str, Option<&str>, &str)]) -> RecordBatch {
    let mut builder = LogsBuilder::new();
    for (time, (attributes, types, resource)) in (1..).zip(rows) {
        builder.append(&LogRow {
            time_unix_nano: time,
            attributes,
            attributes_types: *types,
            resource,
            ..LogRow::default()
        });
    }
    let batch = builder.finish().unwrap();
    assign_record_ids(&batch, seq << telltale_schema::RECORD_ORDINAL_BITS).unwrap()
}

type Found<'a> = (&'a str, Vec<&'a str>, u64, (i64, i64), Vec<(&'a str, u64)>);

fn found(catalogue: &AttributeCatalogue) -> Vec<Found<'_>> {
    let mut keys: Vec<_> = catalogue
        .keys()
        .iter()
        .map(|key| {
            let values = key.values().iter().map(|value| (value.text, value.count)).collect();
            (key.name(), key.types(), key.rows(), (key.first(), key.last()), values)
        })
        .collect();
    keys.sort_unstable();
    keys
}

#[test]
fn keys_have_types_counts_times_and_values() {
    let long = format!(r#"{{"prompt":"{}"}}"#, "x".repeat(200));
    let batch = batch(
        1,
        &[
            (r#"{"model":"a","n":1}"#, None, r#"{"service.name":"s"}"#),
            (r#"{"model":"b","n":"one"}"#, None, r#"{"service.name":"s"}"#),
            (r#"{"n":1.0,"model":"b","on":true}"#, None, r#"{"service.name":"t"}"#),
            (r#"{"list":[{"model":1}],"map":{"n":2},"none":null}"#, None, "{}"),
            (&long, None, "{}"),
        ],
    );
    let mut catalogue = AttributeCatalogue::new(CatalogueConfig::default());
    assert_eq!(catalogue.read_memory(Table::Logs, &batch, 0), 1);
    let expected = vec![
        ("list", vec!["array"], 1, (4, 4), vec![]),
        ("map", vec!["map"], 1, (4, 4), vec![]),
        ("model", vec!["string"], 3, (1, 3), vec![("b", 2), ("a", 1)]),
        ("n", vec!["double", "int", "string"], 3, (1, 3), vec![("1", 1), ("1.0", 1), ("one", 1)]),
        ("none", vec!["empty"], 1, (4, 4), vec![]),
        ("on", vec!["bool"], 1, (3, 3), vec![("true", 1)]),
        ("prompt", vec!["string"], 1, (5, 5), vec![]),
        ("service.name", vec!["string"], 3, (1, 3), vec![("s", 2), ("t", 1)]),
    ];
    assert_eq!(found(&catalogue), expected);
    assert_eq!(catalogue.rows_since(i32::MIN), 5);
}

#[test]
fn types_that_json_cannot_say_are_told_by_their_places() {
    let text = r#"{"a":"aGk=","b":"NaN","c":"aGk=","d":["aGk="],"e":null}"#;
    let batch = batch(1, &[(text, Some("0:b,1:d7ff8000000000001,3.0:b,4:a"), "{}")]);
    let mut catalogue = AttributeCatalogue::new(CatalogueConfig::default());
    catalogue.read_memory(Table::Logs, &batch, 0);
    let types: Vec<_> = found(&catalogue).into_iter().map(|key| (key.0, key.1)).collect();
    let one = |ty| vec![ty];
    let expected = [
        ("a", one("bytes")),
        ("b", one("double")),
        ("c", one("string")),
        ("d", one("array")),
        ("e", one("empty")),
    ];
    assert_eq!(types, expected);
}

#[test]
fn escapes_are_undone() {
    let rows = [
        (r#"{"say \"hi\"":"a\nb","back\\slash":"\\"}"#, None, "{}"),
        (r#"{"say \"hi\"":"a\nb","back\\slash":"\\"}"#, None, r#"{"back\\slash":"e"}"#),
    ];
    let mut catalogue = AttributeCatalogue::new(CatalogueConfig::default());
    catalogue.read_memory(Table::Logs, &batch(1, &rows), 0);
    let keys: Vec<_> = found(&catalogue).into_iter().map(|key| (key.0, key.2, key.4)).collect();
    let expected = [
        ("back\\slash", 1, vec![("e", 1)]),
        ("back\\slash", 2, vec![("\\", 2)]),
        ("say \"hi\"", 2, vec![("a\nb", 2)]),
    ];
    assert_eq!(keys, expected);
}

#[test]
fn a_run_ends_where_text_or_types_change_and_where_rows_are_not_wanted() {
    let text = r#"{"k":"aGk="}"#;
    let rows = [
        (text, None, "{}"),
        (text, Some("0:b"), "{}"),
        (text, Some("0:b"), "{}"),
        (r#"{"k":1}"#, None, "{}"),
        (text, None, "{}"),
    ];
    let batch = batch(3, &rows);
    let runs = |wanted: Option<&dyn Fn(i64) -> bool>| {
        let mut runs = Vec::new();
        for_each_run(Table::Logs, &batch, 9, wanted, |scope, run| {
            if scope == AttributeScope::Record {
                runs.push((run.seen.rows, run.seen.first, run.seen.last));
            }
        });
        runs
    };
    assert_eq!(runs(None), [(1, 1, 1), (2, 2, 3), (1, 4, 4), (1, 5, 5)]);
    let ordinal = |id: i64| id & 0xff;
    assert_eq!(runs(Some(&|id| ordinal(id) != 2)), [(1, 1, 1), (1, 2, 2), (1, 4, 4), (1, 5, 5)]);
    assert_eq!(runs(Some(&|id| matches!(ordinal(id), 0 | 4))), [(2, 1, 5)]);
    let mut catalogue = AttributeCatalogue::new(CatalogueConfig::default());
    assert_eq!(catalogue.read_memory(Table::Logs, &batch, 3), 3);
    assert_eq!((catalogue.keys().len(), catalogue.rows_since(i32::MIN)), (0, 0));
    catalogue.read_memory(Table::Logs, &batch, 2);
    assert_eq!(catalogue.rows_since(i32::MIN), 5);
}

/// Scenario: pairs are handed on, as the attribute index wants them. Guarantees: none that a group
/// of rows has is kept back, whatever values look like.
#[test]
fn every_pair_of_a_group_is_handed_on() {
    let values = |n: usize| match n % 4 {
        0 => format!("\"{n}\""),
        1 => n.to_string(),
        2 if n.is_multiple_of(3) => "\"\\u0061\"".to_owned(),
        2 if n % 3 == 1 => "\"a\"".to_owned(),
        2 => format!("\"{}\"", "long ".repeat(60)),
        _ => "\"aGk=\"".to_owned(),
    };
    let texts: Vec<String> =
        (0..900).map(|n| format!(r#"{{"a":{},"b":"{}"}}"#, values(n), n % 3)).collect();
    let rows: Vec<(&str, Option<&str>, &str)> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| (text.as_str(), (n % 8 == 3).then_some("0:b"), "{}"))
        .collect();
    let limits = CatalogueConfig { values_max: 8, ..CatalogueConfig::default() };
    let mut catalogue = AttributeCatalogue::new(limits);
    let pair = |key: RawText<'_>, value: RawValue<'_>| format!("{key:?} {value:?}");
    let mut handed_on = 0;
    for rows in rows.chunks(300) {
        let batch = batch(1, rows);
        let (mut wanted, mut got) = (BTreeSet::new(), Vec::new());
        for (text, _, _) in rows {
            for_each_attribute(text, |key, value| _ = wanted.insert(pair(key, value)));
        }
        for_each_run(Table::Logs, &batch, 1, None, |scope, run| {
            catalogue.learn(scope, run, |key, value| {
                got.push(pair(key, value));
            });
        });
        handed_on += got.len();
        assert_eq!(BTreeSet::from_iter(got), wanted);
        catalogue.next_group();
    }
    assert!(handed_on < 1_200, "{handed_on} of 1800 pairs");
}
