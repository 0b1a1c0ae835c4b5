//! Telltale's own traces: `tracing` spans of this process become OTLP exports.
//!
//! ```text
//! span ends -> queue (bounded, never waited for) -> batch -> OTLP -> sink
//! ```
//!
//! Where exports go is the business of a [`Sink`]: one over HTTP is here; the one that stores them
//! in this very process is the binary's. Only spans of Telltale's crates are taken, and no events:
//! an event's text may quote what a user asked, and spans of the HTTP client would make exports
//! about exports.
//!
//! Never knows: how exports are stored, what a request or a table is.

#![forbid(unsafe_code)]

mod counters;
mod http;
mod layer;
mod parent;
mod queue;
mod sink;
mod worker;

pub use counters::{Counters, Counts};
pub use http::{HttpSink, HttpSinkError};
pub use layer::{Resource, Sampling, TracesLayer, traces};
pub use parent::continue_trace;
pub use sink::{Sink, SinkError};
pub use worker::{Limits, Spans};
