//! What can go wrong, and what the caller must do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::error::ArrowError;
use deltalake_core::DeltaTableError;
use parquet::errors::ParquetError;
use telltale_base::ErrorKind;
use telltale_schema::Table;
use telltale_wal::WalError;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the data directory open.
    #[error("the data directory {} is in use by another server; stop it or choose another directory", dir.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
    },
    /// The directory holds something, and nothing in it says that it is Telltale's.
    #[error("{} is not a data directory of Telltale: it holds {found:?} and no version.json. Nothing was changed in it; choose a new or empty directory, or move version.json back if it was lost", dir.display())]
    Foreign {
        /// The directory.
        dir: PathBuf,
        /// A name found in it.
        found: String,
    },
    /// The data directory was written by a later version.
    #[error("the data directory {} has format {found}, this version reads up to {supported}; use a newer version", dir.display())]
    TooNew {
        /// The data directory.
        dir: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this version knows.
        supported: u32,
    },
    /// A budget is used up for the moment.
    #[error("{reason}; try again in {} ms", retry_after.as_millis())]
    Busy {
        /// Which budget.
        reason: &'static str,
        /// When to try again.
        retry_after: Duration,
    },
    /// The payload is over what the log takes in one piece.
    #[error("a record group of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The request cannot be carried out as it is.
    #[error("{0}")]
    Invalid(String),
    /// Data on disk is damaged.
    #[error("{} is damaged: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file operation failed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// The write-ahead log could not be opened or trimmed.
    #[error("the write-ahead log failed")]
    Wal(#[from] WalError),
    /// The write-ahead log could not take the record: it is not stored.
    #[error("the write-ahead log refused the record: {message}")]
    NotLogged {
        /// What the caller must do about it.
        kind: ErrorKind,
        /// When to try again.
        retry_after: Duration,
        /// The log's answer.
        message: String,
    },
    /// A commit to a table failed.
    #[error("cannot {action} table {}", table.name())]
    Delta {
        /// What was tried.
        action: &'static str,
        /// Of which table.
        table: Table,
        /// The table format's answer.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// It is unknown whether a commit happened; only a restart can tell.
    #[error("a commit to table {} failed half-way; restart to recover, nothing is lost", table.name())]
    InDoubt {
        /// Which table.
        table: Table,
    },
    /// A data file could not be written or read.
    #[error("data file {}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The format's answer.
        #[source]
        source: ParquetError,
    },
    /// Columns could not be processed.
    #[error("columns cannot be processed")]
    Arrow(#[from] ArrowError),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl StoreError {
    /// A fault that should not happen.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }

    /// When to try again, for `Busy`.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. }
            | Self::NotLogged { kind: ErrorKind::Busy, retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// What the caller must do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Locked { .. } | Self::Foreign { .. } | Self::TooNew { .. } => ErrorKind::Conflict,
            Self::Busy { .. } | Self::Closed => ErrorKind::Busy,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::NotLogged { kind, .. } => *kind,
            Self::Corrupt { .. } => ErrorKind::Corrupt,
            Self::Io { .. }
            | Self::Wal(_)
            | Self::Delta { .. }
            | Self::InDoubt { .. }
            | Self::Parquet { .. }
            | Self::Arrow(_)
            | Self::Internal(_) => ErrorKind::Internal,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn parquet(path: &Path) -> impl FnOnce(ParquetError) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Parquet { path, source }
    }

    pub(crate) fn delta(
        action: &'static str,
        table: Table,
    ) -> impl FnOnce(DeltaTableError) -> Self + use<> {
        move |source| Self::Delta { action, table, source: Box::new(source) }
    }
}

/// The error with its causes in one line, for health and logs.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
