//! OTLP over HTTP: what arrives behind the server, and what the client hears.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use rstest::rstest;
use telltale_base::Signal;
use telltale_server::ports::{Encoding, Receipt};

use crate::support::{Exported, TestServer};

#[rstest]
#[case("/v1/traces", Signal::Traces)]
#[case("/v1/logs", Signal::Logs)]
#[case("/v1/metrics", Signal::Metrics)]
#[tokio::test]
async fn each_signal_arrives_on_each_port(#[case] path: &str, #[case] signal: Signal) {
    let server = TestServer::open().await;
    for port in [server.http, server.otlp_http, server.otlp_grpc] {
        for (media, encoding) in [
            ("application/x-protobuf", Encoding::Protobuf),
            ("application/json", Encoding::Json),
            ("application/json; charset=utf-8", Encoding::Json),
        ] {
            let url = format!("http://{port}{path}");
            let request = server.client.post(url).header("content-type", media).body("body");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200);
            let answered = response.headers()["content-type"].to_str().unwrap().to_owned();
            assert!(media.starts_with(&answered), "{media} was answered with {answered}");
            let body = response.bytes().await.unwrap();
            assert_eq!(body, if encoding == Encoding::Json { "{}" } else { "" });
            let body = Bytes::from("body");
            let expect = Exported { project: "default".to_owned(), signal, encoding, body };
            assert_eq!(server.behind.exporter.seen().pop(), Some(expect));
        }
    }
}

#[tokio::test]
async fn partial_success_is_told_in_the_encoding_of_the_request() {
    let server = TestServer::open().await;
    let receipt = Receipt { rejected: 2, message: Some("2 spans without id".to_owned()) };
    server.behind.exporter.answer(Ok(receipt.clone()));
    server.behind.exporter.answer(Ok(receipt));
    let response = server.export("x").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let body = ExportTraceServiceResponse::decode(response.bytes().await.unwrap()).unwrap();
    assert_eq!(body.partial_success.unwrap().rejected_spans, 2);
    let request = server.post("/v1/logs").header("content-type", "application/json").body("{}");
    let body = request.send().await.unwrap().text().await.unwrap();
    assert_eq!(
        body,
        r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"2 spans without id"}}"#
    );
}

#[tokio::test]
async fn an_empty_body_succeeds_without_an_export() {
    let server = TestServer::open().await;
    for coding in ["identity", "gzip", "zstd"] {
        let request = server.export("").header("content-encoding", coding);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{coding}");
        assert_eq!(response.bytes().await.unwrap().len(), 0);
    }
    assert_eq!(server.behind.exporter.seen(), []);
}

#[tokio::test]
async fn many_exports_share_a_connection() {
    let server = TestServer::open().await;
    for n in 0..50 {
        let response = server.export(format!("body {n}")).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(server.behind.exporter.seen().len(), 50);
}
