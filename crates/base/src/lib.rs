//! The small vocabulary that every other crate shares: ids, time, limits and error kinds.
//!
//! Knows only `std`. It is not a place for helpers: a type belongs here when at least three crates
//! must agree on it.

#![forbid(unsafe_code)]

mod clock;
mod error;
mod fingerprint;
mod ids;
mod project;
mod signal;
mod size;

pub use clock::{Clock, SystemClock, UnixNanos};
pub use error::ErrorKind;
pub use fingerprint::fingerprint;
pub use ids::{IdError, SpanId, TraceId, hex, unhex};
pub use project::{Project, ProjectError};
pub use signal::Signal;
pub use size::{ByteSize, ByteSizeError};
