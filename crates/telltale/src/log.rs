//! What this process says about itself: one line an event on standard error, and own traces.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use telltale_telemetry::TracesLayer;
use tracing_subscriber::layer::{Layered, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt};

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

/// Starts logging, and own traces when there is a layer for them. The filter is for the log alone.
pub(crate) fn start(section: &LogSection, traces: Option<TracesLayer<Registry>>) -> Result<()> {
    let filter = check(section)?;
    let lines =
        fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = match section.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let registry: Layered<Option<TracesLayer<Registry>>, Registry> =
        tracing_subscriber::registry().with(traces);
    let started = registry.with(lines.with_filter(filter)).try_init();
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}
