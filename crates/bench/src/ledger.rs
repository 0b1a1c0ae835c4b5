//! What asking the token ledger costs: many calls, then some of them corrected by late reports.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::Args;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use serde_json::json;

use crate::client::{Coding, Connection, Export, Protocol};
use crate::load::closed_loop;
use crate::process::Server;
use crate::query::times;
use crate::say;

/// How many calls.
#[derive(Clone, Debug, Args)]
pub(crate) struct LedgerArgs {
    /// Calls to store first.
    #[arg(long, default_value_t = 10_000_000)]
    calls: usize,
    /// One call in this many is corrected by a late report.
    #[arg(long, default_value_t = 100)]
    corrected_one_in: usize,
    /// Runs of each query after a warm-up; the median is printed.
    #[arg(long, default_value_t = 7)]
    runs: usize,
}

const MODELS: [(&str, &str); 6] = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini"),
    ("openai", "o3"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-3-5-haiku-latest"),
    ("gcp.gemini", "gemini-2.5-pro"),
];

const DAYS: u64 = 28;
const DAY_NS: u64 = 86_400_000_000_000;
/// Time between calls: ten million fill the days.
const STEP_NS: u64 = DAYS * DAY_NS / 10_000_000;

/// Calls in one export, so that late reports find theirs by number.
const BATCH: usize = 1_000;

const QUERIES: [(&str, &str); 2] = [
    (
        "cost by model and day",
        "SELECT model, date, sum(cost_nano_usd) AS cost, sum(input_tokens) AS input, sum(output_tokens) AS output, count(*) AS n FROM calls GROUP BY model, date ORDER BY date, cost DESC",
    ),
    (
        "tokens by service and model",
        "SELECT service_name, model, sum(input_tokens) AS input, count(*) AS n FROM calls GROUP BY service_name, model ORDER BY input DESC",
    ),
];

/// Stores the calls, asks, corrects some, and asks again.
pub(crate) async fn run(binary: &Path, scratch: &Path, args: LedgerArgs) -> Result<()> {
    let variables =
        [("TELLTALE_STORAGE_FOLD_INTERVAL", "1d"), ("TELLTALE_STORAGE_FLUSH_INTERVAL", "3s")];
    let server = Server::start(binary, &scratch.join("ledger"), &variables).await?;
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
    let before = server.cpu_seconds()?;
    let exports = args.calls.div_ceil(BATCH);
    send(&server, 0..exports, |number| calls(number, now)).await?;
    server.wait_idle().await?;
    let cpu = server.cpu_seconds()? - before;
    let stored = exports * BATCH;
    say(&format!(
        "{stored} calls stored: {:.0} a second of server CPU, {:.1} bytes a row of calls",
        stored as f64 / cpu,
        server.table_bytes("calls")? as f64 / stored as f64,
    ));
    let mut connection = Connection::http(server.http).await?;
    let plain = ask(&args, &mut connection).await?;
    let late = exports.div_ceil(args.corrected_one_in);
    send(&server, 0..late, |number| late_reports(number * args.corrected_one_in, now)).await?;
    let corrected = ask(&args, &mut connection).await?;
    for ((name, _), (plain, corrected)) in QUERIES.iter().zip(plain.into_iter().zip(corrected)) {
        say(&format!(
            "{name}: {plain:.1} ms, with one call in {} corrected {corrected:.1} ms, ratio {:.2}",
            args.corrected_one_in,
            corrected / plain
        ));
    }
    drop(connection);
    server.stop()
}

async fn ask(args: &LedgerArgs, connection: &mut Connection) -> Result<Vec<f64>> {
    let mut medians = Vec::new();
    for (_, sql) in QUERIES {
        let body = json!({ "query": sql });
        let median = times(args.runs, connection, |connection, _| {
            let body = body.clone();
            Box::pin(async move { connection.post_json("/api/v1/sql", &body).await })
        });
        medians.push(median.await?);
    }
    Ok(medians)
}

async fn send(
    server: &Server,
    numbers: std::ops::Range<usize>,
    body: impl Fn(usize) -> ExportTraceServiceRequest,
) -> Result<()> {
    let numbers: Vec<usize> = numbers.collect();
    for some in numbers.chunks(50) {
        let exports = some.iter().map(|number| {
            Export::traces(Protocol::Http, Coding::Identity, &body(*number).encode_to_vec())
        });
        let exports = exports.collect::<Result<Vec<_>>>()?;
        closed_loop(Protocol::Http, server.http, 4, exports).await?;
    }
    Ok(())
}

/// A spread of numbers that looks like chance and is not.
fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn export(number: usize, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let service = format!("service-{}", number % 20);
    let resource =
        Resource { attributes: vec![text("service.name", service)], ..Default::default() };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans { spans, ..Default::default() }],
            ..Default::default()
        }],
    }
}

/// The calls of one export; all of them are spread over a month.
fn calls(number: usize, now: u64) -> ExportTraceServiceRequest {
    let span = |place: usize| {
        let call = (number * BATCH + place) as u64;
        call_span(call, now, 1, 0, None)
    };
    export(number, (0..BATCH).map(span).collect())
}

/// Spans within the calls of one export that know of reasoning, which the calls did not say.
fn late_reports(number: usize, now: u64) -> ExportTraceServiceRequest {
    let span = |place: usize| {
        let call = (number * BATCH + place) as u64;
        call_span(call, now, 2, 1, Some(1 + call % 50))
    };
    export(number, (0..BATCH).map(span).collect())
}

fn call_span(call: u64, now: u64, span: u64, parent: u64, reasoning: Option<u64>) -> Span {
    let seed = mix(call);
    let (provider, model) =
        MODELS.get(usize::try_from(seed % 6).unwrap_or(0)).unwrap_or(&MODELS[0]);
    let start = now - (DAYS + 1) * DAY_NS + call * STEP_NS;
    let mut attributes = vec![
        text("gen_ai.operation.name", "chat".to_owned()),
        text("gen_ai.provider.name", (*provider).to_owned()),
        text("gen_ai.request.model", (*model).to_owned()),
        text("gen_ai.response.model", (*model).to_owned()),
        text("gen_ai.response.id", format!("chatcmpl-{seed:016x}{call:016x}")),
        int("gen_ai.usage.input_tokens", 200 + seed % 4_000),
        int("gen_ai.usage.output_tokens", 100 + seed % 700),
    ];
    attributes.extend(reasoning.map(|count| int("gen_ai.usage.reasoning.output_tokens", count)));
    Span {
        trace_id: [seed.to_be_bytes(), (call + 1).to_be_bytes()].concat(),
        span_id: span.to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 { Vec::new() } else { parent.to_be_bytes().to_vec() },
        name: format!("chat {model}"),
        kind: 3,
        start_time_unix_nano: start + span,
        end_time_unix_nano: start + 1_000_000_000 + seed % 1_000_000_000 - span,
        attributes,
        ..Default::default()
    }
}

fn text(key: &str, value: String) -> KeyValue {
    attribute(key, Value::StringValue(value))
}

fn int(key: &str, value: u64) -> KeyValue {
    attribute(key, Value::IntValue(value.cast_signed()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    let value = Some(AnyValue { value: Some(value) });
    KeyValue { key: key.to_owned(), value, ..Default::default() }
}
