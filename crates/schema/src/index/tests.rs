use proptest::prelude::*;

use super::*;
use crate::json::{JsonWriter, Value};

fn hashes(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    for_each_attribute(text, |key, value| {
        found.extend(raw_attribute_hash(AttributeScope::Record, key, value));
    });
    found
}

#[test]
fn scalars_are_indexed_and_the_rest_is_skipped() {
    let text = r#"{"a":"x","n":{"a":[1,"}"]},"i":5,"d":1.5,"b":true,"e":"q\"","z":null}"#;
    let expected: Vec<u64> = [("a", "x"), ("i", "5"), ("d", "1.5"), ("b", "true"), ("z", "null")]
        .into_iter()
        .filter_map(|(k, v)| attribute_hash(AttributeScope::Record, k, v))
        .collect();
    assert_eq!(hashes(text), expected);
    assert!(hashes("{}").is_empty());
}

#[test]
fn values_come_as_they_are_written() {
    let mut found = Vec::new();
    let text = r#"{"t":"x","e":"q\"\u00e9","i":-5,"b":true,"l":["}"],"m":{"k":"]"},"z":null}"#;
    for_each_attribute(text, |key, value| found.push((key.text, value)));
    let plain = |text| RawValue::Text(RawText { text, escaped: false });
    let expected = [
        ("t", plain("x")),
        ("e", RawValue::Text(RawText { text: r#"q\"\u00e9"#, escaped: true })),
        ("i", RawValue::Word("-5")),
        ("b", RawValue::Word("true")),
        ("l", RawValue::Array),
        ("m", RawValue::Map),
        ("z", RawValue::Word("null")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn scopes_keys_and_values_do_not_run_into_each_other() {
    let record = attribute_hash(AttributeScope::Record, "k", "v");
    assert_ne!(record, attribute_hash(AttributeScope::Resource, "k", "v"));
    assert_ne!(record, attribute_hash(AttributeScope::Record, "kv", ""));
}

proptest! {
    #[test]
    fn hashes_do_not_depend_on_how_they_are_computed(key in ".{0,300}", value in ".{0,60}") {
        let parts = [b"r".as_slice(), key.as_bytes(), b"\0", value.as_bytes()];
        let long = hash_long(parts);
        prop_assert!(hash_short(parts).is_none_or(|short| short == long));
        let is_short = key.len() + value.len() + 2 <= SHORT_PAIR_BYTES;
        prop_assert_eq!(hash_short(parts).is_some(), is_short);
    }

    #[test]
    fn every_plain_pair_is_found(pairs in prop::collection::vec((".{0,8}", ".{0,8}"), 0..6)) {
        let map = pairs.iter().map(|(k, v)| (k.clone(), Value::String(v.clone()))).collect();
        let mut writer = JsonWriter::new();
        writer.value(&Value::Map(map));
        let found = hashes(writer.text());
        for (key, value) in &pairs {
            let plain = |text: &str| !text.contains(|c: char| c == '"' || c == '\\' || c < ' ');
            if plain(key) && plain(value) {
                let hash = attribute_hash(AttributeScope::Record, key, value).unwrap();
                prop_assert!(found.contains(&hash), "{key} {value}");
            }
        }
    }

    #[test]
    fn damaged_text_ends_the_walk(text in any::<String>()) {
        let _found = hashes(&text);
    }
}
