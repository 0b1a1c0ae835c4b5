//! The store as others see it. What it does is in the modules; here it is put together.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use telltale_base::{Clock, Project};
use telltale_schema::Table;
use telltale_wal::Fs;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::committer::{Append, Appended, Request};
use crate::corrections::{Correction, CorrectionFrame};
use crate::engine::{Engine, blocking};
use crate::flush::{self, Load};
use crate::maintenance::{self, Pace};
use crate::{
    BackupReport, FileCheck, FrameDecoder, Snapshot, StoreConfig, StoreError, StoreHealth,
    StoredCatalogue, TableHealth, recovery,
};
use crate::{backup, check};

/// An open data directory. Dropping it loses nothing that was acknowledged; [`Store::run`] ends
/// with a flush, so that the next start has nothing to replay.
#[derive(Debug)]
pub struct Store {
    engine: Arc<Engine>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the data directory, creating it when missing, and replays the log.
    ///
    /// # Errors
    /// `Conflict` when another server has it or a later version wrote it; the file system's.
    /// Damaged files and frames are no error: they are set aside and reported in health.
    pub async fn open(
        config: StoreConfig,
        fs: Arc<dyn Fs>,
        clock: Arc<dyn Clock>,
        decoder: Arc<dyn FrameDecoder>,
    ) -> Result<Arc<Self>, StoreError> {
        let recovered = Box::pin(recovery::open(config, fs, clock, decoder)).await?;
        let committer = Mutex::new(Some(recovered.committer));
        Ok(Arc::new(Self { engine: recovered.engine, committer }))
    }

    /// Keeps records; answers the sequence number of their frame. When it returns `Ok`, they are
    /// durable and in every later snapshot. When the caller goes away, they may be kept or not.
    ///
    /// # Errors
    /// `TooLarge`; what the log says, and then nothing was kept.
    pub async fn append(&self, append: Append) -> Result<u64, StoreError> {
        let bytes = append.payload.iter().map(bytes::Bytes::len).sum::<usize>();
        self.check_size(bytes)?;
        let waiting = &self.engine.shared.gauges.waiting_bytes;
        waiting.fetch_add(bytes, Ordering::Relaxed);
        let _waits = OnDrop(|| {
            waiting.fetch_sub(bytes, Ordering::Relaxed);
        });
        self.engine.ask(|answer| Request::Append(append, answer)).await
    }

    /// Corrects rows; answers the sequence number of the frame. When it returns `Ok`, the changes
    /// are durable and in every later snapshot. They hold in the order of the answers, and for one
    /// row within a request in the order given.
    ///
    /// # Errors
    /// `Invalid` for a column that is not there or cannot be corrected, or a value of another
    /// kind: then nothing of the request is taken. `TooLarge`; `Busy` as for records; what the log
    /// says.
    pub async fn correct(
        &self,
        project: &Project,
        table: Table,
        corrections: Vec<Correction>,
    ) -> Result<u64, StoreError> {
        for correction in &corrections {
            correction.check(table).map_err(StoreError::Invalid)?;
        }
        let bytes: usize = corrections.iter().map(Correction::bytes).sum();
        self.check_size(bytes)?;
        self.admit_pressure(bytes)?;
        let frame = CorrectionFrame { project: project.clone(), table, corrections };
        self.engine.ask(|answer| Request::Correct(frame, answer)).await
    }

    /// A consistent view of one table of one project. Cheap: nothing is copied or read.
    pub fn snapshot(&self, project: &Project, table: Table) -> Snapshot {
        self.engine.shared.read().snapshot(project, table)
    }

    /// Which attributes the rows in files have; those of later frames than it says are in memory.
    /// Take a snapshot first: then every row of it is in one or the other. Blocks.
    pub fn catalogue(&self, project: &Project, table: Table) -> StoredCatalogue {
        self.engine.shared.catalogues.load(project, table)
    }

    /// A number that changes whenever [`Store::catalogue`] would. Cheap.
    pub fn catalogue_version(&self, project: &Project, table: Table) -> u64 {
        self.engine.shared.catalogues.version(project, table)
    }

