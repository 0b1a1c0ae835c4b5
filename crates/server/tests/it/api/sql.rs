//! SQL over HTTP: forms, errors before and after the first byte, clients that go.

use serde_json::{Value, json};
use telltale_meta::Scope;
use telltale_server::ports::Format;

use crate::support::{Behind, PIECE, TestServer, config, json as read};

async fn ask(server: &TestServer, query: &str, accept: &str) -> reqwest::Response {
    let request = server.post("/api/v1/sql").json(&json!({ "query": query }));
    request.header("accept", accept).send().await.unwrap()
}

#[tokio::test]
async fn the_form_is_asked_for_and_told() {
    let server = TestServer::open().await;
    for (accept, format, media) in [
        ("*/*", Format::Json, "application/json"),
        ("text/csv", Format::Csv, "text/csv; charset=utf-8; header=present"),
        (
            "application/vnd.apache.arrow.stream",
            Format::Arrow,
            "application/vnd.apache.arrow.stream",
        ),
    ] {
        let response = ask(&server, "pieces 1", accept).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], media);
        assert_eq!(response.headers()["vary"], "accept");
        assert_eq!(response.bytes().await.unwrap(), PIECE);
        assert_eq!(server.behind.queries.asked.lock().unwrap().pop().unwrap().2, format);
    }
}

#[tokio::test]
async fn an_answer_comes_whole_however_large() {
    let server = TestServer::open().await;
    for count in [0, 1, 26, 27, 1000] {
        let response = ask(&server, &format!("pieces {count}"), "*/*").await;
        assert_eq!(response.bytes().await.unwrap().len(), count * PIECE.len());
    }
}

#[tokio::test]
async fn parameters_and_the_project_are_passed_on() {
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Query).await;
    let server = TestServer::start(config(), behind).await.unwrap();
    let body = json!({ "query": "pieces 1", "params": ["x", 9_007_199_254_740_993_i64, null] });
    let request = server.post("/api/v1/sql").json(&body).header("x-api-key", key);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let (project, asked, _) = server.behind.queries.asked.lock().unwrap().pop().unwrap();
    assert_eq!(project, "shop");
    assert_eq!(asked.params, [json!("x"), json!(9_007_199_254_740_993_i64), Value::Null]);
}

#[tokio::test]
async fn an_error_before_the_first_rows_are_sent_is_a_problem() {
    let server = TestServer::open().await;
    for (query, status, detail) in [
        ("wrong", 400, "there is no column \"nmae\""),
        ("soon", 413, "memory is used up"),
        ("busy", 503, "all is in use"),
    ] {
        let (found, media, body) = read(ask(&server, query, "*/*").await).await;
        assert_eq!((found, media.as_str()), (status, "application/problem+json"), "{query}");
        assert_eq!(body["detail"], detail);
    }
}

#[tokio::test]
async fn an_answer_of_which_nothing_was_sent_begins_anew_once() {
    let server = TestServer::open().await;
    let response = ask(&server, "again 1", "*/*").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.bytes().await.unwrap().len(), 2 * PIECE.len());
    assert_eq!(server.behind.queries.asked.lock().unwrap().len(), 2);
    let (status, _, body) = read(ask(&server, "again 9", "*/*").await).await;
    assert_eq!((status, &body["detail"]), (500, &json!("file x was set aside")));
    assert_eq!(server.behind.queries.asked.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn an_error_after_that_breaks_the_answer_off() {
    let server = TestServer::open().await;
    for accept in ["application/json", "text/csv", "application/vnd.apache.arrow.stream"] {
        let response = ask(&server, "late", accept).await;
        assert_eq!(response.status(), 200);
        assert!(response.bytes().await.is_err(), "{accept}: half an answer passed for a whole one");
    }
}

#[tokio::test]
async fn the_work_stops_when_the_client_goes() {
    let server = TestServer::open().await;
    let response = ask(&server, "endless", "application/json").await;
    assert_eq!(response.status(), 200);
    drop(response);
    // Without cancellation this would wait for ever.
    server.behind.queries.dropped.notified().await;
    let metrics = server.get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("queries_total{kind=\"sql\",outcome=\"abandoned\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_the_work_up() {
    let server = TestServer::open().await;
    let response = ask(&server, "endless", "application/json").await;
    let produced = || server.behind.queries.produced.load(std::sync::atomic::Ordering::SeqCst);
    // Buffers of both sides fill, then nothing more is computed.
    let mut last = 0;
    while produced() != last {
        last = produced();
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert!(last < 10_000, "{last} pieces were made for nobody");
    drop(response);
}

#[tokio::test]
async fn a_request_that_is_not_as_described_is_refused_with_its_reason() {
    let server = TestServer::open().await;
    for (body, detail) in [
        ("", "EOF"),
        ("{\"query\": 1}", "expected a string"),
        ("{\"query\": \"x\", \"limit\": 1}", "unknown field `limit`"),
        ("{}", "missing field `query`"),
    ] {
        let request = server.post("/api/v1/sql").header("content-type", "application/json");
        let (status, _, problem) = read(request.body(body).send().await.unwrap()).await;
        assert_eq!(status, 400, "{body}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
    }
    let (status, _, problem) = read(ask(&server, "pieces 1", "text/html").await).await;
    assert_eq!((status, &problem["type"]), (406, &json!("urn:telltale:problem:not-acceptable")));
    let long = "x".repeat(2 << 20);
    assert_eq!(ask(&server, &long, "*/*").await.status(), 413);
    assert!(server.behind.queries.asked.lock().unwrap().is_empty());
}
