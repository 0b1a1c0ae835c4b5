//! How the store is doing, as readiness and metrics want to know it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use telltale_base::UnixNanos;
use telltale_schema::Table;

use crate::error::chain;
use crate::{StoreConfig, StoreError};

/// A background task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// Rows in memory become files.
    Flush,
    /// Small files become larger ones.
    Compaction,
    /// Corrections go into their files.
    Folding,
    /// Old partitions are dropped.
    Retention,
    /// Files that no table has any more are removed.
    Vacuum,
    /// Delta logs get checkpoints and lose old commits.
    Checkpoint,
    /// The catalogue of attributes catches up with the tables.
    Catalogue,
}

impl Task {
    /// All tasks.
    pub const ALL: [Self; 7] = [
        Self::Flush,
        Self::Folding,
        Self::Compaction,
        Self::Retention,
        Self::Vacuum,
        Self::Checkpoint,
        Self::Catalogue,
    ];

    /// Name in health reports and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flush => "flush",
            Self::Compaction => "compaction",
            Self::Folding => "folding",
            Self::Retention => "retention",
            Self::Vacuum => "vacuum",
            Self::Checkpoint => "checkpoint",
            Self::Catalogue => "catalogue",
        }
    }
}

/// State of a background task.
#[derive(Clone, Debug, Default)]
pub struct TaskHealth {
    /// When it last completed a step, or looked and found nothing to do. `None` before the first.
    pub last_progress: Option<UnixNanos>,
    /// What went wrong in its last step; cleared by the next that succeeds.
    pub last_error: Option<String>,
    /// Steps that changed something.
    pub steps: u64,
}

/// Something that could not be read and was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it is now.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// What a table holds on disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableHealth {
    /// Data files.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rows with corrections that are not in their files yet.
    pub corrections: u64,
}

/// How the store is doing.
#[derive(Clone, Debug)]
pub struct StoreHealth {
    /// Background tasks, also those that never ran.
    pub tasks: Vec<(Task, TaskHealth)>,
    /// Whether the log refused the last group of records.
    pub log_failing: bool,
    /// Bytes of frames in the log.
    pub wal_bytes: u64,
    /// Bytes at the end of the log that held no whole record when it was opened.
    pub log_dropped_bytes: u64,
    /// Rows in memory.
    pub memory_rows: usize,
    /// Bytes of rows in memory and of pending corrections.
    pub memory_bytes: usize,
    /// The budget for them.
    pub memory_bytes_max: usize,
    /// Age of the oldest row that is in memory only (and in the log).
    pub oldest_unflushed: Option<Duration>,
    /// Free bytes on disk when last looked, within seconds.
    pub disk_free: u64,
    /// Appends are refused below this.
    pub disk_reserve: u64,
    /// What could not be read and was set aside, oldest first.
    pub quarantined: Vec<Quarantined>,
    /// By table.
    pub tables: BTreeMap<Table, TableHealth>,
    /// Bytes of files that wait for their grace to end.
    pub vacuum_pending_bytes: u64,
    /// The last frame that is visible.
    pub last_seq: u64,
}

impl StoreHealth {
    /// What an operator must look at; empty when all is well. `stalled` is how long a task may go
    /// without progress.
    pub fn problems(&self, now: UnixNanos, stalled: Duration) -> Vec<String> {
        let mut problems = Vec::new();
        for (task, health) in &self.tasks {
            if let Some(error) = &health.last_error {
                problems.push(format!("{} failed: {error}", task.name()));
            }
            if health.last_progress.is_some_and(|at| now.since(at) > stalled) {
                problems.push(format!("{} made no progress for long", task.name()));
            }
        }
        if self.log_failing {
            problems.push("the write-ahead log refuses records".into());
        }
        if self.disk_free < self.disk_reserve {
            problems.push(format!(
                "{} bytes free on disk, {} are reserved",
                self.disk_free, self.disk_reserve
            ));
        }
        if self.memory_bytes > self.memory_bytes_max {
            problems.push("the memory budget for unflushed rows is used up".into());
        }
        problems
            .extend(self.quarantined.iter().map(|q| format!("{}: {}", q.path.display(), q.reason)));
        problems
    }
}

#[derive(Debug, Default)]
struct Board {
    tasks: BTreeMap<Task, TaskHealth>,
    quarantined: Vec<Quarantined>,
    vacuum_pending_bytes: u64,
    log_dropped_bytes: u64,
}

/// Where tasks write how they are doing.
#[derive(Debug, Default)]
pub(crate) struct HealthBoard(Mutex<Board>);

impl HealthBoard {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the outcome of a step; `Ok(true)` when it changed something.
    pub(crate) fn step(&self, task: Task, now: UnixNanos, outcome: &Result<bool, StoreError>) {
        let mut board = self.board();
        let health = board.tasks.entry(task).or_default();
        match outcome {
            Ok(changed) => {
                health.last_progress = Some(now);
                health.last_error = None;
                health.steps += u64::from(*changed);
            }
            Err(error) => {
                let error = chain(error);
                tracing::error!(task = task.name(), %error, "a background task failed");
                health.last_error = Some(error);
            }
        }
    }

    pub(crate) fn quarantined(&self, path: PathBuf, reason: String) {
        tracing::error!(path = %path.display(), %reason, "set aside");
        self.board().quarantined.push(Quarantined { path, reason });
    }

    pub(crate) fn log_dropped(&self, bytes: u64) {
        self.board().log_dropped_bytes += bytes;
    }

    pub(crate) fn vacuum_pending(&self, bytes: u64) {
        self.board().vacuum_pending_bytes = bytes;
    }

    pub(crate) fn tasks(&self) -> Vec<(Task, TaskHealth)> {
        let board = self.board();
        Task::ALL.map(|t| (t, board.tasks.get(&t).cloned().unwrap_or_default())).to_vec()
    }

    pub(crate) fn fill(&self, config: &StoreConfig, health: &mut StoreHealth) {
        let board = self.board();
        health.quarantined.clone_from(&board.quarantined);
        health.vacuum_pending_bytes = board.vacuum_pending_bytes;
        health.log_dropped_bytes = board.log_dropped_bytes;
        health.memory_bytes_max = config.memory_bytes;
        health.disk_reserve = config.disk_reserve_bytes;
    }
}