    /// The projects that have records, in order of their names.
    pub fn projects(&self) -> Vec<Project> {
        let state = self.engine.shared.read();
        let mut projects: Vec<Project> =
            state.shelves.keys().map(|(project, _)| project.clone()).collect();
        projects.sort_unstable();
        projects.dedup();
        projects
    }

    /// Records as they come, from now on. A subscriber that falls behind loses the oldest and is
    /// told how many.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Appended>> {
        self.engine.shared.tail.subscribe()
    }

    /// Asks, before work is spent on them, whether `bytes` of records can be taken.
    ///
    /// # Errors
    /// `Busy` when the memory budget, the disk reserve or the log's cap is reached.
    pub fn admit_pressure(&self, bytes: usize) -> Result<(), StoreError> {
        let shared = &self.engine.shared;
        let (config, gauges) = (&shared.config, &shared.gauges);
        let busy = |reason| StoreError::Busy { reason, retry_after: config.retry_after };
        let memory = gauges.memory_bytes.load(Ordering::Relaxed)
            + gauges.waiting_bytes.load(Ordering::Relaxed);
        if memory.saturating_add(bytes) > config.memory_bytes {
            self.engine.shared.flush_wanted.notify_one();
            return Err(busy("the memory budget for records is used up"));
        }
        if gauges.disk_free.load(Ordering::Relaxed) < config.disk_reserve_bytes {
            return Err(busy("the disk is nearly full"));
        }
        if gauges.wal_bytes.load(Ordering::Relaxed) > config.wal_bytes_max.saturating_mul(4) {
            return Err(busy("records cannot be moved out of the log fast enough"));
        }
        Ok(())
    }

    /// Moves all rows in memory into files now.
    ///
    /// # Errors
    /// Of the first table that failed; its rows stay in memory and in the log.
    pub async fn flush(&self) -> Result<(), StoreError> {
        flush::flush(&self.engine, Table::ALL.to_vec()).await
    }

    /// Does all background work on files that can be done now: folds corrections, merges files
    /// worth merging, drops and removes what is due, completes the catalogue. Meant for tools and tests; a server has
    /// [`Store::run`].
    ///
    /// # Errors
    /// Of the first task that failed; the others were tried all the same.
    pub async fn maintain(&self) -> Result<(), StoreError> {
        maintenance::round(&self.engine, Pace::Now).await
    }

    /// Excludes a damaged file from all later snapshots, also after a restart, and reports it in
    /// health. The file stays where it is. Does nothing for a file that no table has.
    ///
    /// # Errors
    /// When the list of such files cannot be written; the file is excluded until a restart.
    pub async fn quarantine(&self, path: &Path, reason: &str) -> Result<(), StoreError> {
        let (engine, path, reason) = (Arc::clone(&self.engine), path.to_owned(), reason.to_owned());
        blocking(move || engine.quarantine(&path, &reason)).await
    }

    /// Looks at a file that a reader failed on, and sets it aside if it is damaged. Reads and
    /// decodes all of it.
    ///
    /// # Errors
    /// The file system's: nothing is known of the file then.
    pub async fn check_file(&self, path: &Path) -> Result<FileCheck, StoreError> {
        check::check(&self.engine, path).await
    }

    /// How the store is doing. Cheap enough for every scrape.
    pub fn health(&self) -> StoreHealth {
        let shared = &self.engine.shared;
        let state = shared.read();
        let now = shared.clock.monotonic();
        let progress = Table::ALL.map(|table| state.progress(table));
        let oldest = progress.iter().filter(|p| p.first.is_some()).map(|p| p.since).min();
        let mut health = StoreHealth {
            tasks: shared.health.tasks(),
            log_failing: shared.gauges.log_failing.load(Ordering::Relaxed),
            wal_bytes: shared.gauges.wal_bytes.load(Ordering::Relaxed),
            memory_rows: state.memory_rows,
            memory_bytes: state.held_bytes(),
            memory_bytes_max: 0,
            oldest_unflushed: oldest.map(|since| now.saturating_sub(since)),
            disk_free: shared.gauges.disk_free.load(Ordering::Relaxed),
            disk_reserve: 0,
            quarantined: Vec::new(),
            tables: Table::ALL.map(|table| (table, TableHealth::default())).into(),
            vacuum_pending_bytes: 0,
            log_dropped_bytes: 0,
            last_seq: state.applied,
        };
        for ((_, table), shelf) in &state.shelves {
            let of_table = health.tables.entry(*table).or_default();
            of_table.files += shelf.files.len() as u64;
            of_table.rows += shelf.files.iter().map(|file| file.rows).sum::<u64>();
            of_table.bytes += shelf.files.iter().map(|file| file.bytes).sum::<u64>();
            of_table.corrections += shelf.corrections.len() as u64;
        }
        drop(state);
        shared.health.fill(&shared.config, &mut health);
        health
    }

    /// Does the background work until `shutdown`, then flushes.
    pub async fn run(self: &Arc<Self>, shutdown: CancellationToken) {
        let stop = async {
            shutdown.cancelled().await;
            self.engine.stopping.cancel();
        };
        tokio::join!(self.flush_when_due(&shutdown), self.maintain_when_due(&shutdown), stop);
        if let Err(error) = self.flush().await {
            tracing::error!(%error, "the last flush failed; the next start replays the log");
        }
    }

    /// Copies a consistent state of all tables to `destination`, which must be absent or empty and
    /// becomes a data directory, while everything goes on. It has every record that was
    /// acknowledged before the call. Files are hard links where the file system allows it.
    /// Background work on files waits meanwhile.
    ///
    /// # Errors
    /// `Invalid` for a destination that is not empty; the file system's, and then the destination
    /// is incomplete and should be removed.
    pub async fn backup(&self, destination: &Path) -> Result<BackupReport, StoreError> {
        backup::backup(&self.engine, destination).await
    }

    /// Ends the service of the log and lets another server open the directory. Does not flush.
    /// Later appends fail with `Closed`; snapshots stay readable.
    pub async fn close(&self) {
        self.engine.stopping.cancel();
        let _no_flush = self.engine.flushing.lock().await;
        let _no_rewrite = self.engine.maintenance.lock().await;
        // The committer may be gone already.
        self.engine.ask(Request::Close).await.ok();
        let thread = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && blocking(move || Ok(thread.join().is_err())).await.unwrap_or(true)
        {
            tracing::error!("the committer failed");
        }
        self.engine.shared.unlock();
    }

    fn check_size(&self, bytes: usize) -> Result<(), StoreError> {
        let limit = self.engine.shared.config.wal.frame_bytes_max;
        // One byte is ours.
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(1);
        if bytes > limit { Err(StoreError::TooLarge { bytes, limit }) } else { Ok(()) }
    }

    async fn flush_when_due(&self, shutdown: &CancellationToken) {
        let shared = &self.engine.shared;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = shared.flush_wanted.notified() => {}
                () = tokio::time::sleep(shared.config.flush_check) => {}
            }
            shared.look_at_disk();
            let Some(tables) = self.due_for_flush() else {
                shared.health.step(crate::Task::Flush, shared.clock.now(), &Ok(false));
                continue;
            };
            if flush::flush(&self.engine, tables).await.is_err() {
                // Noted in health already; the trigger is still there, so do not spin on it.
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = tokio::time::sleep(shared.config.retry_after) => {}
                }
            }
        }
    }

    fn due_for_flush(&self) -> Option<Vec<Table>> {
        let shared = &self.engine.shared;
        let state = shared.read();
        let loads = Table::ALL.map(|table| {
            let progress = state.progress(table);
            let since = progress.first.map(|_| progress.since);
            Load { table, bytes: progress.active_bytes, since }
        });
        let wal_bytes = shared.gauges.wal_bytes.load(Ordering::Relaxed);
        flush::due(&loads, wal_bytes, &shared.config, shared.clock.monotonic())
    }

    async fn maintain_when_due(&self, shutdown: &CancellationToken) {
        let pause = self.engine.shared.config.maintenance_pause;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            // Noted in health by the round itself.
            maintenance::round(&self.engine, Pace::Background).await.ok();
        }
    }
}

/// Runs something on every way out, a caller that goes away included.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
