//! What asking costs with many spans stored, against `DuckDB` on the same files.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use serde_json::{Value, json};

use crate::client::{Coding, Connection, Export, Protocol};
use crate::ingest::{Kind, generator, generator_with};
use crate::load::{closed_loop, quantile_ms};
use crate::process::Server;
use crate::say;

/// Spans of the one huge trace.
const HUGE_TRACE_SPANS: usize = 100_000;

/// Which data to ask.
#[derive(Clone, Debug, Args)]
pub(crate) struct QueryArgs {
    /// Spans to store first.
    #[arg(long, default_value_t = 10_000_000)]
    spans: usize,
    /// Python with `duckdb` installed, to compare with; none compares with nothing.
    #[arg(long)]
    python: Option<PathBuf>,
    /// The script that runs a query in `DuckDB`.
    #[arg(long, default_value = "crates/bench/duckdb_times.py")]
    script: PathBuf,
    /// Runs of each query after a warm-up; the median is printed.
    #[arg(long, default_value_t = 7)]
    runs: usize,
}

/// Queries asked of both engines. `spans` is the table in both.
const QUERIES: [(&str, &str); 6] = [
    (
        "group-by",
        "SELECT service_name, name, count(*) AS n, avg(duration_ns) AS d FROM spans GROUP BY service_name, name ORDER BY n DESC",
    ),
    (
        "time buckets",
        "SELECT date_trunc('minute', start_time) AS m, service_name, count(*) AS n FROM spans GROUP BY 1, 2 ORDER BY 1, 2",
    ),
    (
        "percentiles",
        "SELECT service_name, approx_percentile_cont(duration_ns, 0.5) AS p50, approx_percentile_cont(duration_ns, 0.99) AS p99 FROM spans GROUP BY service_name ORDER BY 1",
    ),
    (
        "filtered top 50",
        "SELECT name, start_time, duration_ns FROM spans WHERE status_code = 'error' AND duration_ns > 100000000 ORDER BY start_time DESC LIMIT 50",
    ),
    (
        "service search",
        "SELECT name, start_time, duration_ns FROM spans WHERE service_name = 'billing' AND status_code = 'error' ORDER BY start_time DESC LIMIT 50",
    ),
    ("count", "SELECT count(*) AS n, sum(duration_ns) AS d FROM spans"),
];

/// Stores the spans, asks, and prints one line a query.
pub(crate) async fn run(binary: &Path, scratch: &Path, args: QueryArgs) -> Result<()> {
    let data = scratch.join("query");
    let server = Server::start(binary, &data, &[]).await?;
    fill(&server, args.spans).await?;
    server.stop()?;
    let start = Instant::now();
    let server = Server::start(binary, &data, &[]).await?;
    say(&format!(
        "start to ready with {} spans stored: {:.2} s",
        args.spans,
        start.elapsed().as_secs_f64()
    ));
    server.wait_idle().await?;
    let mut connection = Connection::http(server.http).await?;
    let trace = one_trace_id(&mut connection).await?;
    let by_id = first_page(args.runs, &mut connection, &trace).await?;
    say(&format!("trace by id: {by_id:.1} ms"));
    let huge = send_huge_trace(&server).await?;
    let in_memory = first_page(args.runs, &mut connection, &huge).await?;
    let searches = [
        ("multi-filter search", "service=billing&status=error&min_duration_ns=1000000&limit=50"),
        ("attribute search", "attribute=http.request.method%3DPOST&service=billing&limit=50"),
    ];
    for (name, query) in searches {
        let ms = times(args.runs, &mut connection, |c, _| {
            let path = format!("/api/v1/traces?{query}");
            Box::pin(async move { c.get(&path).await })
        })
        .await?;
        say(&format!("{name}: {ms:.1} ms"));
    }
    for (name, sql) in QUERIES {
        let body = json!({ "query": sql });
        let ours = times(args.runs, &mut connection, |c, _| {
            let body = body.clone();
            Box::pin(async move { c.post_json("/api/v1/sql", &body).await })
        })
        .await?;
        let line = match &args.python {
            None => format!("{name}: {ours:.1} ms"),
            Some(python) => {
                let theirs = duckdb(python, &args.script, &data, sql, args.runs)?;
                format!("{name}: {ours:.1} ms, DuckDB {theirs:.1} ms, ratio {:.2}", ours / theirs)
            }
        };
        say(&line);
    }
    drop(connection);
    server.stop()?;
    // A stop writes what is in memory to files.
    let server = Server::start(binary, &data, &[]).await?;
    let mut connection = Connection::http(server.http).await?;
    let in_files = first_page(args.runs, &mut connection, &huge).await?;
    say(&format!(
        "first page of a trace of {HUGE_TRACE_SPANS} spans: in memory {in_memory:.1} ms, in files {in_files:.1} ms"
    ));
    server.stop()
}

