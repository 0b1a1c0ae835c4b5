//! What types alone cannot say about a configuration.

use std::net::SocketAddr;
use std::time::Duration;

use telltale_base::{ByteSize, Project};
use telltale_server::ServerError;
use telltale_telemetry::HttpSink;

use super::sources::ConfigError;
use super::{Auto, Config, Keep, Listen, Traces};
use crate::settings;

/// More threads for queries only get in each other's way.
const QUERY_THREADS_MAX: usize = 1024;
/// With less, sorting and grouping fail on small results too.
const QUERY_MEMORY_MIN: ByteSize = ByteSize::mib(16);
/// With less, every export would be flushed to a file of its own.
const WAL_MIN: ByteSize = ByteSize::mib(1);

/// Checks values against each other and against what works.
pub(super) fn validate(config: &Config) -> Result<(), ConfigError> {
    check_ports(config)?;
    check_doubles(config)?;
    check_server(config)?;
    check_queries(config)?;
    check_retention(config)?;
    check_sizes(config)?;
    check_times(config)?;
    check_telemetry(config)?;
    for (key, count) in [
        ("server.connections_max", config.server.connections_max),
        ("ingest.concurrent_exports_max", config.ingest.concurrent_exports_max),
        ("ingest.attributes_max", config.ingest.attributes_max),
        ("query.rows_max", config.query.rows_max),
    ] {
        if count == 0 {
            return fail(key, "must be at least 1");
        }
    }
    for name in config.projects.keys() {
        if let Err(error) = Project::new(name) {
            return fail(&format!("projects.{name}"), error.to_string());
        }
    }
    Ok(())
}

fn fail(key: &str, detail: impl Into<String>) -> Result<(), ConfigError> {
    let (key, origin) = (key.to_owned(), String::new());
    Err(ConfigError::Key { key, origin, detail: detail.into() })
}

/// Two ports that were asked for cannot be one; a default one gives way.
fn check_doubles(config: &Config) -> Result<(), ConfigError> {
    let ports = [
        ("http", config.http),
        ("otlp_http", config.otlp_http),
        ("otlp_grpc", config.otlp_grpc),
        ("pg", config.pg),
    ];
    let asked = |listen| if let Listen::Asked(address) = listen { Some(address) } else { None };
    let asked = ports.into_iter().filter_map(|(key, listen)| Some((key, asked(listen)?)));
    let mut seen: Vec<(&str, SocketAddr)> = Vec::new();
    for (key, address) in asked.filter(|(_, address)| address.port() != 0) {
        let meets = |other: &SocketAddr| {
            let everywhere = address.ip().is_unspecified() || other.ip().is_unspecified();
            other.port() == address.port() && (everywhere || other.ip() == address.ip())
        };
        if let Some((other, _)) = seen.iter().find(|(_, other)| meets(other)) {
            return fail(key, format!("{address} is the port of {other} too; choose another"));
        }
        seen.push((key, address));
    }
    Ok(())
}

fn check_server(config: &Config) -> Result<(), ConfigError> {
    if config.data_dir.as_os_str().is_empty() {
        return fail("data_dir", "is empty: name a directory, such as ./telltale-data");
    }
    match telltale_server::check_settings(&settings::server(config)) {
        Err(ServerError::Setting { key, value, reason }) => {
            fail(key, format!("{value:?} cannot be used: {reason}"))
        }
        Err(error) => fail("server", error.to_string()),
        Ok(()) => Ok(()),
    }
}

fn check_queries(config: &Config) -> Result<(), ConfigError> {
    match config.query.threads {
        Auto::Value(n) if n == 0 || n > QUERY_THREADS_MAX => {
            let detail = format!("{n} is not between 1 and {QUERY_THREADS_MAX}, nor `auto`");
            return fail("query.threads", detail);
        }
        Auto::Value(_) | Auto::Auto => {}
    }
    match config.query.memory {
        Auto::Value(size) if size < QUERY_MEMORY_MIN => {
            let detail = format!("{size} is below the least that queries need, {QUERY_MEMORY_MIN}");
            fail("query.memory", detail)
        }
        Auto::Value(_) | Auto::Auto => Ok(()),
    }
}

