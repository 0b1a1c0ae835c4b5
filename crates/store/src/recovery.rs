//! Opening a data directory: lock, version, tables, corrections, then the frames of the log that
//! the tables do not have. What is damaged is set aside and reported; the rest is served.

mod directory;
mod replay;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::join_all;
use telltale_base::{Clock, Project};
use telltale_schema::Table;
use telltale_wal::{Fs, Wal};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::catalogue::Catalogues;
use crate::committer::{Committer, Request};
use crate::corrections::load_corrections;
use crate::delta::{Listed, TableLog};
use crate::engine::{Engine, TableStore, blocking};
use crate::fsync_store::FsyncStore;
use crate::health::HealthBoard;
use crate::maintenance::Maintenance;
use crate::parquet_file::{FileWriting, Names};
use crate::shared::{Paths, Shared};
use crate::state::State;
use crate::{FrameDecoder, StoreConfig, StoreError};

use directory::Opened;
use replay::Replayer;

/// An open store and the thread that serves its log.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) engine: Arc<Engine>,
    pub(crate) committer: std::thread::JoinHandle<()>,
}

/// Opens a data directory.
pub(crate) async fn open(
    config: StoreConfig,
    fs: Arc<dyn Fs>,
    clock: Arc<dyn Clock>,
    decoder: Arc<dyn FrameDecoder>,
) -> Result<Recovered, StoreError> {
    let (directory, on) = (config.dir.clone(), Arc::clone(&fs));
    let Opened { paths, lock } = blocking(move || directory::open(on.as_ref(), &directory)).await?;
    let logs = open_tables(&fs, &paths).await?;
    let mut positions = BTreeMap::new();
    let mut listed = Vec::new();
    for log in &logs {
        positions.insert(log.table(), log.position().await?);
        listed.push((log.table(), log.files()?));
    }
    let health = HealthBoard::default();
    let work = Recovery {
        fs: Arc::clone(&fs),
        clock: Arc::clone(&clock),
        decoder: Arc::clone(&decoder),
        config: config.clone(),
        paths: paths.clone(),
        positions,
        health,
        state: State::default(),
    };
    let Parts { wal, state, health, catalogues } = blocking(move || work.run(listed)).await?;
    let shared = Shared::new(config, fs, clock, decoder, state, health, catalogues, paths, lock);
    let shared = Arc::new(shared);
    start(shared, wal, logs)
}

async fn open_tables(fs: &Arc<dyn Fs>, paths: &Paths) -> Result<Vec<TableLog>, StoreError> {
    let store = FsyncStore::new(Arc::clone(fs), paths.temporary());
    let opening = Table::ALL.map(|table| TableLog::open(table, paths.table(table), store.clone()));
    // All of them to the end, also when one fails: none may go on writing once the lock is gone.
    join_all(opening).await.into_iter().collect()
}

fn start(shared: Arc<Shared>, wal: Wal, logs: Vec<TableLog>) -> Result<Recovered, StoreError> {
    let (queue, requests) = mpsc::channel::<Request>(shared.config.queue_appends.max(1));
    let names = Arc::new(Names::new());
    let tables = logs.into_iter().map(|log| {
        let table = log.table();
        let (fs, root) = (Arc::clone(&shared.fs), log.root().to_path_buf());
        let writing = FileWriting::new(fs, table, root, &shared.config, Arc::clone(&names));
        (table, TableStore { writing, log: Mutex::new(log) })
    });
    let engine = Arc::new(Engine {
        tables: tables.collect(),
        queue,
        flushing: Mutex::new(()),
        maintenance: Mutex::new(Maintenance::default()),
        names,
        stopping: CancellationToken::new(),
        shared: Arc::clone(&shared),
    });
    let committer = Committer::new(shared, wal, requests);
    let committer = std::thread::Builder::new()
        .name("telltale-committer".into())
        .spawn(move || committer.run())
        .map_err(|e| StoreError::internal(format!("cannot start the committer: {e}")))?;
    Ok(Recovered { engine, committer })
}

/// What the blocking part makes.
struct Parts {
    wal: Wal,
    state: State,
    health: HealthBoard,
    catalogues: Catalogues,
}

