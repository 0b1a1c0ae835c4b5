//! What each command asks and prints.

use crate::support::{Canned, run};

const JSON: &str = "application/json";

#[tokio::test]
async fn sql_sends_statement_parameters_and_key_and_prints_a_table() {
    let body = r#"{"columns":[{"name":"n","type":"bigint"}],"rows":[[7],[null]],"row_count":2,"truncated":true}"#;
    let server = Canned::start(vec![(200, JSON, body.to_owned())]).await;
    let args = ["sql", "SELECT $1 AS n", "--param", "7", "--key", "tt_k", "--url", &server.url];
    let printed = run(&args).await.unwrap();
    for part in ["n", "7", "null", "2 rows, cut off at the limit"] {
        assert!(printed.contains(part), "{part:?} is missing:\n{printed}");
    }
    let asked = server.requests().await.concat();
    assert!(asked.starts_with("POST /api/v1/sql HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("authorization: Bearer tt_k\r\n"), "{asked}");
    assert!(asked.ends_with(r#"{"query":"SELECT $1 AS n","params":[7]}"#), "{asked}");
}

#[tokio::test]
async fn sql_passes_json_and_csv_on_as_they_come() {
    for (flag, media) in [("--json", JSON), ("--csv", "text/csv")] {
        let server = Canned::start(vec![(200, media, "as it came\n".to_owned())]).await;
        let printed = run(&["sql", "SELECT 1", flag, "--url", &server.url]).await.unwrap();
        assert_eq!(printed, "as it came\n");
        assert!(server.requests().await.concat().contains(&format!("accept: {media}\r\n")));
    }
}

#[tokio::test]
async fn a_trace_is_read_page_by_page() {
    let page = |name: &str, cursor: &str| {
        format!(
            r#"{{"trace_id":"5b8efff798038103d269b633813fc60c","span_count":2,"error_count":0,
            "start_unix_nano":"1","duration_ns":5,"orphan_count":0,
            "spans":[{{"depth":0,"child_count":0,"orphan":false,"name":"{name}"}}]{cursor}}}"#
        )
    };
    let answers = vec![
        (200, JSON, page("first", r#","next_cursor":"c d""#)),
        (200, JSON, page("second", "")),
    ];
    let server = Canned::start(answers).await;
    let id = "5B8EFFF798038103D269B633813FC60C";
    let printed = run(&["trace", id, "--url", &server.url]).await.unwrap();
    assert_eq!(printed.matches("2 spans, 0 errors").count(), 1, "{printed}");
    assert!(printed.find("first") < printed.find("second"), "{printed}");
    let asked = server.requests().await;
    assert!(asked[0].starts_with(&format!("GET /api/v1/traces/{}?", id.to_lowercase())));
    assert!(asked[1].contains("cursor=c+d"), "{}", asked[1]);
}

/// Scenario: the server ends the stream. Guarantees: what came is printed, and the end is told.
#[tokio::test]
async fn a_tail_prints_what_came_and_tells_of_its_end() {
    let event = "event: logs\ndata: {\"body\":\"hi\",\"service_name\":\"s\"}\n\n".to_owned();
    let server = Canned::start(vec![(200, "text/event-stream", event)]).await;
    let args = ["tail", "--signal", "logs", "--service", "a&b", "--url", &server.url];
    let error = run(&args).await.unwrap_err();
    assert!(error.to_string().ends_with("ended the tail"), "{error}");
    assert!(server.requests().await.concat().contains("tail?signal=logs&service=a%26b "));
}

#[tokio::test]
async fn keys_are_managed_over_the_api() {
    let key = r#"{"id":"key_1","project":"shop","scope":"admin","name":"n",
        "created_unix_nano":"1","last_used_unix_nano":null,"revoked_unix_nano":null"#;
    let server = Canned::start(vec![
        (201, JSON, format!(r#"{key},"secret":"tt_s"}}"#)),
        (200, JSON, format!(r#"{{"keys":[{key}}}]}}"#)),
        (204, JSON, String::new()),
    ])
    .await;
    let create = ["keys", "create", "--scope", "admin", "--project", "shop", "--url", &server.url];
    assert!(run(&create).await.unwrap().starts_with("tt_s\n"));
    let listed = run(&["keys", "list", "--url", &server.url]).await.unwrap();
    assert!(listed.contains("key_1") && listed.contains("never"), "{listed}");
    run(&["keys", "revoke", "key/../1", "--url", &server.url]).await.unwrap();
    let asked = server.requests().await;
    assert!(asked[0].ends_with(r#"{"scope":"admin","name":"admin","project":"shop"}"#));
    assert!(asked[2].starts_with("DELETE /api/v1/keys/key%2F..%2F1 "), "{}", asked[2]);
}
