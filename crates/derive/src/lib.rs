//! What follows from stored records, as jobs that run behind the server and keep their place.
//!
//! | module | what it does |
//! |---|---|
//! | `revisit` | the job: goes through the rows of a table, page by page |
//! | `renormalise` | makes the columns of AI telemetry again when the rules have changed |
//! | `resettle` | settles calls again when the rules have changed |
//! | `reprice` | prices calls again when prices have changed |
//!
//! Changes go through the store's corrections, so that readers see them at once and files follow.
//! What a job needs to read it asks of a port of its own.
//!
//! Never knows: HTTP, SQL text.

#![forbid(unsafe_code)]

mod error;
mod renormalise;
mod reprice;
mod resettle;
mod revisit;

pub use error::DeriveError;
pub use renormalise::Renormalise;
pub use reprice::Reprice;
pub use resettle::{KeepDerived, Resettle};
pub use revisit::{Page, Revisit, RevisitStatus, StoredRows, Visit};
