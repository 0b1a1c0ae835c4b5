//! Sends prebuilt exports, either as fast as they are acknowledged or at a steady rate.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::client::{Connection, Export, Protocol};

/// Time from sending to acknowledgement of each export, in the order they ended.
pub(crate) type Latencies = Vec<Duration>;

async fn connect(protocol: Protocol, addr: SocketAddr) -> Result<Connection> {
    match protocol {
        Protocol::Http => Connection::http(addr).await,
        Protocol::Grpc => Connection::grpc(addr).await,
    }
}

/// Sends every export over `connections` connections, each waiting for its acknowledgement.
pub(crate) async fn closed_loop(
    protocol: Protocol,
    addr: SocketAddr,
    connections: usize,
    exports: Vec<Export>,
) -> Result<Latencies> {
    let queue = Arc::new(Mutex::new(VecDeque::from(exports)));
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let queue = Arc::clone(&queue);
        workers.spawn(async move {
            let mut connection = connect(protocol, addr).await?;
            let mut latencies = Latencies::new();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(export) = next else { return anyhow::Ok(latencies) };
                let start = Instant::now();
                connection.export(&export).await?;
                latencies.push(start.elapsed());
            }
        });
    }
    gather(workers).await
}

/// Sends exports at fixed times, whether or not earlier ones were acknowledged: latencies include
/// the wait that a slow server causes to those behind.
pub(crate) async fn open_loop(
    protocol: Protocol,
    addr: SocketAddr,
    connections: usize,
    exports: Vec<Export>,
    interval: Duration,
) -> Result<Latencies> {
    let start = Instant::now();
    let mut lanes: Vec<Vec<(Instant, Export)>> = vec![Vec::new(); connections];
    let mut due = start;
    for (index, export) in exports.into_iter().enumerate() {
        if let Some(lane) = lanes.get_mut(index % connections) {
            lane.push((due, export));
        }
        due += interval;
    }
    let mut workers = JoinSet::new();
    for lane in lanes {
        workers.spawn(async move {
            let mut connection = connect(protocol, addr).await?;
            let mut latencies = Latencies::new();
            for (due, export) in lane {
                tokio::time::sleep_until(due.into()).await;
                connection.export(&export).await?;
                latencies.push(due.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    gather(workers).await
}

async fn gather(mut workers: JoinSet<Result<Latencies>>) -> Result<Latencies> {
    let mut all = Latencies::new();
    while let Some(worker) = workers.join_next().await {
        all.extend(worker??);
    }
    Ok(all)
}

/// The `q` quantile (0 to 1) of some durations, in milliseconds; zero when there are none.
pub(crate) fn quantile_ms(durations: &[Duration], q: f64) -> f64 {
    let mut sorted: Vec<f64> = durations.iter().map(|d| d.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a list in memory"
    )]
    let index = ((sorted.len().saturating_sub(1)) as f64 * q).round() as usize;
    sorted.get(index).copied().unwrap_or(0.0)
}
