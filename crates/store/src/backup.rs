//! A consistent copy of the tables while the server goes on.
//!
//! Flushes only add files, and everything that removes some waits, so the files of the versions
//! noted at the start stay in place until they are copied. Pending corrections are copied after
//! that: later ones than the tables need do no harm. The log is left out; the copy opens as a
//! directory whose log was lost.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use telltale_schema::Table;
use telltale_wal::Fs;

use crate::corrections::save_corrections;
use crate::engine::{Engine, blocking};
use crate::shared::{Paths, Shared};
use crate::{StoreError, flush};

/// Bytes copied at once where a hard link is not possible.
const COPY_BYTES: usize = 1 << 20;

/// What a backup has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupReport {
    /// Files, those of the tables' logs included.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A version of a table and its files.
#[derive(Debug)]
struct Noted {
    table: Table,
    version: u64,
    files: Vec<PathBuf>,
}

/// See [`crate::Store::backup`].
pub(crate) async fn backup(
    engine: &Arc<Engine>,
    destination: &Path,
) -> Result<BackupReport, StoreError> {
    flush::flush(engine, Table::ALL.to_vec()).await?;
    let _nothing_is_removed = engine.maintenance.lock().await;
    let mut noted = Vec::new();
    for (table, store) in &engine.tables {
        let log = store.log.lock().await;
        let files = log.files()?.into_iter().map(|listed| listed.file.path).collect();
        noted.push(Noted { table: *table, version: log.version()?, files });
    }
    let shared = Arc::clone(&engine.shared);
    let target = Paths { root: destination.to_path_buf() };
    blocking(move || copy_all(&shared, &target, &noted)).await
}

fn copy_all(shared: &Shared, target: &Paths, noted: &[Noted]) -> Result<BackupReport, StoreError> {
    let fs = shared.fs.as_ref();
    let root = &target.root;
    fs.create_dir_all(root).map_err(StoreError::io("create", root))?;
    if !fs.list(root).map_err(StoreError::io("list", root))?.is_empty() {
        let message = format!("{} is not empty; choose a new directory", root.display());
        return Err(StoreError::Invalid(message));
    }
    let mut copy = Copy { fs, shared, target, report: BackupReport::default() };
    for table in noted {
        copy.table(table)?;
    }
    save_corrections(shared)?;
    for table in Table::ALL {
        copy.file_if_there(&shared.paths.corrections_of(table))?;
    }
    copy.file_if_there(&shared.paths.quarantined_files())?;
    // Last, as the mark of a complete copy.
    copy.file_if_there(&shared.paths.version())?;
    Ok(copy.report)
}

struct Copy<'a> {
    fs: &'a dyn Fs,
    shared: &'a Shared,
    target: &'a Paths,
    report: BackupReport,
}

impl Copy<'_> {
    fn table(&mut self, noted: &Noted) -> Result<(), StoreError> {
        for file in &noted.files {
            // A damaged file may be missing; the copy will say so as the original does.
            self.file_if_there(file)?;
        }
        let log = self.shared.paths.table(noted.table).join("_delta_log");
        for name in self.fs.list(&log).map_err(StoreError::io("list", &log))? {
            let version = name.get(..20).and_then(|digits| digits.parse::<u64>().ok());
            if version.is_none_or(|version| version <= noted.version) {
                self.file_if_there(&log.join(name))?;
            }
        }
        Ok(())
    }

    fn file_if_there(&mut self, from: &Path) -> Result<(), StoreError> {
        let relative = from.strip_prefix(&self.shared.paths.root).map_err(|_| {
            StoreError::internal(format!("{} is not in the data directory", from.display()))
        })?;
        let to = self.target.root.join(relative);
        let directory = to.parent().unwrap_or(&self.target.root);
        self.fs.create_dir_all(directory).map_err(StoreError::io("create", directory))?;
        match self.link_or_copy(from, &to) {
            Ok(bytes) => {
                self.report.files += 1;
                self.report.bytes += bytes;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::io("copy", from)(error)),
        }
        self.fs.sync_dir(directory).map_err(StoreError::io("sync", directory))
    }

    /// Files of ours are never changed in place, so a hard link is as good as a copy.
    fn link_or_copy(&self, from: &Path, to: &Path) -> io::Result<u64> {
        let bytes = self.fs.metadata_len(from)?;
        if self.fs.link(from, to).is_ok() {
            return Ok(bytes);
        }
        let source = self.fs.open_read(from)?;
        let mut copy = self.fs.create_new(to)?;
        let mut buffer = vec![0; COPY_BYTES];
        let mut done = 0;
        loop {
            let read = source.read_full_at(&mut buffer, done)?;
            let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
            copy.write_all(part)?;
            done += read as u64;
        }
        copy.sync_data()?;
        Ok(done)
    }
}
