//! The PostgreSQL wire: psql, Grafana's PostgreSQL source and BI tools ask here.
//!
//! The library gives the protocol, the type encoding and `pg_catalog`. What it leaves open is ours:
//! the accept loop with its limits, authentication before any session exists, one read-only session
//! a connection, and TLS that never falls back to plain text.
//!
//! Never knows: HTTP, files, how keys are stored (see [`Sessions`]).

#![forbid(unsafe_code)]

mod connection;
mod error;
mod guard;
mod listener;
mod settings;
mod sqlstate;
mod startup;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;

pub use error::LoginError;
pub use listener::{PgConfig, PgListener};

/// Where sessions come from: the same factory as the HTTP API's.
#[async_trait]
pub trait Sessions: Send + Sync + fmt::Debug {
    /// Whether a key is needed. A server without keys serves loopback only and asks for none.
    async fn needs_key(&self) -> bool;

    /// A fresh read-only session of the key's project.
    ///
    /// # Errors
    /// When the key is unknown or may not read.
    async fn open(&self, key: Option<&str>) -> Result<SessionContext, LoginError>;

    /// Looks into an error that a statement of a session met, such as a damaged file, and answers
    /// what to say of it.
    async fn look_into(&self, session: &SessionContext, error: &DataFusionError) -> String;
}

/// Bounds on one statement.
#[derive(Clone, Copy, Debug)]
pub struct StatementLimits {
    /// Longest time from start to last row.
    pub timeout: Duration,
    /// Most rows; one more is an error, as the protocol cannot say that a result was cut.
    pub rows_max: usize,
    /// Most bytes of the rows; more is an error, too.
    pub bytes_max: u64,
}