fn check_retention(config: &Config) -> Result<(), ConfigError> {
    let common = &config.retention;
    let mut all: Vec<(String, Option<Keep>)> = Vec::new();
    for (name, keep) in
        [("spans", common.spans), ("logs", common.logs), ("metrics", common.metrics)]
    {
        all.push((format!("retention.{name}"), Some(keep)));
    }
    for (project, own) in &config.projects {
        for (name, keep) in [("spans", own.spans), ("logs", own.logs), ("metrics", own.metrics)] {
            all.push((format!("projects.{project}.{name}"), keep));
        }
    }
    let nothing = |keep: &Option<Keep>| keep.is_some_and(|keep| keep.0 == Some(Duration::ZERO));
    match all.into_iter().find(|(_, keep)| nothing(keep)) {
        Some((key, _)) => fail(&key, "would keep nothing; say how long, such as 12h, or `forever`"),
        None => Ok(()),
    }
}

fn check_ports(config: &Config) -> Result<(), ConfigError> {
    let ports = [config.http, config.otlp_http, config.otlp_grpc];
    if ports.iter().all(|port| *port == Listen::Off) {
        return fail("http", "every port is off: nothing could reach the server");
    }
    match (&config.server.tls_cert, &config.server.tls_key) {
        (Some(_), None) => fail("server.tls_key", "is missing: tls_cert is set, TLS needs both"),
        (None, Some(_)) => fail("server.tls_cert", "is missing: tls_key is set, TLS needs both"),
        _ => Ok(()),
    }
}

fn check_sizes(config: &Config) -> Result<(), ConfigError> {
    let (storage, ingest) = (&config.storage, &config.ingest);
    let kib = ByteSize(1 << 10);
    for (key, value, low, high) in [
        ("server.body_max", config.server.body_max, kib, ByteSize::mib(1024)),
        ("storage.flush_bytes", storage.flush_bytes, kib, ByteSize::mib(4096)),
        ("storage.wal_max", storage.wal_max, WAL_MIN, ByteSize::mib(64 * 1024)),
        ("ingest.value_bytes_max", ingest.value_bytes_max, kib, ByteSize::mib(512)),
        ("query.result_max", config.query.result_max, kib, ByteSize::mib(64 * 1024)),
        ("ingest.key_bytes_max", ingest.key_bytes_max, ByteSize(16), ByteSize::mib(1)),
    ] {
        if value < low || value > high {
            return fail(key, format!("{value} is not between {low} and {high}"));
        }
    }
    match storage.memory_budget {
        Auto::Value(budget) if budget < storage.flush_bytes => {
            let flush = storage.flush_bytes;
            let detail = format!(
                "{budget} is below storage.flush_bytes ({flush}): nothing could be flushed in time"
            );
            fail("storage.memory_budget", detail)
        }
        Auto::Value(_) | Auto::Auto => Ok(()),
    }
}

fn check_telemetry(config: &Config) -> Result<(), ConfigError> {
    let section = &config.telemetry;
    if let Err(error) = Project::new(&section.traces_project) {
        return fail("telemetry.traces_project", error.to_string());
    }
    match &section.traces {
        Traces::To(address) => match HttpSink::url(address) {
            Ok(_) => Ok(()),
            Err(error) => fail("telemetry.traces", format!("{error}, nor `off` or `self`")),
        },
        Traces::Off | Traces::Own if section.traces_key.is_some() => {
            let detail = "is for another receiver: name it in telemetry.traces, or remove the key";
            fail("telemetry.traces_key", detail)
        }
        Traces::Off | Traces::Own => Ok(()),
    }
}

fn check_times(config: &Config) -> Result<(), ConfigError> {
    for (key, value, low) in [
        ("storage.flush_interval", config.storage.flush_interval, Duration::from_millis(100)),
        ("query.timeout", config.query.timeout, Duration::from_millis(10)),
    ] {
        if value.0 < low {
            return fail(key, format!("{:?} is below the least allowed, {low:?}", value.0));
        }
    }
    if config.storage.vacuum_grace.0 < config.query.timeout.0 {
        let detail = "is shorter than query.timeout: a running query could lose its files";
        return fail("storage.vacuum_grace", detail);
    }
    Ok(())
}
