//! Refusals behind the server and what clients of each transport hear.

use std::time::Duration;

use prost::Message as _;
use telltale_base::ErrorKind;
use telltale_server::ports::Refusal;

use crate::support::TestServer;

#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// Kind, HTTP status, gRPC code in the body, whether OTLP clients may try again.
const TABLE: [(ErrorKind, u16, i32, bool); 6] = [
    (ErrorKind::Invalid, 400, 3, false),
    (ErrorKind::TooLarge, 413, 8, false),
    (ErrorKind::Busy, 503, 14, true),
    (ErrorKind::Cancelled, 504, 4, true),
    (ErrorKind::Internal, 500, 13, false),
    (ErrorKind::Corrupt, 500, 13, false),
];

#[tokio::test]
async fn protobuf_and_json_hear_the_same() {
    let server = TestServer::open().await;
    for (kind, http, code, retryable) in TABLE {
        for media in ["application/x-protobuf", "application/json"] {
            server.behind.exporter.answer(Err(Refusal::new(kind, "field 3: not a span")));
            let request = server.post("/v1/traces").header("content-type", media).body("x");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), http, "{kind:?}");
            assert_eq!(response.headers()["content-type"], media);
            assert_eq!(matches!(http, 429 | 502..=504), retryable, "{kind:?}");
            assert_eq!(response.headers().contains_key("retry-after"), http == 503, "{kind:?}");
            let body = response.bytes().await.unwrap();
            let status = if media == "application/json" {
                let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
                let code = i32::try_from(value["code"].as_i64().unwrap()).unwrap();
                Status { code, message: value["message"].as_str().unwrap().to_owned() }
            } else {
                Status::decode(body).unwrap()
            };
            assert_eq!(status, Status { code, message: "field 3: not a span".to_owned() });
        }
    }
}

#[tokio::test]
async fn the_wait_is_rounded_up_to_seconds() {
    let server = TestServer::open().await;
    for (wait, expect) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (90_000, "90")] {
        let busy = Refusal::busy("full", Duration::from_millis(wait));
        server.behind.exporter.answer(Err(busy));
        let response = server.export("x").send().await.unwrap();
        assert_eq!(response.headers()["retry-after"], expect, "{wait} ms");
    }
}

#[tokio::test]
async fn refusals_before_the_body_speak_otlp_too() {
    let server = TestServer::open().await;
    let request = server.post("/v1/traces").header("content-type", "application/json");
    let response = request.header("host", "evil.example").body("{}").send().await.unwrap();
    assert_eq!(response.status(), 403);
    let value: serde_json::Value = response.json().await.unwrap();
    assert_eq!(value["code"], 7);
}

#[tokio::test]
async fn a_long_reason_is_cut_at_a_character() {
    let server = TestServer::open().await;
    let long = format!("x{}", "\u{e9}".repeat(1000));
    server.behind.exporter.answer(Err(Refusal::new(ErrorKind::Invalid, long)));
    let body = server.export("x").send().await.unwrap().bytes().await.unwrap();
    let message = Status::decode(body).unwrap().message;
    assert!(message.len() <= 1028 && message.ends_with("\u{e9} ..."), "{}", message.len());
}
