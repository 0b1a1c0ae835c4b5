//! The server over the real ingest, store and query engine: what goes in over OTLP comes out of the
//! API, durable and of one project only.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::ipc::reader::StreamReader;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use serde_json::{Value, json};
use telltale_base::{Clock, SystemClock};
use telltale_ingest::{Ingest, IngestConfig, Replay};
use telltale_ledger::Ledger;
use telltale_meta::Scope;
use telltale_query::{Engine, QueryConfig};
use telltale_server::{Ports, Server};
use telltale_store::{FrameDecoder, Store, StoreConfig};
use telltale_wal::{Fs, RealFs};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{Behind, config, json as read};

const TRACE: [u8; 16] = [7; 16];

struct Real {
    url: String,
    keys: [String; 2],
    client: reqwest::Client,
    _behind: Behind,
    _folder: TempDir,
}

impl Real {
    /// A server with projects `a` and `b` and an admin key of each.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let fs: Arc<dyn Fs> = Arc::new(RealFs);
        let replay = Arc::new(Replay::open(
            IngestConfig::default(),
            Arc::new(Forever),
            Arc::clone(&fs),
            folder.path().join("dedup.bin"),
        ));
        let decoder = Arc::clone(&replay) as Arc<dyn FrameDecoder>;
        let store_config = StoreConfig::new(folder.path());
        let store = Store::open(store_config, fs, Arc::clone(&clock), decoder).await.unwrap();
        let ingest = Ingest::new(
            replay,
            Arc::clone(&store),
            Arc::new(Ledger::builtin(Arc::clone(&clock))),
            clock,
        );
        let spill_dir = folder.path().join("spill");
        let query = QueryConfig { spill_dir, threads: 2, ..QueryConfig::default() };
        let engine = Engine::new(store, query).unwrap();
        let behind = Behind::new().await;
        let keys = [behind.key("a", Scope::Admin).await, behind.key("b", Scope::Admin).await];
        let ports = Ports { exporter: Arc::new(ingest), queries: engine, ..behind.ports() };
        let server = Server::bind(config(), ports).await.unwrap();
        let url = format!("http://{}", server.ports()[0].address);
        tokio::spawn(server.run(CancellationToken::new()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url, keys, client, _behind: behind, _folder: folder }
    }

    async fn export(&self, project: usize, path: &str, body: Vec<u8>) -> reqwest::Response {
        let request = self.client.post(format!("{}{path}", self.url)).body(body);
        let request = request.header("content-type", "application/x-protobuf");
        request.header("x-api-key", &self.keys[project]).send().await.unwrap()
    }

    async fn get(&self, project: usize, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}{path}", self.url));
        let response = request.header("x-api-key", &self.keys[project]).send().await.unwrap();
        let (status, _, value) = read(response).await;
        (status, value)
    }

    async fn sql(
        &self,
        project: usize,
        query: &str,
        params: Value,
        accept: &str,
    ) -> reqwest::Response {
        let body = json!({ "query": query, "params": params });
        let request = self.client.post(format!("{}/api/v1/sql", self.url)).json(&body);
        let request = request.header("x-api-key", &self.keys[project]).header("accept", accept);
        request.send().await.unwrap()
    }
}

#[derive(Debug)]
struct Forever;

impl telltale_ingest::RetentionPort for Forever {
    fn retention(
        &self,
        _project: &telltale_base::Project,
        _signal: telltale_base::Signal,
    ) -> Option<std::time::Duration> {
        None
    }
}

