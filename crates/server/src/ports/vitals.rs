//! The port that says how the rest of the process is doing.

use std::fmt;
use std::time::Duration;

/// Reads the vital signs.
pub trait Vital: Send + Sync + fmt::Debug {
    /// A reading; cheap, never blocks on disks.
    fn read(&self) -> Vitals;
}

/// A reading of the vital signs.
#[derive(Clone, Debug, Default)]
pub struct Vitals {
    /// Background tasks.
    pub tasks: Vec<VitalTask>,
    /// What does not work at this moment, such as a log that refuses records; for people.
    pub faults: Vec<String>,
    /// Age of the oldest acknowledged record that queries do not see yet.
    pub ingest_lag: Duration,
    /// Bytes of the write-ahead log on disk.
    pub wal_bytes: u64,
    /// Bytes at the end of the log that held no whole record at the last start.
    pub wal_dropped_bytes: u64,
    /// Bytes of records in memory.
    pub memtable_bytes: u64,
    /// Records in memory.
    pub memtable_rows: u64,
    /// Bytes free on the disk of the data directory.
    pub disk_free_bytes: u64,
    /// Bytes that are kept free; below it ingest is refused.
    pub disk_reserve_bytes: u64,
    /// What was found damaged and set aside, for people.
    pub quarantined: Vec<String>,
    /// What is stored, by table.
    pub tables: Vec<VitalTable>,
    /// Spans of the server's own that were exported since start.
    pub own_spans_exported: u64,
    /// Spans of the server's own that were lost since start.
    pub own_spans_dropped: u64,
    /// Rows of the ledger made since start.
    pub ledger_calls: u64,
    /// Rows of the ledger changed or removed later.
    pub ledger_changes: u64,
    /// Times that earlier reports were read back to settle new ones.
    pub ledger_lookups: u64,
    /// Times that this failed: a call may then be counted twice.
    pub ledger_lookups_failed: u64,
}

/// A background task.
#[derive(Clone, Debug)]
pub struct VitalTask {
    /// Its name.
    pub name: String,
    /// Time since it last got something done or found nothing to do.
    pub idle: Duration,
    /// The time after which it counts as stalled.
    pub idle_max: Duration,
    /// What went wrong last, if that was not overcome since.
    pub last_error: Option<String>,
}

/// The stored part of a table.
#[derive(Clone, Debug)]
pub struct VitalTable {
    /// SQL name.
    pub name: String,
    /// Data files.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of them.
    pub bytes: u64,
}
