//! OTLP between the wire and columns: `bytes -> masks -> limits -> record batches`, and back.
//!
//! | module | what it does |
//! |---|---|
//! | `wire` | protobuf's fields, varints and lengths |
//! | `proto` | OTLP's messages as tables, for what is not the fast path |
//! | `envelope`, `traces`, `logs`, `metrics` | the fast path: wire to columns, no tree |
//! | `ai` | AI telemetry in the names of one vocabulary |
//! | `explain` | why those names hold what they hold |
//! | `attributes` | attribute values to JSON text |
//! | `record` | why a record is refused |
//! | `mask` | the secrets that are never kept |
//! | `rewrite` | bodies without refused records, with masks |
//! | `json` | OTLP/JSON to protobuf, so that there is one decoder |
//! | `encode` | columns back to OTLP |
//!
//! `EntityRef`s of a resource are not kept in columns (they stay in the body, and so in the WAL).
//! An id of all zeros means none, as OTLP says: a parent, or a log record's trace, comes back
//! empty.
//!
//! Never knows: storage, servers, compression, projects.

#![forbid(unsafe_code)]

mod admit;
mod ai;
mod attributes;
mod context;
mod encode;
mod enums;
mod envelope;
mod error;
mod explain;
mod json;
mod limits;
mod locate;
mod logs;
mod mask;
mod metrics;
mod proto;
mod record;
mod rewrite;
mod traces;
mod wire;

pub use admit::{Admitted, Encoding, admit, decode, notes};
pub use ai::notes::Note;
pub use context::{Context, partition};
pub use encode::encode;
pub use error::{DecodeError, EncodeError};
pub use explain::{Decision, ExplainedSpan, explain};
pub use limits::Limits;
pub use mask::{MASK_RULES_VERSION, Masker};
pub use record::Reason;
