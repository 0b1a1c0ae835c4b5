//! Requests in, plain results out: SQL, search over traces, one trace as a tree, and what there is
//! to ask for.
//!
//! Isolation is by construction: a session is made for one project and its tables are snapshots of
//! that project alone. Read-only is by construction too: a session has no file formats, no stores
//! and nothing to register in; `guard` adds the clear answers.
//!
//! Never knows: HTTP, alerting, how rows are written.

#![forbid(unsafe_code)]

mod cache;
mod catalog;
mod catalogue;
mod config;
mod damage;
pub mod encode;
mod engine;
mod error;
mod executor;
pub mod guard;
mod limits;
mod panics;
mod related;
mod scan;
mod session;
mod source;
mod stop;
mod table;
#[cfg(test)]
mod testing;
mod traces;
mod udf;

pub use catalog::{CATALOG, SCHEMA};
pub use catalogue::{
    AttributeInfo, AttributeScopeName, AttributesFound, AttributesRequest, ColumnInfo, TableInfo,
    ValueCount,
};
pub use config::QueryConfig;
pub use engine::{Engine, SqlLimits, SqlRequest, SqlStream};
pub use error::{QueryError, is_timeout, message};
pub use limits::Truncated;
pub use related::{Between, CallsWanted};
pub use source::Source;
pub use telltale_schema::Table;
pub use traces::{
    Detail, SpanDetail, SpanView, TracePage, TraceRequest, TraceSearch, TraceSummary, TraceView,
};
