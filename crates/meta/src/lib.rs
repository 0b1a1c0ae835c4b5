//! The metadata database: who may do what. Projects, API keys and browser sessions, in one SQLite
//! file beside the telemetry tables.
//!
//! A change is durable when its call returns (write-ahead log, synchronous FULL). Several processes
//! may have the file open: `telltale keys create` works while the server runs.
//!
//! Never knows: telemetry tables, HTTP, what a scope permits (the server decides that).

#![forbid(unsafe_code)]

mod cache;
mod database;
mod error;
mod keys;
mod projects;
mod secret;
mod sessions;

pub use database::Meta;
pub use error::MetaError;
pub use keys::{CreatedKey, Key, NAME_CHARS_MAX, Scope};
pub use secret::{KEY_PREFIX, Secret};
pub use sessions::CreatedSession;
