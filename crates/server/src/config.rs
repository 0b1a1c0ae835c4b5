//! What the server can be told. Plain values with defaults; nothing here reads a file or the
//! environment.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::auth::SignInLimits;

/// Where people say [`ServerConfig::otlp_origins`].
pub(crate) const OTLP_ORIGINS: &str = "server.otlp_origins";
/// Where people say [`ServerConfig::api_origins`].
pub(crate) const API_ORIGINS: &str = "server.api_origins";

/// The ports and their rules.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// API, page and OTLP.
    pub http: Listen,
    /// OTLP on its usual HTTP port.
    pub otlp_http: Listen,
    /// OTLP on its usual gRPC port.
    pub otlp_grpc: Listen,
    /// TLS for every port; absent means plain text.
    pub tls: Option<TlsFiles>,
    /// Host names, beside loopback, under which a server without keys may be reached.
    pub allowed_hosts: Vec<String>,
    /// Origins of web pages that may send OTLP, such as `https://app.example.com`; `*` means any.
    pub otlp_origins: Vec<String>,
    /// Origins of web pages that may read and change what is stored. `*` is refused here.
    pub api_origins: Vec<String>,
    /// The command that makes the first key, for people who open ports without one.
    pub first_key: String,
    /// How long a browser stays signed in.
    pub session_lifetime: Duration,
    /// Limits.
    pub limits: ServerLimits,
    /// When `/readyz` turns red.
    pub readiness: Readiness,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let local = |port| Listen::Default(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Self {
            http: local(7070),
            otlp_http: local(4318),
            otlp_grpc: local(4317),
            tls: None,
            allowed_hosts: Vec::new(),
            otlp_origins: Vec::new(),
            api_origins: Vec::new(),
            first_key: "telltale keys create --project default --scope admin".to_owned(),
            session_lifetime: Duration::from_hours(24 * 7),
            limits: ServerLimits::default(),
            readiness: Readiness::default(),
        }
    }
}

/// Where a port listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere.
    Off,
    /// At the default address; when that is taken, the port is skipped with a warning.
    Default(SocketAddr),
    /// At an address that was asked for; when that is taken, the server does not start.
    Asked(SocketAddr),
}

impl Listen {
    /// The address, unless the port is off.
    #[must_use]
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::Default(address) | Self::Asked(address) => Some(address),
        }
    }
}

/// The PEM files of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain, leaf first.
    pub cert: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Limits of the ports.
#[derive(Clone, Debug)]
pub struct ServerLimits {
    /// Most connections at a time, all ports together; more wait to be accepted.
    pub connections_max: usize,
    /// Most requests at a time on one HTTP/2 connection.
    pub streams_max: u32,
    /// Most bytes of a request's headers.
    pub header_bytes_max: u32,
    /// Most bytes of an OTLP body, as sent and after decompression.
    pub export_bytes_max: usize,
    /// Most bytes of all OTLP bodies being received or admitted at a time; more are told to come
    /// back.
    pub exports_in_flight_bytes_max: usize,
    /// Most bytes of a body of the API.
    pub api_body_bytes_max: usize,
    /// Longest wait for a TLS handshake, and for the answer to a probe.
    pub handshake_timeout: Duration,
    /// Longest wait for the first request of a connection, and for the whole headers of each
    /// further one over HTTP/1. Longer than exporters are silent, so that they keep connections.
    pub idle_timeout: Duration,
    /// Longest wait for the next piece of a body.
    pub body_idle_timeout: Duration,
    /// Longest time that a whole body may take.
    pub body_timeout: Duration,
    /// Most bytes of a refused body that are read on and thrown away, so that the client gets its
    /// answer; above, the connection is closed.
    pub drain_bytes_max: u64,
    /// Longest wait for the next piece of such a body.
    pub drain_idle_timeout: Duration,
    /// Longest time that reading on may take.
    pub drain_timeout: Duration,
    /// Time between probes of an HTTP/2 connection that says nothing.
    pub keep_alive: Duration,
    /// Time that running requests get when the server stops.
    pub shutdown_grace: Duration,
    /// Most readers of `/api/v1/tail` at a time.
    pub tails_max: usize,
    /// Signing in with keys that are wrong.
    pub sign_ins: SignInLimits,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            streams_max: 256,
            header_bytes_max: 64 << 10,
            export_bytes_max: 64 << 20,
            exports_in_flight_bytes_max: 512 << 20,
            api_body_bytes_max: 1 << 20,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(90),
            body_idle_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_mins(2),
            drain_bytes_max: 256 << 20,
            drain_idle_timeout: Duration::from_millis(500),
            drain_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(20),
            tails_max: 64,
            sign_ins: SignInLimits::default(),
        }
    }
}

/// When `/readyz` turns red.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// Longest time from acknowledgement to visibility.
    pub ingest_lag_max: Duration,
}

impl Default for Readiness {
    fn default() -> Self {
        Self { ingest_lag_max: Duration::from_secs(5) }
    }
}
