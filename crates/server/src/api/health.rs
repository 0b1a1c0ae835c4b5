//! `GET /api/v1/health`: what `/readyz` judges, in full.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ports::Vitals;
use crate::probes::{Verdict, judge};
use crate::state::Shared;

/// How the server is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[serde(flatten)]
    verdict: Verdict,
    /// Seconds from acknowledgement to visibility.
    ingest_lag_seconds: f64,
    /// Bytes of the write-ahead log.
    wal_bytes: u64,
    /// Bytes of records in memory.
    memtable_bytes: u64,
    /// Records in memory.
    memtable_rows: u64,
    /// Bytes free on the data disk.
    disk_free_bytes: u64,
    /// Free bytes below which ingest is refused.
    disk_reserve_bytes: u64,
    /// What does not work at this moment.
    faults: Vec<String>,
    /// Damaged items that were set aside.
    quarantined: Vec<String>,
    /// Background tasks.
    tasks: Vec<HealthTask>,
    /// What is stored in files.
    tables: Vec<HealthTable>,
}

/// A background task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthTask {
    name: String,
    /// Seconds since it made progress.
    idle_seconds: f64,
    /// Seconds after which it counts as stalled.
    idle_max_seconds: f64,
    /// What went wrong last, if that was not overcome since.
    last_error: Option<String>,
}

/// The stored part of a table.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthTable {
    name: String,
    files: u64,
    rows: u64,
    bytes: u64,
}

/// How every part is doing.
#[utoipa::path(
    get, path = "/api/v1/health", tag = "operate", operation_id = "get_health",
    responses((status = 200, body = Health))
)]
pub(crate) async fn get(State(shared): State<Shared>) -> Json<Health> {
    let vitals = shared.vital.read();
    let verdict = judge(&vitals, &shared.config.readiness);
    Json(describe(verdict, vitals))
}

fn describe(verdict: Verdict, vitals: Vitals) -> Health {
    let tasks = vitals.tasks.into_iter().map(|task| HealthTask {
        name: task.name,
        idle_seconds: task.idle.as_secs_f64(),
        idle_max_seconds: task.idle_max.as_secs_f64(),
        last_error: task.last_error,
    });
    let tables = vitals.tables.into_iter().map(|table| HealthTable {
        name: table.name,
        files: table.files,
        rows: table.rows,
        bytes: table.bytes,
    });
    Health {
        verdict,
        ingest_lag_seconds: vitals.ingest_lag.as_secs_f64(),
        wal_bytes: vitals.wal_bytes,
        memtable_bytes: vitals.memtable_bytes,
        memtable_rows: vitals.memtable_rows,
        disk_free_bytes: vitals.disk_free_bytes,
        disk_reserve_bytes: vitals.disk_reserve_bytes,
        faults: vitals.faults,
        quarantined: vitals.quarantined,
        tasks: tasks.collect(),
        tables: tables.collect(),
    }
}
