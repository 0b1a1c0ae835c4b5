//! Removes files that their tables no longer have, once nobody can be reading them.
//!
//! A file waits for a grace period, for readers of other programs, and as long as one of our own
//! snapshots holds it. Files left behind by a crash are found by listing the tables once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use telltale_base::UnixNanos;
use telltale_wal::Fs;

use crate::DataFile;

/// A file on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Doomed {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// When its table let go of it, or when it was found.
    pub(crate) since: UnixNanos,
    /// Shared with the snapshots that still have it; `None` for leftovers.
    pub(crate) file: Option<Arc<DataFile>>,
}

impl Doomed {
    pub(crate) fn of(file: Arc<DataFile>, since: UnixNanos) -> Self {
        Self { path: file.path.clone(), bytes: file.bytes, since, file: Some(file) }
    }

    /// Whether it can be removed now.
    pub(crate) fn due(&self, now: UnixNanos, grace: Duration) -> bool {
        let free = self.file.as_ref().is_none_or(|file| Arc::strong_count(file) == 1);
        free && now.since(self.since) >= grace
    }
}

/// Data files below `root` that are not `known`. Blocks.
pub(crate) fn leftovers(
    fs: &dyn Fs,
    root: &Path,
    known: &HashSet<PathBuf>,
    now: UnixNanos,
) -> std::io::Result<Vec<Doomed>> {
    let mut found = Vec::new();
    for project in children(fs, root, "project=")? {
        for date in children(fs, &project, "date=")? {
            for path in children(fs, &date, "part-")? {
                let data = path.extension().is_some_and(|e| e == "parquet");
                if data && !known.contains(&path) {
                    let bytes = fs.metadata_len(&path)?;
                    found.push(Doomed { path, bytes, since: now, file: None });
                }
            }
        }
    }
    Ok(found)
}

fn children(fs: &dyn Fs, directory: &Path, prefix: &str) -> std::io::Result<Vec<PathBuf>> {
    let names = fs.list(directory)?.into_iter().filter(|name| name.starts_with(prefix));
    Ok(names.map(|name| directory.join(name)).collect())
}
