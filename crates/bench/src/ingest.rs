//! What storing spans costs: CPU, memory, disk and time to acknowledgement.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use telltale_base::UnixNanos;
use telltale_testkit::{GenConfig, Mix, OtlpGen};

use crate::client::{Coding, Export, Protocol};
use crate::load::{closed_loop, open_loop, quantile_ms};
use crate::process::Server;
use crate::say;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Spans of about 0.4 KB.
    Small,
    /// LLM spans of 2 to 12 KB.
    Llm,
    /// The same bytes under names that no rule knows: what they would cost if they were any spans.
    Unknown,
}

/// The generator of a kind of traffic, starting now.
pub(crate) fn generator(kind: Kind, seed: u64) -> Result<OtlpGen> {
    generator_with(kind, seed, GenConfig::default().spans_per_trace)
}

/// The same with traces of another size.
pub(crate) fn generator_with(
    kind: Kind,
    seed: u64,
    spans_per_trace: RangeInclusive<u64>,
) -> Result<OtlpGen> {
    let mix = match kind {
        Kind::Small => Mix::SmallSpans,
        Kind::Llm | Kind::Unknown => Mix::LlmSpans,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let start = UnixNanos(i64::try_from(now.as_nanos())?);
    let defaults = GenConfig::default();
    let config = GenConfig { mix, start, traces_per_second: 2_000.0, spans_per_trace, ..defaults };
    Ok(OtlpGen::new(seed, config))
}

/// Which combinations to measure; all by default.
#[derive(Clone, Debug, Args)]
pub(crate) struct IngestArgs {
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    #[arg(long, value_enum)]
    protocol: Option<Protocol>,
    #[arg(long, value_enum)]
    coding: Option<Coding>,
    /// Megabytes of bodies, before compression, in each measurement.
    #[arg(long, default_value_t = 400)]
    megabytes: usize,
    /// Spans in one export.
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// Connections that send at the same time.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Measure without fsync as well.
    #[arg(long)]
    no_fsync_too: bool,
}

struct Bodies {
    exports: Vec<Vec<u8>>,
    spans: usize,
    bytes: usize,
    /// Seconds of CPU that decoding them all with prost takes, here and now.
    prost_seconds: f64,
}

fn bodies(kind: Kind, seed: u64, args: &IngestArgs) -> Result<Bodies> {
    let mut generator = generator(kind, seed)?;
    let mut bodies = Vec::new();
    let mut bytes = 0;
    while bytes < args.megabytes * 1_000_000 {
        let mut body = generator.next_traces(args.batch);
        if kind == Kind::Unknown {
            rename(&mut body);
        }
        bytes += body.len();
        bodies.push(body);
    }
    let mut spans = 0;
    let start = thread_cpu_seconds()?;
    for body in &bodies {
        let request = ExportTraceServiceRequest::decode(body.as_slice())?;
        let scopes = request.resource_spans.iter().flat_map(|r| &r.scope_spans);
        spans += scopes.map(|s| s.spans.len()).sum::<usize>();
    }
    Ok(Bodies { exports: bodies, spans, bytes, prost_seconds: thread_cpu_seconds()? - start })
}

/// Gives AI attributes names of the same length that no rule knows.
fn rename(body: &mut [u8]) {
    let (known, unknown) = (b"gen_ai", b"any_ot");
    let places = body.windows(known.len()).enumerate().filter(|(_, bytes)| bytes == known);
    let places: Vec<usize> = places.map(|(place, _)| place).collect();
    for place in places {
        if let Some(name) = body.get_mut(place..place + known.len()) {
            name.copy_from_slice(unknown);
        }
    }
}

/// CPU time of this thread, at the resolution of the scheduler.
fn thread_cpu_seconds() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos: f64 = text.split_whitespace().next().context("schedstat")?.parse()?;
    Ok(nanos / 1e9)
}

