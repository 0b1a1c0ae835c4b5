//! What can go wrong with the log, and what a caller must do about it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use telltale_base::ErrorKind;

/// Why a caller of a replay refused a frame.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An error of the log. An append that answers one stored nothing that a later append or a clean
/// restart would replay.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// The file system refused.
    #[error("write-ahead log: cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A segment was written by a version of the format that this build does not know.
    #[error(
        "write-ahead log: {path} has format version {version}, this build reads version {known}; \
         start the version that wrote it, or move the file away to give its records up"
    )]
    UnknownVersion {
        /// The segment.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// The version this build reads and writes.
        known: u32,
    },
    /// A payload is over the configured limit.
    #[error("write-ahead log: a payload of {bytes} bytes is over the limit of {limit}")]
    FrameTooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A group has more frames than can be numbered.
    #[error("write-ahead log: a group of {frames} frames is too large")]
    GroupTooLarge {
        /// Payloads in the group.
        frames: usize,
    },
    /// The caller of a replay refused a frame.
    #[error("write-ahead log: replay stopped at frame {seq}: {source}")]
    Visit {
        /// The frame.
        seq: u64,
        /// The caller's reason.
        source: BoxError,
    },
}

impl WalError {
    /// What a caller must do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::Busy,
                _ => ErrorKind::Internal,
            },
            Self::UnknownVersion { .. } => ErrorKind::Corrupt,
            Self::FrameTooLarge { .. } | Self::GroupTooLarge { .. } => ErrorKind::TooLarge,
            Self::Visit { .. } => ErrorKind::Internal,
        }
    }
}

/// Adds what was tried, and on what, to an error of the file system.
pub(crate) fn io_at<T>(
    action: &'static str,
    path: &Path,
    result: io::Result<T>,
) -> Result<T, WalError> {
    result.map_err(|source| WalError::Io { action, path: path.to_path_buf(), source })
}
