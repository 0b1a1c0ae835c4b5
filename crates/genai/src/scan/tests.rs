//! JSON and Python texts, whole and damaged.

use std::borrow::Cow;

use proptest::prelude::*;

use super::{SCAN_BYTES_MAX, Scalar, at, items, length, root};

fn path(path: &str) -> Vec<Box<str>> {
    path.split('.').filter(|step| !step.is_empty()).map(Into::into).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "a literal at every call")]
fn check(text: &str, steps: &str, expected: Option<Scalar<'_>>) {
    assert_eq!(at(text, &path(steps)), expected, "{steps} in {text}");
}

#[test]
fn values_are_found_by_path() {
    let text = r#"{"a": {"b": [1, {"c": "x"}], "n": null}, "t": true, "d": -1.5e3, "s": "it's"}"#;
    check(text, "a.b.0", Some(Scalar::Number("1")));
    check(text, "a.b.1.c", Some(Scalar::Text(Cow::Borrowed("x"))));
    check(text, "t", Some(Scalar::Bool(true)));
    check(text, "d", Some(Scalar::Number("-1.5e3")));
    check(text, "s", Some(Scalar::Text(Cow::Borrowed("it's"))));
    check(text, "a.b", Some(Scalar::Structure(r#"[1, {"c": "x"}]"#)));
    check(text, "a.n", None);
    check(text, "a.b.7", None);
    check(text, "a.b.c", None);
    check(text, "z", None);
}

#[test]
fn python_texts_are_read_too() {
    let text =
        "{'prompt_tokens': 120, 'details': {'cached': 64, 'x': None}, 'ok': True, 'q': \"it's\"}";
    check(text, "details.cached", Some(Scalar::Number("64")));
    check(text, "details.x", None);
    check(text, "ok", Some(Scalar::Bool(true)));
    check(text, "q", Some(Scalar::Text(Cow::Borrowed("it's"))));
}

#[test]
fn escapes_are_undone() {
    let text = r#"{"k\u0065y": "a\n\"\\\u00e9\ud83d\ude00\ud83dx\q"}"#;
    let expected = "a\n\"\\\u{e9}\u{1f600}\u{fffd}xq";
    check(text, "key", Some(Scalar::Text(Cow::Owned(expected.to_owned()))));
}

#[test]
fn what_stands_before_a_cut_is_found() {
    check(r#"{"a": 1, "b": "cut of"#, "a", Some(Scalar::Number("1")));
    check(r#"{"a": 1, "b": "cut of"#, "b", None);
    check(r#"{"a": {"b": 1"#, "a.b", Some(Scalar::Number("1")));
    check("{\"a\": \"\\", "a", None);
    for text in ["", "{", "[", "\"", "{\"a\"", "{\"a\":", "nonsense here", "}", "]", ",", "{]"] {
        check(text, "a", None);
        check(text, "0", None);
    }
}

#[test]
fn names_like_those_of_prototypes_are_names() {
    check(r#"{"__proto__": 1, "constructor": 2}"#, "__proto__", Some(Scalar::Number("1")));
    check(r#"{"a": 1}"#, "constructor", None);
}

#[test]
fn lists_have_items_and_a_length() {
    assert_eq!(items(r#"["a", 1, null, [2]]"#).map(|items| items.len()), Some(3));
    assert_eq!(length("[0.5,0.25,1]"), Some(3));
    assert_eq!(length("[]"), Some(0));
    assert_eq!(length("[1,2"), None);
    assert_eq!(length("{}"), None);
    assert_eq!(root("\"x\""), Some(Scalar::Text(Cow::Borrowed("x"))));
}

#[test]
fn a_text_over_the_limit_is_searched_up_to_it() {
    let padded = |before: usize| format!("{{\"p\": \"{}\", \"a\": 1}}", "x".repeat(before));
    let head = padded(0).len();
    check(&padded(SCAN_BYTES_MAX - head), "a", Some(Scalar::Number("1")));
    check(&padded(SCAN_BYTES_MAX), "a", None);
    // Cut in the middle of a character.
    check(&format!("{{\"p\": \"{}", "\u{20ac}".repeat(SCAN_BYTES_MAX / 2)), "a", None);
}

#[test]
fn nesting_without_end_is_given_up() {
    let deep = format!("{{\"a\": {}1{}, \"b\": 2}}", "[".repeat(100), "]".repeat(100));
    check(&deep, "b", Some(Scalar::Number("2")));
    let deeper = format!("{{\"a\": {}", "[".repeat(1_000_000));
    check(&deeper, "b", None);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,60}", steps in "[a-c0-3]{0,2}") {
        let _ = at(&text, &path(&steps));
        let _ = items(&text);
    }

    #[test]
    fn what_serde_writes_is_found(name in "\\PC{1,10}", value in "\\PC{0,20}", number in any::<i64>()) {
        let text = serde_json::json!({ "first": [number, { "x": value }], &name: value }).to_string();
        prop_assume!(name != "first");
        let found = at(&text, &[name.into()]);
        prop_assert_eq!(found, Some(Scalar::Text(Cow::Owned(value))));
        prop_assert_eq!(at(&text, &path("first.0")), Some(Scalar::Number(&number.to_string())));
    }
}
