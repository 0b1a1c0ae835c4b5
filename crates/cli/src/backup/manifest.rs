//! What a backup says of itself: written last, so that a backup that has it is complete. Knows the
//! files only by name and length.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use telltale_base::UnixNanos;
use telltale_wal::{Fs, write_atomic};

/// Its file in a backup.
pub const BACKUP_MANIFEST: &str = "backup.json";

/// Version of the form of a backup. A later one is refused.
const FORMAT: u32 = 1;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupManifest {
    format: u32,
    /// Version of the program that made it.
    pub telltale: String,
    /// When it was complete, in nanoseconds since 1970, as text because it exceeds 2^53.
    pub created_unix_nano: String,
    /// Files, without the manifest.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl BackupManifest {
    /// Counts the files of a backup that has everything else, and marks it as complete. The mark is
    /// durable when this returns `Ok`.
    ///
    /// # Errors
    /// The file system's; `InvalidData` when something in the directory is no plain file.
    pub fn finish(fs: &dyn Fs, directory: &Path, now: UnixNanos) -> io::Result<Self> {
        let files = files_of(fs, directory)?;
        let manifest = Self {
            format: FORMAT,
            telltale: env!("CARGO_PKG_VERSION").to_owned(),
            created_unix_nano: now.0.to_string(),
            files: files.len() as u64,
            bytes: files.iter().map(|file| file.bytes).sum(),
        };
        let json = serde_json::to_vec_pretty(&manifest)?;
        write_atomic(fs, &directory.join(BACKUP_MANIFEST), &json)?;
        Ok(manifest)
    }

    /// Reads the manifest; the error says why the directory is no complete backup.
    pub(crate) fn read(fs: &dyn Fs, directory: &Path) -> Result<Self, String> {
        let json = fs.read(&directory.join(BACKUP_MANIFEST)).map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::NotFound => ", so it is no backup, or one that was not finished",
                _ => "",
            };
            format!("{BACKUP_MANIFEST} cannot be read ({error}){hint}")
        })?;
        let manifest: Self = serde_json::from_slice(&json)
            .map_err(|error| format!("{BACKUP_MANIFEST} is damaged: {error}"))?;
        if manifest.format > FORMAT {
            return Err(format!(
                "a later version made it, telltale {}; restore it with that",
                manifest.telltale
            ));
        }
        Ok(manifest)
    }
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BackedUp {
    /// Within the backup.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// The files of a backup, without its manifest, in order of their paths.
pub(crate) fn files_of(fs: &dyn Fs, directory: &Path) -> io::Result<Vec<BackedUp>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for name in fs.list(&directory.join(&folder))? {
            let path = folder.join(name);
            let found = directory.join(&path);
            // Not followed: a backup has no links to elsewhere.
            let kind = std::fs::symlink_metadata(&found)?;
            if kind.is_dir() {
                folders.push(path);
            } else if !kind.is_file() {
                let message = format!("{} is neither a file nor a directory", found.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            } else if path != Path::new(BACKUP_MANIFEST) {
                files.push(BackedUp { path, bytes: kind.len() });
            }
        }
    }
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
