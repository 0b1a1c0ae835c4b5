//! Copies the whole data directory for the server: tables, keys, and the memory of recent exports.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use telltale_base::{Clock, ErrorKind};
use telltale_cli::BackupManifest;
use telltale_ingest::Replay;
use telltale_meta::Meta;
use telltale_server::ports::{Backup, BackupReport, Refusal};
use telltale_store::Store;
use telltale_wal::{Fs, write_atomic};

/// Everything in a data directory.
#[derive(Debug)]
pub(crate) struct DataBackup {
    pub(crate) data_dir: PathBuf,
    pub(crate) fs: Arc<dyn Fs>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<Store>,
    pub(crate) meta: Meta,
    pub(crate) replay: Arc<Replay>,
}

#[async_trait]
impl Backup for DataBackup {
    async fn backup(&self, directory: &Path) -> Result<BackupReport, Refusal> {
        let (fs, data_dir, wanted) =
            (Arc::clone(&self.fs), self.data_dir.clone(), directory.to_owned());
        let to = blocking(move || prepare(fs.as_ref(), &data_dir, &wanted)).await?;
        // Before the tables: a retry of an export that is remembered but not in them would be
        // lost, one that is in them but not remembered is only stored twice.
        let memory = self.replay.memory();
        self.store.backup(&to).await.map_err(|error| unfinished(&to, error.kind(), &error))?;
        let keys = to.join("meta.db");
        let copied = self.meta.snapshot_to(&keys).await;
        copied.map_err(|error| unfinished(&to, error.kind(), &error))?;
        let (fs, now) = (Arc::clone(&self.fs), self.clock.now());
        let manifest = blocking(move || {
            let finished = finish(fs.as_ref(), &to, &keys, &memory)
                .and_then(|()| BackupManifest::finish(fs.as_ref(), &to, now));
            finished.map_err(|error| unfinished(&to, ErrorKind::Internal, &error))
        });
        let BackupManifest { files, bytes, .. } = manifest.await?;
        Ok(BackupReport { files, bytes })
    }
}

/// Makes the directory; answers where it really is.
fn prepare(fs: &dyn Fs, data_dir: &Path, wanted: &Path) -> Result<PathBuf, Refusal> {
    let refuse = |reason: &dyn Display| {
        let path = wanted.display();
        Refusal::new(ErrorKind::Invalid, format!("cannot back up to {path}: {reason}"))
    };
    let data_dir = data_dir.canonicalize().map_err(|error| refuse(&error))?;
    let to = resolve(wanted).map_err(|error| refuse(&error))?;
    if to.starts_with(&data_dir) {
        return Err(refuse(&"it lies in the data directory; choose one outside"));
    }
    fs.create_dir_all(&to).map_err(|error| refuse(&error))?;
    if !fs.list(&to).map_err(|error| refuse(&error))?.is_empty() {
        return Err(refuse(&"it is not empty; choose a new directory"));
    }
    Ok(to)
}

/// The path without links, as far as it exists.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    for there in path.ancestors() {
        match there.canonicalize() {
            Ok(real) => return Ok(real.join(path.strip_prefix(there).unwrap_or(Path::new("")))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(path.to_owned())
}

/// Makes the copy of the keys durable, and adds the memory of recent exports.
fn finish(fs: &dyn Fs, to: &Path, keys: &Path, memory: &[u8]) -> io::Result<()> {
    fs.open_write(keys)?.sync_data()?;
    write_atomic(fs, &to.join("dedup.bin"), memory)
}

/// What the directory holds by now may be of use to nobody, but removing it is not ours to decide.
fn unfinished(to: &Path, kind: ErrorKind, error: &dyn Error) -> Refusal {
    let mut causes = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        causes = format!("{causes}: {source}");
        cause = source.source();
    }
    let path = to.display();
    let message =
        format!("the backup in {path} is not finished: {causes}; remove it and try again");
    Refusal::new(kind, message)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let stopped = |_| Refusal::new(ErrorKind::Internal, "the backup stopped half-way");
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

#[cfg(test)]
mod tests;
