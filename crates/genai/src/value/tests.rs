//! The lenient readings of values.

use std::borrow::Cow;

use super::Value;

fn text(text: &str) -> Value<'_> {
    Value::Str(Cow::Borrowed(text))
}

#[test]
fn whole_numbers_are_read_from_what_clients_send() {
    for (value, expected) in [
        (Value::Int(7), Some(7)),
        (Value::Double(7.0), Some(7)),
        (text(" 7 "), Some(7)),
        (text("7.0"), Some(7)),
        (text("-7"), Some(-7)),
        (Value::Double(7.5), None),
        (Value::Double(f64::NAN), None),
        (Value::Double(f64::INFINITY), None),
        (Value::Double(1e300), None),
        (text("Infinity"), None),
        (text("seven"), None),
        (Value::Null, None),
        (Value::Bool(true), None),
    ] {
        assert_eq!(value.to_int(), expected, "{value:?}");
    }
}

#[test]
fn truth_is_read_from_words() {
    for (value, expected) in [
        (Value::Bool(true), Some(true)),
        (text("True"), Some(true)),
        (text("false"), Some(false)),
        (text("1"), Some(true)),
        (Value::Int(0), Some(false)),
        (Value::Int(2), None),
        (text("maybe"), None),
    ] {
        assert_eq!(value.to_bool(), expected, "{value:?}");
    }
}

#[test]
fn lists_are_read_from_lists_scalars_and_texts() {
    let check = |value: Value<'_>, expected: &[&str]| assert_eq!(value.to_texts(), expected);
    check(Value::Array(vec![text("a"), Value::Int(1)]), &["a", "1"]);
    check(text(r#"["stop", "length"]"#), &["stop", "length"]);
    check(text("stop"), &["stop"]);
    check(text("[not json"), &["[not json"]);
    check(text(""), &[]);
    check(Value::Null, &[]);
}

#[test]
fn paths_lead_through_structures_and_texts() {
    let inner = Value::Map(vec![(Cow::Borrowed("b"), text(r#"{"c": [5]}"#))]);
    let value = Value::Map(vec![(Cow::Borrowed("a"), inner)]);
    let path: Vec<Box<str>> = ["a", "b", "c", "0"].map(Into::into).into();
    assert_eq!(value.at(&path), Some(Value::Int(5)));
    assert_eq!(value.at(&["z".into()]), None);
    assert_eq!(Value::Int(1).at(&["z".into()]), None);
}

#[test]
fn what_says_nothing_is_empty() {
    for value in [Value::Null, text(""), Value::Array(vec![]), Value::Map(vec![])] {
        assert!(value.is_empty());
    }
    assert!(!Value::Int(0).is_empty());
    assert!(!Value::Bool(false).is_empty());
}
