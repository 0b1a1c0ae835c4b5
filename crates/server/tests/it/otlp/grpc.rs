//! OTLP over gRPC, spoken by tonic's client and the generated messages.

use std::net::SocketAddr;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use telltale_base::{ErrorKind, Signal};
use telltale_meta::Scope;
use telltale_server::ports::{Encoding, Receipt, Refusal};
use telltale_server::{ServerConfig, ServerLimits};
use tonic::codec::CompressionEncoding;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::support::{Behind, TestServer, config};

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

async fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

fn spans(count: usize, name: &str) -> ExportTraceServiceRequest {
    let span = Span { name: name.to_owned(), ..Span::default() };
    let scope_spans = vec![ScopeSpans { spans: vec![span; count], ..ScopeSpans::default() }];
    let resource = ResourceSpans { scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource] }
}

fn has_retry_info(status: &Status) -> bool {
    let details = RpcStatus::decode(status.details()).unwrap();
    assert_eq!((details.code, details.message.as_str()), (status.code() as i32, status.message()));
    details.details.iter().any(|any| any.type_url.ends_with("google.rpc.RetryInfo"))
}

#[tokio::test]
async fn each_signal_arrives_on_each_port() {
    let server = TestServer::open().await;
    for port in [server.http, server.otlp_http, server.otlp_grpc] {
        let channel = channel(port).await;
        let request = spans(3, "a");
        TraceServiceClient::new(channel.clone()).export(request.clone()).await.unwrap();
        let seen = server.behind.exporter.seen().pop().unwrap();
        assert_eq!((seen.signal, seen.encoding), (Signal::Traces, Encoding::Protobuf));
        assert_eq!(ExportTraceServiceRequest::decode(seen.body).unwrap(), request);
        // Empty requests succeed, and nothing is to be stored.
        let logs = ExportLogsServiceRequest::default();
        let response = LogsServiceClient::new(channel.clone()).export(logs).await.unwrap();
        assert_eq!(response.into_inner().partial_success, None);
        let metrics = ExportMetricsServiceRequest::default();
        MetricsServiceClient::new(channel).export(metrics).await.unwrap();
    }
    assert_eq!(server.behind.exporter.seen().len(), 3);
}

#[tokio::test]
async fn every_coding_arrives_inflated() {
    let server = TestServer::open().await;
    let request = spans(1000, "the same name again and again");
    for coding in [None, Some(CompressionEncoding::Gzip), Some(CompressionEncoding::Zstd)] {
        let mut client = TraceServiceClient::new(channel(server.otlp_grpc).await);
        if let Some(coding) = coding {
            client = client.send_compressed(coding).accept_compressed(coding);
        }
        client.export(request.clone()).await.unwrap();
        let seen = server.behind.exporter.seen().pop().unwrap();
        assert_eq!(seen.body, request.encode_to_vec(), "{coding:?}");
    }
}

#[tokio::test]
async fn partial_success_is_told() {
    let server = TestServer::open().await;
    let message = Some("1 span with a zero id".to_owned());
    server.behind.exporter.answer(Ok(Receipt { rejected: 1, message }));
    let mut client = TraceServiceClient::new(channel(server.otlp_grpc).await);
    let partial = client.export(spans(2, "a")).await.unwrap().into_inner().partial_success.unwrap();
    assert_eq!(
        (partial.rejected_spans, partial.error_message.as_str()),
        (1, "1 span with a zero id")
    );
}

#[tokio::test]
async fn refusals_have_their_codes_and_only_pressure_invites_a_retry() {
    let server = TestServer::open().await;
    let mut client = TraceServiceClient::new(channel(server.otlp_grpc).await);
    for (kind, code, retry_info) in [
        (ErrorKind::Invalid, Code::InvalidArgument, false),
        (ErrorKind::TooLarge, Code::ResourceExhausted, false),
        (ErrorKind::Busy, Code::Unavailable, true),
        (ErrorKind::Cancelled, Code::DeadlineExceeded, false),
        (ErrorKind::Internal, Code::Internal, false),
    ] {
        let reason = "byte 7: not \"UTF-8\" (100 %, \u{e9})";
        server.behind.exporter.answer(Err(Refusal::new(kind, reason)));
        let status = client.export(spans(1, "a")).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (code, reason), "{kind:?}");
        assert_eq!(has_retry_info(&status), retry_info, "{kind:?}");
    }
    server.behind.exporter.answer(Err(Refusal::busy("full", Duration::from_secs(3))));
    let status = client.export(spans(1, "a")).await.unwrap_err();
    assert!(has_retry_info(&status));
}

