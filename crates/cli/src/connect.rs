//! Which server a command talks to, and as whom.

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

impl Connect {
    /// The server's address, the default one if none was given.
    pub(crate) fn url(&self) -> &str {
        self.url.as_deref().unwrap_or(DEFAULT_URL)
    }
}
