use super::*;

fn check(name: &str, record: &Value, expected: &str) {
    let event = Event { name: name.to_owned(), data: record.to_string() };
    assert_eq!(text_line(&event).unwrap().trim_end(), expected);
    let line: Value = serde_json::from_str(&json_line(&event).unwrap()).unwrap();
    assert_eq!(line, json!({ "table": name, "record": record }));
}

const TIME: i64 = 1_700_000_000_000_000_000;

#[test]
fn every_table_has_a_line() {
    let span = json!({
        "trace_id": "ab", "start_unix_nano": TIME, "duration_ns": 1_500_000, "name": "chat",
        "service_name": "shop", "status_code": "error", "status_message": "no\u{1b}[2J",
    });
    check(
        "spans",
        &span,
        "2023-11-14T22:13:20.000Z span      [shop] chat 1.500 ms ERROR no\\u{1b}[2J trace ab",
    );
    let log = json!({
        "time_unix_nano": 0, "observed_unix_nano": TIME, "severity_text": "WARN",
        "service_name": "shop", "body": "a\nb",
    });
    check("logs", &log, "2023-11-14T22:13:20.000Z log       [shop] WARN a\\nb");
    let metric = json!({"time_unix_nano": TIME, "name": "tokens", "value": 2.5, "unit": "1", "service_name": ""});
    check("metrics", &metric, "2023-11-14T22:13:20.000Z metric    [] tokens = 2.5 1");
    let histogram = json!({"time_unix_nano": TIME, "name": "latency", "count": 3, "sum": 0.5, "service_name": "s"});
    check(
        "histograms",
        &histogram,
        "2023-11-14T22:13:20.000Z histogram [s] latency count 3 sum 0.5",
    );
    check("missed", &json!({"exports": 7}), "-- 7 exports were not shown: reading was too slow");
}
