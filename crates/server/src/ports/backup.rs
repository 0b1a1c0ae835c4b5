//! The port that copies everything that is stored while the server goes on.

use std::fmt;
use std::path::Path;

use async_trait::async_trait;

use super::Refusal;

/// What a backup has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupReport {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Makes backups.
#[async_trait]
pub trait Backup: Send + Sync + fmt::Debug {
    /// Writes a consistent copy of all projects and keys to `directory`, an absolute path that must
    /// not exist or be empty. Every record that was acknowledged before the call is in it, once.
    /// The copy is durable and complete when this returns `Ok`; after an error or when the call is
    /// dropped it is incomplete, and restoring it is refused.
    async fn backup(&self, directory: &Path) -> Result<BackupReport, Refusal>;
}
