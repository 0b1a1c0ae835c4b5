//! What the parts of a store have in common: settings, file system, clock, the visible state and
//! the counters that admission reads.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use telltale_base::Clock;
use telltale_schema::Table;
use telltale_wal::Fs;
use tokio::sync::{Notify, broadcast};

use crate::catalogue::Catalogues;
use crate::committer::Appended;
use crate::health::HealthBoard;
use crate::state::State;
use crate::{FrameDecoder, StoreConfig};

/// See the module.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: StoreConfig,
    pub(crate) fs: Arc<dyn Fs>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) decoder: Arc<dyn FrameDecoder>,
    state: RwLock<State>,
    pub(crate) tail: broadcast::Sender<Arc<Appended>>,
    /// Wakes the flusher when a size trigger may have been crossed.
    pub(crate) flush_wanted: Notify,
    pub(crate) gauges: Gauges,
    pub(crate) health: HealthBoard,
    pub(crate) catalogues: Catalogues,
    pub(crate) paths: Paths,
    /// Held until the store is closed or its last part is gone.
    lock: Mutex<Option<File>>,
}

/// Numbers that admission and health read without the lock.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    /// Bytes of rows in memory and pending corrections.
    pub(crate) memory_bytes: AtomicUsize,
    /// Bytes of appends that wait for the log.
    pub(crate) waiting_bytes: AtomicUsize,
    pub(crate) wal_bytes: AtomicU64,
    /// Free bytes on disk when last looked.
    pub(crate) disk_free: AtomicU64,
    /// The last append to the log failed.
    pub(crate) log_failing: AtomicBool,
}

/// Where things lie in the data directory.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(crate) root: PathBuf,
}

impl Paths {
    pub(crate) fn version(&self) -> PathBuf {
        self.root.join("version.json")
    }
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }
    pub(crate) fn wal(&self) -> PathBuf {
        self.root.join("wal")
    }
    pub(crate) fn table(&self, table: Table) -> PathBuf {
        self.root.join("tables").join(table.name())
    }
    pub(crate) fn corrections(&self) -> PathBuf {
        self.root.join("corrections")
    }
    pub(crate) fn corrections_of(&self, table: Table) -> PathBuf {
        self.corrections().join(format!("{}.corrections", table.name()))
    }
    pub(crate) fn catalogues(&self, table: Table) -> PathBuf {
        self.root.join("catalogue").join(table.name())
    }
    pub(crate) fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }
    pub(crate) fn quarantined_files(&self) -> PathBuf {
        self.quarantine().join("files.json")
    }
    pub(crate) fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }
}

impl Shared {
    #[expect(clippy::too_many_arguments, reason = "one call, in recovery")]
    pub(crate) fn new(
        config: StoreConfig,
        fs: Arc<dyn Fs>,
        clock: Arc<dyn Clock>,
        decoder: Arc<dyn FrameDecoder>,
        state: State,
        health: HealthBoard,
        catalogues: Catalogues,
        paths: Paths,
        lock: File,
    ) -> Self {
        let (tail, _) = broadcast::channel(config.tail_appends.max(1));
        let shared = Self {
            config,
            fs,
            clock,
            decoder,
            state: RwLock::new(state),
            tail,
            flush_wanted: Notify::new(),
            gauges: Gauges::default(),
            health,
            catalogues,
            paths,
            lock: Mutex::new(Some(lock)),
        };
        shared.look_at_disk();
        shared.update_memory_gauge(&shared.read());
        shared
    }

    /// A writer never panics half-way through a change, so a poisoned lock is still consistent.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn update_memory_gauge(&self, state: &State) {
        self.gauges.memory_bytes.store(state.held_bytes(), Ordering::Relaxed);
    }

    /// Lets another server open the directory. Nothing may write to it any more.
    pub(crate) fn unlock(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Refreshes the free space; an unknown amount is no reason to refuse records.
    pub(crate) fn look_at_disk(&self) {
        let free = self.fs.available_bytes(&self.paths.root).unwrap_or(u64::MAX);
        self.gauges.disk_free.store(free, Ordering::Relaxed);
    }
}
