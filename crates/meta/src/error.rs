//! Why the metadata database did not answer.

use std::path::PathBuf;

use telltale_base::{ErrorKind, ProjectError};

/// An error of the metadata database.
#[derive(Debug, thiserror::Error)]
pub enum MetaError {
    /// The file could not be opened or brought to the current version.
    #[error("cannot open the metadata database {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: sqlx::Error,
    },
    /// The file was written by a newer version of Telltale, or a migration failed.
    #[error("cannot bring the metadata database {} to this version's schema", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// A statement failed.
    #[error("the metadata database failed to {action}")]
    Statement {
        /// What was being done.
        action: &'static str,
        /// The cause.
        #[source]
        source: sqlx::Error,
    },
    /// A row holds something that this version does not understand.
    #[error("the metadata database holds an unknown {what}: {value:?}")]
    Unknown {
        /// The kind of value.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// A text that is not a scope.
    #[error("{0:?} is not a scope: use ingest, query or admin")]
    Scope(String),
    /// A name that is empty or too long.
    #[error("a key's name must have 1 to {limit} characters")]
    Name {
        /// Most characters.
        limit: usize,
    },
    /// A text that is not a project name.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The key does not exist in this project, or is revoked already.
    #[error("no active key {id:?} in project {project:?}")]
    NoSuchKey {
        /// The id asked for.
        id: String,
        /// The project searched.
        project: String,
    },
    /// The machine gives no random numbers.
    #[error("the operating system gave no random numbers")]
    Random(#[source] getrandom::Error),
}

impl MetaError {
    /// What the caller must do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Scope(_) | Self::Name { .. } | Self::Project(_) => ErrorKind::Invalid,
            Self::NoSuchKey { .. } => ErrorKind::NotFound,
            Self::Unknown { .. } => ErrorKind::Corrupt,
            Self::Statement { source: sqlx::Error::PoolTimedOut, .. } => ErrorKind::Busy,
            Self::Open { .. } | Self::Migrate { .. } | Self::Statement { .. } | Self::Random(_) => {
                ErrorKind::Internal
            }
        }
    }

    pub(crate) fn statement(action: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Statement { action, source }
    }
}
