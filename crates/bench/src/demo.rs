//! Agent and RAG traffic to a running server, as if an application had run for an hour and went on
//! running. For looking around, not for measuring.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use telltale_base::UnixNanos;
use telltale_testkit::{GenConfig, OtlpGen};

use crate::client::Connection;
use crate::say;

/// Spans of one export, about what an SDK's batch has.
const BATCH_SPANS: usize = 64;

/// Where the traffic goes.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// Address of the running server.
    #[arg(long, default_value = "127.0.0.1:7070")]
    to: SocketAddr,
    /// API key, once the server has keys.
    #[arg(long, env = "TELLTALE_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Minutes of the past to fill in first.
    #[arg(long, default_value_t = 60)]
    past_minutes: u64,
    /// Seconds to go on after that; until stopped by default.
    #[arg(long)]
    seconds: Option<u64>,
    /// Mean seconds between two traces.
    #[arg(long, default_value_t = 2.0)]
    every_seconds: f64,
}

/// Sends until the time is over or the process is stopped.
pub(crate) async fn run(args: DemoArgs) -> Result<()> {
    let between = Duration::try_from_secs_f64(args.every_seconds).context("--every-seconds")?;
    let past = Duration::from_secs(args.past_minutes * 60);
    let start = UnixNanos(i64::try_from(nanos(wall()?.saturating_sub(past))?)?);
    let traces_per_second = 1.0 / between.as_secs_f64().max(0.001);
    let config = GenConfig { start, traces_per_second, error_rate: 0.03, ..GenConfig::default() };
    let mut traffic = OtlpGen::new(nanos(wall()?)?, config);
    let connection = Connection::http(args.to).await;
    let mut connection = connection
        .with_context(|| format!("no server answers at {}: start one with `make run`", args.to))?;
    say(&format!("filling in the last {} minutes", args.past_minutes));
    let mut live_since: Option<Instant> = None;
    loop {
        let behind = wall()?.checked_sub(Duration::from_nanos(traffic.now().0.try_into()?));
        if behind.is_none() {
            let since = live_since.unwrap_or_else(|| {
                say("up to now; sending live until stopped");
                Instant::now()
            });
            live_since = Some(since);
            if args.seconds.is_some_and(|seconds| since.elapsed().as_secs() >= seconds) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        }
        send(&mut connection, &mut traffic, args.key.as_deref()).await?;
    }
}

async fn send(connection: &mut Connection, traffic: &mut OtlpGen, key: Option<&str>) -> Result<()> {
    for (signal, body) in [
        ("traces", traffic.next_traces(BATCH_SPANS)),
        ("logs", traffic.next_logs(8)),
        ("metrics", traffic.next_metrics(5)),
    ] {
        let (status, answer) = connection.post_otlp(signal, body, key).await?;
        ensure!(status == 200, "{signal}: {status} {}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

fn wall() -> Result<Duration> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}

fn nanos(duration: Duration) -> Result<u64> {
    Ok(u64::try_from(duration.as_nanos())?)
}
