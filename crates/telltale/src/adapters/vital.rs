//! Says how the store is doing, in the server's words.

use std::sync::Arc;
use std::time::Duration;

use telltale_base::{Clock, UnixNanos};
use telltale_derive::Revisit;
use telltale_ledger::Ledger;
use telltale_server::ports::{Vital, VitalTable, VitalTask, Vitals};
use telltale_store::Store;
use telltale_telemetry::Counters;

/// A task that has not looked at its work for this long is stalled. Each looks every few seconds;
/// one step (a large merge on a slow disk) may take minutes.
const STALLED: Duration = Duration::from_mins(10);

/// The vital signs of a store.
#[derive(Debug)]
pub(crate) struct StoreVital {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started: UnixNanos,
    /// Jobs that visit stored rows again.
    pub(crate) revisits: Vec<Arc<Revisit>>,
    pub(crate) own_traces: Counters,
    pub(crate) ledger: Arc<Ledger>,
}

impl Vital for StoreVital {
    fn read(&self) -> Vitals {
        let health = self.store.health();
        let now = self.clock.now();
        let tasks = health.tasks.iter().map(|(task, state)| VitalTask {
            name: task.name().to_owned(),
            idle: now.since(state.last_progress.unwrap_or(self.started)),
            idle_max: STALLED,
            last_error: state.last_error.clone(),
        });
        let mut faults = Vec::new();
        if health.log_failing {
            faults.push("the write-ahead log refuses records".to_owned());
        }
        let own_spans = self.own_traces.read();
        let ledger = self.ledger.stats();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Vitals {
            tasks: tasks.chain(self.revisiting()).collect(),
            faults,
            // Records become visible before they are acknowledged, so nothing acked can lag.
            ingest_lag: Duration::ZERO,
            wal_bytes: health.wal_bytes,
            wal_dropped_bytes: health.log_dropped_bytes,
            memtable_bytes: count(health.memory_bytes),
            memtable_rows: count(health.memory_rows),
            disk_free_bytes: health.disk_free,
            disk_reserve_bytes: health.disk_reserve,
            quarantined: health
                .quarantined
                .iter()
                .map(|found| format!("{}: {}", found.path.display(), found.reason))
                .collect(),
            own_spans_exported: own_spans.exported,
            own_spans_dropped: own_spans.dropped,
            ledger_calls: ledger.calls,
            ledger_changes: ledger.changes,
            ledger_lookups: ledger.lookups,
            ledger_lookups_failed: ledger.lookups_failed,
            tables: health
                .tables
                .iter()
                .map(|(table, stored)| VitalTable {
                    name: table.name().to_owned(),
                    files: stored.files,
                    rows: stored.rows,
                    bytes: stored.bytes,
                })
                .collect(),
        }
    }
}

impl StoreVital {
    /// A job is a task while it has rows to visit.
    fn revisiting(&self) -> impl Iterator<Item = VitalTask> + '_ {
        self.revisits.iter().filter_map(|job| {
            let status = job.status();
            (!status.done).then(|| VitalTask {
                name: job.name().to_owned(),
                idle: status.failing_for,
                idle_max: STALLED,
                last_error: status.last_error,
            })
        })
    }
}
