//! Which server a command talks to, and as whom; or which data directory it works on.

use std::path::PathBuf;

use clap::Args;

/// Where Telltale listens when nothing else was said.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:7070";

/// The server and the key to show it.
#[derive(Clone, Debug, Args)]
pub struct Connect {
    /// The server [default: `http://127.0.0.1:7070`]
    #[arg(long, env = "TELLTALE_URL", value_name = "URL")]
    pub url: Option<String>,
    /// The API key
    #[arg(long, env = "TELLTALE_KEY", value_name = "KEY", hide_env_values = true)]
    pub key: Option<String>,
}

/// A server, or a data directory that no server runs on.
#[derive(Clone, Debug, Args)]
pub struct Source {
    /// Work on this data directory, when no server runs on it
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// With --data-dir: the project [default: default]
    #[arg(long, requires = "data_dir")]
    pub project: Option<String>,
    /// The server
    #[command(flatten)]
    pub connect: Connect,
}

impl Connect {
    /// The server's address, the default one if none was given.
    pub(crate) fn url(&self) -> &str {
        self.url.as_deref().unwrap_or(DEFAULT_URL)
    }
}