#[tokio::test]
async fn a_message_over_the_limit_is_resource_exhausted_for_good() {
    let limits = ServerLimits { export_bytes_max: 10_000, ..ServerLimits::default() };
    let server = TestServer::with(ServerConfig { limits, ..config() }).await;
    let over = |bytes: usize| spans(1, &"x".repeat(bytes));
    for coding in [None, Some(CompressionEncoding::Gzip), Some(CompressionEncoding::Zstd)] {
        let mut client = TraceServiceClient::new(channel(server.otlp_grpc).await);
        if let Some(coding) = coding {
            client = client.send_compressed(coding);
        }
        client.export(over(9_900)).await.unwrap();
        for bytes in [10_000, 5_000_000] {
            let status = client.export(over(bytes)).await.unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted, "{coding:?} {bytes}: {status:?}");
            assert!(status.message().contains("larger than 10000 bytes"), "{status:?}");
            assert!(!has_retry_info(&status));
        }
        // The connection survives.
        client.export(over(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_is_asked_for_and_decides_the_project() {
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Ingest).await;
    let reader = behind.key("shop", Scope::Query).await;
    let server = TestServer::start(config(), behind).await.unwrap();
    let channel = channel(server.otlp_grpc).await;
    let export = async |name: &'static str, value: &str| {
        let mut request = Request::new(spans(1, "a"));
        request.metadata_mut().insert(name, value.parse().unwrap());
        TraceServiceClient::new(channel.clone()).export(request).await.map_err(|s| s.code())
    };
    assert_eq!(export("x-unrelated", "x").await.unwrap_err(), Code::Unauthenticated);
    assert_eq!(export("authorization", "Bearer tt_x").await.unwrap_err(), Code::Unauthenticated);
    assert_eq!(export("x-api-key", &reader).await.unwrap_err(), Code::PermissionDenied);
    assert!(server.behind.exporter.seen().is_empty());
    export("authorization", &format!("Bearer {key}")).await.unwrap();
    export("x-api-key", &key).await.unwrap();
    let projects: Vec<_> = server.behind.exporter.seen().into_iter().map(|e| e.project).collect();
    assert_eq!(projects, ["shop", "shop"]);
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let server = TestServer::open().await;
    for path in ["/opentelemetry.proto.collector.trace.v1.TraceService/Import", "/a.B/C"] {
        let mut client = tonic::client::Grpc::new(channel(server.otlp_grpc).await);
        client.ready().await.unwrap();
        let codec = tonic_codec::<ExportTraceServiceRequest>();
        let path = http::uri::PathAndQuery::from_static(path);
        let status = client.unary(Request::new(spans(1, "a")), path, codec).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    }
}

/// A codec of one message type in both directions.
fn tonic_codec<T: prost::Message + Default + 'static>() -> Codec<T> {
    Codec(std::marker::PhantomData)
}

struct Codec<T>(std::marker::PhantomData<T>);

impl<T: prost::Message + Default + 'static> tonic::codec::Codec for Codec<T> {
    type Encode = T;
    type Decode = T;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self(std::marker::PhantomData)
    }

    fn decoder(&mut self) -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<T: prost::Message + 'static> tonic::codec::Encoder for Codec<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, out: &mut tonic::codec::EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(out).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<T: prost::Message + Default + 'static> tonic::codec::Decoder for Codec<T> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, from: &mut tonic::codec::DecodeBuf<'_>) -> Result<Option<T>, Status> {
        T::decode(from).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

#[tokio::test]
async fn plain_http_on_a_grpc_path_is_told_so() {
    let server = TestServer::open().await;
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let response = server.post(path).body("x").send().await.unwrap();
    assert_eq!(response.status(), 415);
    let request = server.post(path).header("content-type", "application/grpc").body("x");
    assert_eq!(request.send().await.unwrap().status(), 426);
}

#[tokio::test]
async fn a_bug_is_internal_and_the_connection_goes_on() {
    let server = TestServer::open().await;
    let mut client = TraceServiceClient::new(channel(server.otlp_grpc).await);
    server.behind.exporter.panics.store(1, std::sync::atomic::Ordering::SeqCst);
    let status = client.export(spans(1, "a")).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    server.behind.exporter.panics.store(0, std::sync::atomic::Ordering::SeqCst);
    client.export(spans(1, "a")).await.unwrap();
}
