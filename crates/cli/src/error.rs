//! Why a command did not do what it was asked.

use std::path::{Path, PathBuf};

use telltale_base::ErrorKind;
use telltale_meta::MetaError;

/// An error of a command. The text says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Nothing listens there.
    #[error(
        "no Telltale server answers at {url}: start one with `telltale serve`, or name another with --url"
    )]
    NoServer {
        /// The address tried.
        url: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The connection broke, or what answered does not speak HTTP.
    #[error("the connection to {url} failed")]
    Transport {
        /// The address.
        url: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The server refused.
    #[error("{title}: {detail}{}", hint(*status))]
    Refused {
        /// HTTP status.
        status: u16,
        /// The kind of error.
        title: String,
        /// What happened to this request.
        detail: String,
    },
    /// The answer is not what the API describes.
    #[error("{url} does not answer as Telltale does: {reason}")]
    Protocol {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The server stopped while it was being listened to, or no longer accepts the key.
    #[error("{url} ended the tail")]
    Ended {
        /// The address.
        url: String,
    },
    /// An argument that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// The data directory cannot be used.
    #[error("cannot use the data directory {}", path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A backup that cannot be restored.
    #[error("cannot restore {}: {reason}", path.display())]
    Backup {
        /// The backup.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A directory that a backup cannot be restored to.
    #[error("cannot restore to {}: {reason}; choose a new directory", path.display())]
    Target {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// A file or directory cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The metadata database.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// The machine gives no threads or sockets.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    /// The statement cannot be read from standard input.
    #[error("cannot read from standard input")]
    Input(#[source] std::io::Error),
    /// The result cannot be written.
    #[error("cannot write the result")]
    Output(#[from] std::io::Error),
}

fn hint(status: u16) -> &'static str {
    match status {
        401 => " (give a key with --key or TELLTALE_KEY; make one with `telltale keys create`)",
        _ => "",
    }
}

impl CliError {
    pub(crate) fn file(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// What the caller must do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoServer { .. } | Self::Transport { .. } | Self::Ended { .. } => ErrorKind::Busy,
            Self::Refused { status, .. } => match status {
                401 => ErrorKind::Unauthenticated,
                403 => ErrorKind::Denied,
                404 => ErrorKind::NotFound,
                409 => ErrorKind::Conflict,
                413 => ErrorKind::TooLarge,
                429 | 503 => ErrorKind::Busy,
                504 => ErrorKind::Cancelled,
                400..=499 => ErrorKind::Invalid,
                _ => ErrorKind::Internal,
            },
            Self::Usage(_) => ErrorKind::Invalid,
            Self::Backup { .. } => ErrorKind::Corrupt,
            Self::Target { .. } => ErrorKind::Conflict,
            Self::Meta(error) => error.kind(),
            Self::Protocol { .. }
            | Self::DataDir { .. }
            | Self::File { .. }
            | Self::Runtime(_)
            | Self::Input(_)
            | Self::Output(_) => ErrorKind::Internal,
        }
    }
}
