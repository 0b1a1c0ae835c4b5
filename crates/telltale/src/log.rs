//! Telltale's own log: one line an event on standard error.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSection};

/// Reads the filter, so that a wrong one is named before anything starts.
pub(crate) fn check(section: &LogSection) -> Result<EnvFilter> {
    let bare = !section.level.contains([',', '=']);
    // A bare level is meant for Telltale; what the libraries say at `info` would bury it.
    let filter =
        if bare { format!("warn,telltale={0}", section.level) } else { section.level.clone() };
    EnvFilter::try_new(filter).with_context(|| {
        format!(
            "configuration key `log.level`: {:?} is not a filter such as `info` or `warn,telltale_store=debug`",
            section.level
        )
    })
}

/// Starts logging.
pub(crate) fn start(section: &LogSection) -> Result<()> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(check(section)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match section.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}