/// Measures every combination asked for and prints one line each.
pub(crate) async fn run(binary: &Path, scratch: &Path, args: IngestArgs) -> Result<()> {
    let one = |kind| args.kind.is_none_or(|k| k == kind);
    say(
        "acked: until the last acknowledgement; all: until flushed and compaction is idle; per second of server CPU",
    );
    say(
        "kind   proto coding    fsync  spans/s acked  spans/s all  MB/s acked  MB/s all  x prost  peak MiB  B/span  ratio  p99 ms (half load)",
    );
    for kind in [Kind::Small, Kind::Llm, Kind::Unknown].into_iter().filter(|k| one(*k)) {
        let bodies = bodies(kind, 1, &args)?;
        for protocol in [Protocol::Grpc, Protocol::Http] {
            for coding in [Coding::Identity, Coding::Zstd, Coding::Gzip] {
                let wanted = args.protocol.is_none_or(|p| p == protocol)
                    && args.coding.is_none_or(|c| c == coding);
                if wanted {
                    measure(binary, scratch, &args, kind, (protocol, coding, true), &bodies)
                        .await?;
                    if args.no_fsync_too {
                        measure(binary, scratch, &args, kind, (protocol, coding, false), &bodies)
                            .await?;
                    }
                }
            }
        }
    }
    Ok(())
}

async fn measure(
    binary: &Path,
    scratch: &Path,
    args: &IngestArgs,
    kind: Kind,
    (protocol, coding, fsync): (Protocol, Coding, bool),
    bodies: &Bodies,
) -> Result<()> {
    let data = tempfile::tempdir_in(scratch)?;
    let variables = [
        ("TELLTALE_STORAGE_FLUSH_INTERVAL", "3s"),
        ("TELLTALE_STORAGE_FSYNC", if fsync { "true" } else { "false" }),
    ];
    let server = Server::start(binary, data.path(), &variables).await?;
    let prepare = |bodies: &[Vec<u8>]| -> Result<Vec<Export>> {
        bodies.iter().map(|body| Export::traces(protocol, coding, body)).collect()
    };
    let addr = match protocol {
        Protocol::Http => server.http,
        Protocol::Grpc => server.grpc,
    };
    let exports = prepare(&bodies.exports)?;
    let count = exports.len();
    let (idle_cpu, start) = (server.cpu_seconds()?, Instant::now());
    closed_loop(protocol, addr, args.connections, exports).await?;
    let (wall, acked) = (start.elapsed(), server.cpu_seconds()? - idle_cpu);
    server.wait_idle().await?;
    let all = server.cpu_seconds()? - idle_cpu;
    let (peak, stored) = (server.peak_mib()?, server.table_bytes("spans")?);
    let p99 =
        half_load(protocol, addr, coding, kind, args, wall * 2 / u32::try_from(count)?).await?;
    let (spans, megabytes) = (bodies.spans as f64, bodies.bytes as f64 / 1e6);
    say(&format!(
        "{kind:6} {protocol:5} {coding:9} {fsync:5} {:>14.0} {:>12.0} {:>11.1} {:>9.1} {:>8.2} {peak:>9.0} {:>7.1} {:>6.1} {p99:>8.1}",
        spans / acked,
        spans / all,
        megabytes / acked,
        megabytes / all,
        acked / bodies.prost_seconds,
        stored as f64 / spans,
        bodies.bytes as f64 / stored as f64,
        kind = format!("{kind:?}").to_lowercase(),
        protocol = format!("{protocol:?}").to_lowercase(),
        coding = format!("{coding:?}").to_lowercase(),
    ));
    server.stop()
}

/// Acknowledgement p99 in milliseconds at half the rate that the closed loop reached.
async fn half_load(
    protocol: Protocol,
    addr: std::net::SocketAddr,
    coding: Coding,
    kind: Kind,
    args: &IngestArgs,
    interval: Duration,
) -> Result<f64> {
    let seconds = 10.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let count = (seconds / interval.as_secs_f64()).ceil() as usize;
    let mut generator = generator(kind, 2)?;
    let exports = (0..count)
        .map(|_| Export::traces(protocol, coding, &generator.next_traces(args.batch)))
        .collect::<Result<Vec<_>>>()?;
    let latencies = open_loop(protocol, addr, args.connections, exports, interval).await?;
    Ok(quantile_ms(&latencies, 0.99))
}
