//! Admission of OTLP exports: from the bytes of one request to an acknowledgement that means
//! durable.
//!
//! ```text
//! inflate -> pressure -> recognise a retry -> otlp::admit (limits, masks, columns)
//!         -> recognise repeated spans -> store.append (WAL, fsync, memtable) -> receipt
//! ```
//!
//! Never knows: queries, HTTP status codes, gRPC.

#![forbid(unsafe_code)]

mod config;
mod dedup;
mod error;
mod explain;
mod frame;
mod inflate;
mod pipeline;
mod replay;
mod span_hash;
mod stats;

pub use config::{IngestConfig, RetentionPort};
pub use error::IngestError;
pub use explain::ExplainError;
pub use inflate::{Coding, InflateError, inflate};
pub use pipeline::{Ingest, Receipt};
pub use replay::Replay;
pub use stats::{IngestStats, SignalStats};
pub use telltale_genai::RULES_VERSION;
pub use telltale_otlp::{Decision, Encoding, ExplainedSpan};
