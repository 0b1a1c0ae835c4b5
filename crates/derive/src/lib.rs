//! What follows from stored records, as jobs that run behind the server and keep their place.
//!
//! | module | what it does |
//! |---|---|
//! | `renormalise` | makes the columns of AI telemetry again when the rules have changed |
//!
//! Changes go through the store's corrections, so that readers see them at once and files follow.
//! What a job needs to read it asks of a port of its own.
//!
//! Never knows: HTTP, SQL text.

#![forbid(unsafe_code)]

mod error;
mod renormalise;

pub use error::DeriveError;
pub use renormalise::{Page, Renormalise, RenormaliseStatus, SpanRows};
