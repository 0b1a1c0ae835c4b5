//! Steps, each with what it makes of good and bad values.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::{parse, url};
use crate::value::Value;

fn text(text: &str) -> Value<'_> {
    Value::Str(Cow::Borrowed(text))
}

#[expect(clippy::needless_pass_by_value, reason = "a literal at every call")]
fn check(steps: &str, value: Value<'_>, expected: Option<Value<'_>>) {
    let map = HashMap::from([("tool_use".into(), Arc::from("tool_call"))]);
    let maps = HashMap::from([("reason".to_owned(), Arc::new(map))]);
    let start = 1_795_235_038_000_000_000;
    let mut result = Some(value.clone());
    for name in steps.split('|') {
        let step = parse(name, &maps).expect("a step");
        assert_eq!(step.name(), name);
        result = result.and_then(|value| step.apply(value, start));
    }
    assert_eq!(result, expected, "{steps} of {value:?}");
}

#[test]
fn spellings_are_mapped_in_any_case_and_each_of_a_list() {
    check("map:reason", text("Tool_Use"), Some(text("tool_call")));
    check("map:reason", text("Other"), Some(text("other")));
    let list = Value::Array(vec![text("tool_use"), text("stop")]);
    let mapped = Value::Array(vec![text("tool_call"), text("stop")]);
    check("map:reason", list, Some(mapped.clone()));
    check("map:reason", text(r#"["tool_use", "stop"]"#), Some(mapped));
    check("strip:FinishReason.|map:reason", text("FinishReason.TOOL_USE"), Some(text("tool_call")));
    check("unquote|map:reason", text("\"tool_use\""), Some(text("tool_call")));
}

#[test]
fn times_become_seconds() {
    check("ms", Value::Int(1306), Some(Value::Double(1.306)));
    check("ms", text("22"), Some(Value::Double(0.022)));
    check("ms", text("soon"), None);
    check("us", Value::Int(1500), Some(Value::Double(0.0015)));
    check("since_start", Value::Int(1_795_235_038_250_000_000), Some(Value::Double(0.25)));
    check("since_start", Value::Int(1), None);
    let iso = "2026-11-21T04:23:58.063441Z";
    check("since_start", text(iso), Some(Value::Double(0.063_441)));
    check("unquote|since_start", text(&format!("\"{iso}\"")), Some(Value::Double(0.063_441)));
    check("since_start", text("2026-11-21T05:23:58.5+01:00"), Some(Value::Double(0.5)));
    for bad in [
        "",
        "2026",
        "2026-13-21T04:23:58Z",
        "9999-01-01T00:00:00Z",
        "today",
        "2026-11-21T04:23:58\u{e9}",
    ] {
        check("since_start", text(bad), None);
    }
}

#[test]
fn lists_and_constants() {
    check("len", text("[0.5, 0.25]"), Some(Value::Int(2)));
    check("len", Value::Array(vec![Value::Null; 3]), Some(Value::Int(3)));
    check("len", text("no list"), None);
    check("const:json", Value::Int(1), Some(text("json")));
    check("last", Value::Array(vec![text("a"), text("b")]), Some(text("b")));
}

#[test]
fn hosts_and_ports_of_urls() {
    for (address, host, port) in [
        ("http://127.0.0.1:18080/v1/", "127.0.0.1", Some(18080)),
        ("https://api.openai.com/v1", "api.openai.com", Some(443)),
        ("http://user:secret@host/x?y=http://z", "host", Some(80)),
        ("api.openai.com", "api.openai.com", None),
        ("localhost:11434", "localhost", Some(11434)),
        ("http://[::1]:8080/", "::1", Some(8080)),
        ("http://[::1]/", "::1", Some(80)),
        ("fe80::1", "fe80::1", None),
    ] {
        assert_eq!(url(address), Some((host, port)), "{address}");
    }
    for nonsense in ["", "http://", "host:port", "unix:/tmp/x", "host:99999"] {
        assert_eq!(url(nonsense), None, "{nonsense}");
    }
}

#[test]
fn what_is_no_step_is_refused() {
    for name in ["", "upper", "map:nowhere", "strip:", "const:", "map"] {
        assert!(parse(name, &HashMap::new()).is_none(), "{name}");
    }
}
