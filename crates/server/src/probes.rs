//! `/healthz` (alive) and `/readyz` (really working).
//!
//! A reason to be *unready* is one that a load balancer or operator should act on: acknowledged
//! records are not visible in time, the disk is full, the log refuses records, a background task
//! stands still. Damaged data
//! that was set aside makes the server *degraded*, which is still ready: the rest is served, and
//! sending clients elsewhere or restarting would not bring the damaged part back.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::Readiness;
use crate::ports::Vitals;
use crate::state::Shared;

/// Whether the server works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Verdict {
    pub(crate) status: ReadyStatus,
    /// Why it is not simply ready.
    pub(crate) reasons: Vec<ReadyReason>,
}

/// The verdict in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReadyStatus {
    /// All is well.
    Ready,
    /// Works, but something is lost or set aside.
    Degraded,
    /// Does not work as promised.
    Unready,
}

/// A reason of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ReadyReason {
    /// `lag`, `disk`, `fault`, `task` or `quarantine`.
    pub(crate) check: &'static str,
    /// The story, for people.
    pub(crate) detail: String,
}

/// Judges a reading.
pub(crate) fn judge(vitals: &Vitals, limits: &Readiness) -> Verdict {
    let mut reasons = Vec::new();
    if vitals.ingest_lag > limits.ingest_lag_max {
        let (lag, max) = (vitals.ingest_lag.as_secs_f32(), limits.ingest_lag_max.as_secs_f32());
        let detail =
            format!("acknowledged records become visible after {lag} s; the limit is {max} s");
        reasons.push(ReadyReason { check: "lag", detail });
    }
    if vitals.disk_free_bytes < vitals.disk_reserve_bytes {
        let (free, reserve) = (vitals.disk_free_bytes, vitals.disk_reserve_bytes);
        let detail =
            format!("{free} bytes are free, below the reserve of {reserve}: ingest is refused");
        reasons.push(ReadyReason { check: "disk", detail });
    }
    let faults = vitals.faults.iter();
    reasons.extend(faults.map(|fault| ReadyReason { check: "fault", detail: fault.clone() }));
    for task in vitals.tasks.iter().filter(|task| task.idle > task.idle_max) {
        let (name, idle) = (&task.name, task.idle.as_secs());
        let error = task.last_error.as_deref().unwrap_or("no error was reported");
        let detail = format!("{name} made no progress for {idle} s: {error}");
        reasons.push(ReadyReason { check: "task", detail });
    }
    let mut status = if reasons.is_empty() { ReadyStatus::Ready } else { ReadyStatus::Unready };
    if !vitals.quarantined.is_empty() {
        let count = vitals.quarantined.len();
        let detail = format!("{count} damaged items were set aside; /api/v1/health names them");
        reasons.push(ReadyReason { check: "quarantine", detail });
        if status == ReadyStatus::Ready {
            status = ReadyStatus::Degraded;
        }
    }
    Verdict { status, reasons }
}

/// `GET /healthz`
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`
pub(crate) async fn ready(State(shared): State<Shared>) -> Response {
    let verdict = judge(&shared.vital.read(), &shared.config.readiness);
    let status = match verdict.status {
        ReadyStatus::Ready | ReadyStatus::Degraded => StatusCode::OK,
        ReadyStatus::Unready => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(verdict)).into_response()
}

#[cfg(test)]
mod tests;
