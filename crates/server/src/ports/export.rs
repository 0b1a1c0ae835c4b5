//! The port through which OTLP exports leave the server.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use telltale_base::{Project, Signal};
use telltale_ingest::Encoding;

use super::Refusal;

/// What an acknowledged export came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Records refused for good.
    pub rejected: u64,
    /// Why, or a warning when nothing was refused.
    pub message: Option<String>,
}

/// Takes exports.
#[async_trait]
pub trait Exporter: Send + Sync + fmt::Debug {
    /// Stores one inflated body. The records are durable and visible when this returns `Ok`. When
    /// the call is dropped before that, the outcome is unknown and the client must send it again.
    async fn export(
        &self,
        project: &Project,
        signal: Signal,
        encoding: Encoding,
        body: Bytes,
    ) -> Result<Receipt, Refusal>;

    /// Counters since start.
    fn stats(&self) -> ExportStats;
}

/// Counters of what was exported since start.
#[derive(Clone, Debug, Default)]
pub struct ExportStats {
    /// By signal, in the order of `Signal::ALL`.
    pub signals: [SignalExports; 3],
    /// Values masked, by rule.
    pub masked: BTreeMap<String, u64>,
}

/// Counters of one signal.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignalExports {
    /// Exports acknowledged.
    pub exports: u64,
    /// Bytes of their bodies after decompression.
    pub bytes: u64,
    /// Records stored.
    pub accepted: u64,
    /// Records refused.
    pub rejected: u64,
    /// Whole exports that were recognised as retries.
    pub duplicate_exports: u64,
    /// Records that were stored before by another export.
    pub duplicate_records: u64,
}
