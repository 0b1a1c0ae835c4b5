//! Why the server did not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use telltale_base::ErrorKind;

/// An error of starting the server. Errors of single requests never get here.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A port that was asked for cannot be had.
    #[error("cannot listen on {address} for {role}")]
    Bind {
        /// What the port is for, as its configuration key.
        role: &'static str,
        /// The address.
        address: SocketAddr,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// All ports are off or taken.
    #[error(
        "no port is open: every address is off or taken; ask for a free one, such as --http 127.0.0.1:7071"
    )]
    NoPort,
    /// Others could reach a server that knows no keys.
    #[error(transparent)]
    Exposed(#[from] crate::exposure::Exposed),
    /// A certificate or key cannot be used.
    #[error("server.{key}: cannot use {}: {reason}", path.display())]
    Tls {
        /// The configuration key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// A setting cannot be used.
    #[error("{key} holds {value:?}: {reason}")]
    Setting {
        /// The configuration key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl ServerError {
    /// What the caller must do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Bind { .. } | Self::NoPort => ErrorKind::Conflict,
            Self::Exposed(_) | Self::Tls { .. } | Self::Setting { .. } => ErrorKind::Invalid,
        }
    }
}
