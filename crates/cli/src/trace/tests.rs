use serde_json::json;

use super::*;

fn page(spans: &Value, next_cursor: Option<&str>) -> Value {
    let mut page = json!({
        "trace_id": "5b8efff798038103d269b633813fc60c", "span_count": 2, "error_count": 1,
        "start_unix_nano": "1700000000000000000", "duration_ns": 1_500_000_000,
        "orphan_count": 1, "spans": spans,
    });
    if let Some(cursor) = next_cursor {
        page["next_cursor"] = json!(cursor);
    }
    page
}

fn spans() -> Value {
    json!([
        {
            "depth": 0, "child_count": 1, "name": "agent", "service_name": "planner",
            "start_unix_nano": 1_700_000_000_000_000_000_i64, "duration_ns": 1_500_000_000,
        },
        {
            "depth": 1, "child_count": 0, "name": "chat\nx", "status_code": 2,
            "status_message": "rate limited", "start_unix_nano": "1700000000200000000",
            "duration_ns": 250, "orphan": true, "missing_parent": "eee19b7ec3c1b174",
        },
    ])
}

#[test]
fn a_tree_shows_offsets_durations_errors_and_orphans() {
    let page: Page = serde_json::from_value(page(&spans(), None)).unwrap();
    let mut out = Vec::new();
    write_page(&mut out, &page, true).unwrap();
    let expected = "\
trace 5b8efff798038103d269b633813fc60c: 2 spans, 1 error, 1.500 s from 2023-11-14T22:13:20.000Z
1 span without a stored parent
       start     duration
       +0 ns      1.500 s  agent [planner]
 +200.000 ms       250 ns    chat\\nx ERROR: rate limited (orphan: parent eee19b7ec3c1b174 is not stored)
";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

/// Scenario: a trace of three spans comes in two pages. Guarantees: `--json` is one valid object
/// with all spans and no cursor.
#[test]
fn pages_become_one_object() {
    let mut out = Vec::new();
    write_json(&mut out, page(&spans(), Some("c")), true, false).unwrap();
    write_json(&mut out, page(&json!([{"depth": 2, "name": "last"}]), None), false, true).unwrap();
    let all: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(all["span_count"], 2);
    assert_eq!(all["spans"].as_array().unwrap().len(), 3);
    assert_eq!(all["spans"][2]["name"], "last");
    assert!(all.get("next_cursor").is_none());
}

#[test]
fn what_is_odd_about_a_span_is_said() {
    let odd = json!({"depth": 0, "name": "x", "cycle": true, "duplicate": true});
    let text = line(&serde_json::from_value(odd).unwrap(), None);
    assert!(text.contains("lead back") && text.contains("same id"), "{text}");
}

#[test]
fn deep_spans_stay_readable() {
    let deep: Span = serde_json::from_value(json!({"depth": 5_000, "name": "deep"})).unwrap();
    let text = line(&deep, None);
    assert!(text.len() < 100, "{text}");
    assert!(text.contains("? "), "{text}");
}