fn attribute(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Any::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn span(id: u8, parent: u8, name: &str) -> Span {
    Span {
        trace_id: TRACE.to_vec(),
        span_id: vec![id; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        name: name.to_owned(),
        start_time_unix_nano: 1_700_000_000_000_000_000 + u64::from(id),
        end_time_unix_nano: 1_700_000_000_000_001_000 + u64::from(id),
        attributes: vec![attribute("gen_ai.request.model", "m-1")],
        ..Span::default()
    }
}

fn traces(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource =
        Resource { attributes: vec![attribute("service.name", "shop")], ..Resource::default() };
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

/// A root, a child that failed, and an orphan.
fn three() -> ExportTraceServiceRequest {
    let failed = Status { code: StatusCode::Error as i32, message: "no model".to_owned() };
    let child = Span { status: Some(failed), ..span(2, 1, "chat") };
    traces(vec![span(1, 0, "POST /ask"), child, span(3, 9, "lost")])
}

#[tokio::test]
async fn spans_are_found_as_soon_as_they_are_acknowledged() {
    let real = Real::new().await;
    let response = real.export(0, "/v1/traces", three().encode_to_vec()).await;
    assert_eq!((response.status().as_u16(), response.bytes().await.unwrap().len()), (200, 0));
    let query = "SELECT name, attributes ->> 'gen_ai.request.model' AS model FROM spans \
        WHERE service_name = $1 ORDER BY start_unix_nano";
    let response = real.sql(0, query, json!(["shop"]), "application/json").await;
    let (status, _, answer) = read(response).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["rows"], json!([["POST /ask", "m-1"], ["chat", "m-1"], ["lost", "m-1"]]));
    assert_eq!((&answer["row_count"], &answer["truncated"]), (&json!(3), &json!(false)));
    let csv = real.sql(0, "SELECT count(*) AS n FROM spans", json!([]), "text/csv").await;
    assert_eq!(csv.text().await.unwrap(), "n\r\n3\r\n");
    let accept = "application/vnd.apache.arrow.stream";
    let arrow = real.sql(0, "SELECT trace_id FROM spans LIMIT 1", json!([]), accept).await;
    let bytes = arrow.bytes().await.unwrap();
    let batch = StreamReader::try_new(&*bytes, None).unwrap().next().unwrap().unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "07".repeat(16));
}

#[tokio::test]
async fn a_trace_is_searched_and_shown_as_a_tree() {
    let real = Real::new().await;
    real.export(0, "/v1/traces", three().encode_to_vec()).await;
    let (status, page) = real.get(0, "/api/v1/traces?service=shop&status=error").await;
    assert_eq!(status, 200, "{page}");
    let found = &page["traces"][0];
    assert_eq!((&found["name"], &found["span_count"]), (&json!("POST /ask"), &json!(3)));
    let id = found["trace_id"].as_str().unwrap();
    let (_, page) = real.get(0, "/api/v1/traces?attribute=gen_ai.request.model=m-2").await;
    assert_eq!(page["traces"], json!([]));
    let (status, view) = real.get(0, &format!("/api/v1/traces/{id}?detail=full")).await;
    assert_eq!(status, 200, "{view}");
    assert_eq!((&view["span_count"], &view["error_count"]), (&json!(3), &json!(1)));
    assert_eq!(view["start_unix_nano"], "1700000000000000001");
    let shape = |span: &Value| json!([span["name"], span["depth"], span["orphan"]]);
    let spans: Vec<Value> = view["spans"].as_array().unwrap().iter().map(shape).collect();
    assert_eq!(
        spans,
        [json!(["POST /ask", 0, false]), json!(["chat", 1, false]), json!(["lost", 0, true])]
    );
    let chat = &view["spans"][1];
    assert_eq!(
        (&chat["status_code"], &chat["status_message"]),
        (&json!("error"), &json!("no model"))
    );
    assert_eq!(chat["attributes"]["gen_ai.request.model"], "m-1");
    assert_eq!(view["spans"][2]["missing_parent"], "09".repeat(8));
}

#[tokio::test]
async fn a_project_sees_nothing_of_another() {
    let real = Real::new().await;
    real.export(0, "/v1/traces", three().encode_to_vec()).await;
    let id = telltale_base::hex(&TRACE);
    assert_eq!(real.get(1, &format!("/api/v1/traces/{id}")).await.0, 404);
    assert_eq!(real.get(1, "/api/v1/traces").await.1["traces"], json!([]));
    assert_eq!(real.get(1, "/api/v1/attributes").await.1["keys"], json!([]));
    for query in [
        "SELECT count(*) FROM spans",
        "SELECT count(*) FROM spans WHERE project = 'a'",
        "SELECT count(*) FROM spans WHERE true OR project = 'a'",
    ] {
        let (_, _, answer) = read(real.sql(1, query, json!([]), "*/*").await).await;
        assert_eq!(answer["rows"], json!([[0]]), "{query}");
    }
    let (_, own) = real.get(0, "/api/v1/attributes?prefix=gen_ai").await;
    assert_eq!(
        (&own["keys"][0]["key"], &own["keys"][0]["count"]),
        (&json!("gen_ai.request.model"), &json!(3))
    );
}

#[tokio::test]
async fn what_writes_or_makes_no_sense_is_refused() {
    let real = Real::new().await;
    for (query, expect) in [
        ("DROP TABLE spans", 403),
        ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'", 403),
        ("COPY spans TO '/tmp/x.csv'", 403),
        ("SELECT nmae FROM spans", 400),
        ("SELECT 1; SELECT 2", 400),
        ("SELECT name FROM", 400),
    ] {
        let (status, media, problem) = read(real.sql(0, query, json!([]), "*/*").await).await;
        assert_eq!(status, expect, "{query}: {problem}");
        assert_eq!(media, "application/problem+json");
    }
    let (status, _, problem) = read(real.sql(0, "SELECT $1", json!([]), "*/*").await).await;
    assert_eq!(status, 400, "{problem}");
    assert_eq!(real.get(0, "/api/v1/attributes?table=nothing").await.0, 400);
}

#[tokio::test]
async fn a_malformed_body_is_400_and_a_bad_record_costs_only_itself() {
    let real = Real::new().await;
    let response = real.export(0, "/v1/traces", b"\xff\xff\xff".to_vec()).await;
    assert_eq!(response.status(), 400);
    let bad = Span { trace_id: vec![0; 16], ..span(4, 0, "zero") };
    let body = traces(vec![span(1, 0, "good"), bad]).encode_to_vec();
    let response = real.export(0, "/v1/traces", body).await;
    assert_eq!(response.status(), 200);
    assert!(!response.bytes().await.unwrap().is_empty(), "partial success is told");
    let answer = real.sql(0, "SELECT name FROM spans", json!([]), "*/*").await;
    assert_eq!(read(answer).await.2["rows"], json!([["good"]]));
}

/// Scenario: the answer to an export of which records were refused, some or all, is lost, so the
/// client sends it again. Guarantees: it hears the same again.
#[tokio::test]
async fn a_retry_hears_what_was_refused() {
    let real = Real::new().await;
    let bad = |id| Span { trace_id: vec![0; 16], ..span(id, 0, "zero") };
    for spans in [vec![span(1, 0, "good"), bad(4), bad(5)], vec![bad(6)]] {
        let body = traces(spans).encode_to_vec();
        let first = real.export(0, "/v1/traces", body.clone()).await.bytes().await.unwrap();
        assert!(!first.is_empty());
        let again = real.export(0, "/v1/traces", body).await.bytes().await.unwrap();
        assert_eq!(again, first);
    }
}

#[tokio::test]
async fn a_retry_is_stored_once_over_either_transport() {
    let real = Real::new().await;
    let record = LogRecord {
        time_unix_nano: 1_700_000_000_000_000_000,
        body: Some(AnyValue { value: Some(Any::StringValue("hello".to_owned())) }),
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
    let body = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
    for _ in 0..3 {
        assert_eq!(real.export(0, "/v1/logs", body.clone()).await.status(), 200);
    }
    let answer = real.sql(0, "SELECT count(*) FROM logs", json!([]), "*/*").await;
    assert_eq!(read(answer).await.2["rows"], json!([[1]]));
    real.export(0, "/v1/traces", three().encode_to_vec()).await;
    let mut client = TraceServiceClient::connect(real.url.clone()).await.unwrap();
    let mut request = tonic::Request::new(three());
    request.metadata_mut().insert("x-api-key", real.keys[0].parse().unwrap());
    client.export(request).await.unwrap();
    let answer = real.sql(0, "SELECT count(*) FROM spans", json!([]), "*/*").await;
    assert_eq!(read(answer).await.2["rows"], json!([[3]]));
}

#[tokio::test]
async fn the_schema_is_that_of_the_tables() {
    let real = Real::new().await;
    let (_, schema) = real.get(0, "/api/v1/schema").await;
    let names: Vec<_> = schema["tables"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert_eq!(names, ["spans", "logs", "metrics", "histograms", "calls"]);
    let columns = schema["tables"][0]["columns"].as_array().unwrap();
    let trace_id = columns.iter().find(|column| column["name"] == "trace_id").unwrap();
    assert_eq!(trace_id["type"], "text");
}
