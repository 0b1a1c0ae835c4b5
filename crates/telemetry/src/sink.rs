//! Where exports go.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

/// Takes exports. It must not make spans that are exported again.
#[async_trait]
pub trait Sink: Send + Sync + fmt::Debug {
    /// Delivers one OTLP trace export (protobuf) and answers how many of its spans were refused
    /// for good. A call that is dropped may have been delivered or not.
    async fn export(&self, body: Bytes) -> Result<u64, SinkError>;
}

/// Why an export was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// It may be taken later.
    #[error("{0}")]
    Later(String),
    /// It will never be taken.
    #[error("{0}")]
    Never(String),
}
