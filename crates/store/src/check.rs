//! Whether a data file is what was written, asked when a reader fails on it.
//!
//! A reader cannot tell damage from a disk that fails for the moment, or from a limit of its own.
//! Here the two are apart: first the bytes are read, and what fails then is the disk's; then they
//! are decoded in memory, and what fails then is in the bytes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use telltale_schema::Table;

use crate::engine::Engine;
use crate::parquet_file::damage;
use crate::{DataFile, StoreError};

/// What became of a file that a reader failed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileCheck {
    /// It is as it was written.
    Sound,
    /// No table has it any more: it was replaced, dropped or set aside. A new snapshot is without
    /// it.
    Gone,
    /// It is damaged, for this reason, and was set aside just now.
    SetAside(String),
}

/// Looks at a file. A panic of a decoder is damage too: it met bytes that it never writes.
pub(crate) async fn check(engine: &Engine, path: &Path) -> Result<FileCheck, StoreError> {
    let Some((table, file)) = engine.shared.read().file(path) else { return Ok(FileCheck::Gone) };
    let of = Arc::clone(&file);
    let looked = tokio::task::spawn_blocking(move || look(table, &of)).await;
    let reason = match looked {
        Ok(reason) => reason?,
        Err(error) if error.is_panic() => Some("its decoder panicked".to_owned()),
        Err(error) => return Err(StoreError::internal(error.to_string())),
    };
    let Some(reason) = reason else { return Ok(FileCheck::Sound) };
    engine.quarantine(path, &reason)?;
    Ok(FileCheck::SetAside(reason))
}

/// The error of background work that could not read a file: damage, once that is certain.
pub(crate) async fn unreadable(engine: &Engine, path: PathBuf, reason: String) -> StoreError {
    match check(engine, &path).await {
        Ok(FileCheck::SetAside(reason)) => StoreError::Corrupt { path, reason },
        Ok(FileCheck::Gone) => StoreError::Corrupt { path, reason },
        Ok(FileCheck::Sound) => {
            StoreError::internal(format!("{} could not be read: {reason}", path.display()))
        }
        Err(error) => error,
    }
}

fn look(table: Table, file: &DataFile) -> Result<Option<String>, StoreError> {
    let bytes = match std::fs::read(&file.path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some("it is missing".to_owned()));
        }
        Err(error) => return Err(StoreError::io("read", &file.path)(error)),
    };
    if bytes.len() as u64 != file.bytes {
        let (found, expected) = (bytes.len(), file.bytes);
        return Ok(Some(format!("it has {found} bytes, {expected} were written")));
    }
    Ok(damage(table, Bytes::from(bytes), file.rows))
}