/// Median milliseconds until the first page of a trace has arrived.
async fn first_page(runs: usize, connection: &mut Connection, trace: &str) -> Result<f64> {
    times(runs, connection, |c, _| {
        let path = format!("/api/v1/traces/{trace}");
        Box::pin(async move { c.get(&path).await })
    })
    .await
}

/// Stores one trace of `HUGE_TRACE_SPANS` spans; answers its id in hex.
async fn send_huge_trace(server: &Server) -> Result<String> {
    let size = u64::try_from(HUGE_TRACE_SPANS)?;
    let mut generator = generator_with(Kind::Small, 13, size..=size)?;
    let bodies: Vec<Vec<u8>> =
        (0..HUGE_TRACE_SPANS / 2_000).map(|_| generator.next_traces(2_000)).collect();
    let first = bodies.first().context("no export of the trace")?;
    let request = ExportTraceServiceRequest::decode(first.as_slice())?;
    let scopes = request.resource_spans.iter().flat_map(|r| &r.scope_spans);
    let span = scopes.flat_map(|s| &s.spans).next().context("an export without spans")?;
    let id = telltale_base::hex(&span.trace_id);
    let exports = bodies
        .iter()
        .map(|body| Export::traces(Protocol::Http, Coding::Identity, body))
        .collect::<Result<Vec<_>>>()?;
    closed_loop(Protocol::Http, server.http, 4, exports).await?;
    Ok(id)
}

async fn fill(server: &Server, spans: usize) -> Result<()> {
    let mut generator = generator(Kind::Small, 11)?;
    let (batch, chunk) = (2_000, 100);
    for _ in 0..spans.div_ceil(batch * chunk) {
        let exports = (0..chunk)
            .map(|_| {
                Export::traces(Protocol::Http, Coding::Identity, &generator.next_traces(batch))
            })
            .collect::<Result<Vec<_>>>()?;
        closed_loop(Protocol::Http, server.http, 4, exports).await?;
    }
    Ok(())
}

async fn one_trace_id(connection: &mut Connection) -> Result<String> {
    let body = json!({ "query": "SELECT trace_id FROM spans ORDER BY trace_id LIMIT 1" });
    let (status, answer) = connection.post_json("/api/v1/sql", &body).await?;
    ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(&answer));
    let answer: Value = serde_json::from_slice(&answer)?;
    let cell = answer.pointer("/rows/0/0").and_then(Value::as_str);
    Ok(cell.context("no spans are stored")?.to_owned())
}

pub(crate) type Answer<'a> =
    std::pin::Pin<Box<dyn Future<Output = Result<(u16, bytes::Bytes)>> + 'a>>;

/// Median milliseconds of a request over some runs, after one to warm up.
pub(crate) async fn times(
    runs: usize,
    connection: &mut Connection,
    mut ask: impl for<'a> FnMut(&'a mut Connection, usize) -> Answer<'a>,
) -> Result<f64> {
    let mut durations: Vec<Duration> = Vec::new();
    for run in 0..=runs {
        let start = Instant::now();
        let (status, answer) = ask(connection, run).await?;
        ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(&answer));
        if run > 0 {
            durations.push(start.elapsed());
        }
    }
    Ok(quantile_ms(&durations, 0.5))
}

/// Median milliseconds of the same query in `DuckDB` over the Parquet files of the same table.
fn duckdb(python: &Path, script: &Path, data: &Path, sql: &str, runs: usize) -> Result<f64> {
    let threads = std::thread::available_parallelism()?.to_string();
    let output = Command::new(python)
        .arg(script)
        .arg(data.join("tables/spans"))
        .args([sql, &runs.to_string(), &threads])
        .output()?;
    ensure!(output.status.success(), "DuckDB: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
