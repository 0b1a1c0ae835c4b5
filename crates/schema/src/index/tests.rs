use proptest::prelude::*;

use super::*;
use crate::json::{JsonWriter, Value};

fn hashes(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    for_each_attribute_hash(AttributeScope::Record, text, |hash| found.push(hash));
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
fn scopes_keys_and_values_do_not_run_into_each_other() {
    let record = attribute_hash(AttributeScope::Record, "k", "v");
    assert_ne!(record, attribute_hash(AttributeScope::Resource, "k", "v"));
    assert_ne!(record, attribute_hash(AttributeScope::Record, "kv", ""));
}

proptest! {
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
