//! Memory under steady load: it must be flat.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;

use crate::client::{Coding, Export, Protocol};
use crate::ingest::{Kind, generator};
use crate::load::{open_loop, quantile_ms};
use crate::process::Server;
use crate::say;

/// Steady load.
#[derive(Clone, Debug, Args)]
pub(crate) struct SoakArgs {
    /// How long, in minutes.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Spans a second.
    #[arg(long, default_value_t = 50_000)]
    rate: usize,
    /// Spans in one export.
    #[arg(long, default_value_t = 500)]
    batch: usize,
}

/// Runs the load and prints resident memory each minute and its growth over the second half.
pub(crate) async fn run(binary: &Path, scratch: &Path, args: SoakArgs) -> Result<()> {
    let server = Server::start(binary, &scratch.join("soak"), &[]).await?;
    say(&format!("idle memory {:.0} MiB", server.resident_mib()?));
    let mut generator = generator(Kind::Small, 7)?;
    let interval = Duration::from_secs_f64(args.batch as f64 / args.rate as f64);
    let exports_a_slice = args.rate * 5 / args.batch;
    let mut readings = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(args.minutes * 60) {
        let exports = (0..exports_a_slice)
            .map(|_| {
                Export::traces(Protocol::Grpc, Coding::Identity, &generator.next_traces(args.batch))
            })
            .collect::<Result<Vec<_>>>()?;
        let latencies = open_loop(Protocol::Grpc, server.grpc, 4, exports, interval).await?;
        let memory = server.resident_mib()?;
        readings.push(memory);
        if readings.len().is_multiple_of(12) {
            say(&format!(
                "{:5.1} min  memory {memory:6.0} MiB  ack p99 {:6.1} ms",
                start.elapsed().as_secs_f64() / 60.0,
                quantile_ms(&latencies, 0.99)
            ));
        }
    }
    ensure!(readings.len() >= 4, "the run was too short to judge");
    let (first, second) = readings.split_at(readings.len() / 2);
    let peak = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
    say(&format!(
        "peak memory: first half {:.0} MiB, second half {:.0} MiB",
        peak(first),
        peak(second)
    ));
    server.stop()
}