/// The blocking part of an opening.
struct Recovery {
    fs: Arc<dyn Fs>,
    clock: Arc<dyn Clock>,
    decoder: Arc<dyn FrameDecoder>,
    config: StoreConfig,
    paths: Paths,
    /// Frames that each table has all rows of.
    positions: BTreeMap<Table, u64>,
    health: HealthBoard,
    state: State,
}

impl Recovery {
    fn run(mut self, listed: Vec<(Table, Vec<Listed>)>) -> Result<Parts, StoreError> {
        self.settle()?;
        for (table, position) in &self.positions {
            self.state.progress_mut(*table).flushed = *position;
        }
        let set_aside = directory::quarantined_files(self.fs.as_ref(), &self.paths)?;
        for (table, files) in listed {
            self.add_files(table, files, &set_aside)?;
        }
        let mut corrections = BTreeMap::new();
        for table in Table::ALL {
            corrections.insert(table, self.add_corrections(table)?);
        }
        let catalogues = self.catalogues();
        let replayer = Replayer {
            decoder: self.decoder,
            quarantine: self.paths.quarantine(),
            fs: Arc::clone(&self.fs),
            positions: self.positions,
            corrections,
            now: self.clock.monotonic(),
            state: self.state,
            health: self.health,
            frames: Vec::new(),
            bytes: 0,
        };
        let (wal, mut state, health) = replayer.run(self.config.wal, self.paths.wal())?;
        state.applied = wal.next_seq().saturating_sub(1);
        Ok(Parts { wal, state, health, catalogues })
    }

    /// Sees which rows in files the catalogues lack; they are read later.
    fn catalogues(&self) -> Catalogues {
        let (fs, paths) = (Arc::clone(&self.fs), self.paths.clone());
        let catalogues = Catalogues::open(fs, paths, self.config.catalogue);
        let shelves = &self.state.shelves;
        let without_files = catalogues.keys().into_iter().filter(|key| !shelves.contains_key(key));
        for (project, table) in shelves.keys().cloned().chain(without_files) {
            let files =
                shelves.get(&(project.clone(), table)).map(|shelf| Arc::clone(&shelf.files));
            let flushed = self.state.progress(table).flushed;
            catalogues.settle(&project, table, &files.unwrap_or_default(), flushed);
        }
        catalogues
    }

    /// What a killed run published without making its name durable is seen now and will be relied
    /// on when the log is trimmed: make it last first.
    fn settle(&self) -> Result<(), StoreError> {
        let logs = Table::ALL.map(|table| self.paths.table(table).join("_delta_log"));
        for directory in logs.into_iter().chain([self.paths.corrections()]) {
            self.fs.sync_dir(&directory).map_err(StoreError::io("sync", &directory))?;
        }
        Ok(())
    }

    fn add_files(
        &mut self,
        table: Table,
        listed: Vec<Listed>,
        set_aside: &BTreeMap<PathBuf, String>,
    ) -> Result<(), StoreError> {
        let mut projects: HashMap<Project, Vec<_>> = HashMap::new();
        for Listed { project, file } in listed {
            let damage = match set_aside.get(&file.path) {
                Some(reason) => Some(reason.clone()),
                None => directory::damage(self.fs.as_ref(), &file)?,
            };
            match damage {
                None => projects.entry(project).or_default().push(Arc::new(file)),
                Some(reason) => {
                    self.health.quarantined(file.path.clone(), reason.clone());
                    self.state.quarantined.insert(file.path, reason);
                }
            }
        }
        for (project, files) in projects {
            self.state.shelves.entry((project, table)).or_default().files = Arc::new(files);
        }
        Ok(())
    }

    /// Takes pending corrections from their snapshot; answers up to which frame it has them.
    fn add_corrections(&mut self, table: Table) -> Result<u64, StoreError> {
        let saved = match load_corrections(self.fs.as_ref(), &self.paths, table) {
            Ok(Some(saved)) => saved,
            Ok(None) => return Ok(0),
            Err(StoreError::Corrupt { path, reason }) => {
                let aside = directory::set_aside(self.fs.as_ref(), &self.paths, &path)?;
                self.health.quarantined(aside, format!("pending corrections: {reason}"));
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        let mut projects: HashMap<Project, Vec<_>> = HashMap::new();
        for (project, record_id, entry) in saved.entries {
            projects.entry(project).or_default().push((record_id, entry));
        }
        for (project, entries) in projects {
            self.state.change_corrections(&project, table, |pending| pending.with(entries));
        }
        Ok(saved.position)
    }
}
