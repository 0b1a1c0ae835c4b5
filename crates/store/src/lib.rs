//! Keeps records: an append is durable in the log, visible in memory, then sorted into Parquet
//! files of Delta tables, corrected, merged and finally aged out.
//!
//! | path in the data directory | what |
//! |---|---|
//! | `version.json` | version of the layout |
//! | `lock` | held while a server runs |
//! | `wal/` | frames that are not in the tables yet |
//! | `tables/<table>/` | one Delta table each, partitioned by project and date |
//! | `corrections/` | one snapshot of pending corrections a table |
//! | `catalogue/<table>/` | which attributes there are, one file a project; derived from the table |
//! | `quarantine/` | damaged frames and files, never deleted |
//!
//! Never knows: HTTP, OTLP, SQL.

#![forbid(unsafe_code)]

mod backup;
mod catalogue;
mod check;
mod committer;
mod compaction;
mod config;
mod corrections;
mod data_file;
mod delta;
mod engine;
mod error;
mod flush;
mod frame;
mod fsync_store;
mod health;
mod maintenance;
mod memtable;
mod order;
mod own_trace;
mod parquet_file;
mod recovery;
mod retention;
mod rewrite;
mod shared;
mod snapshot;
mod state;
mod store;
mod vacuum;
mod wire;

pub use backup::BackupReport;
pub use catalogue::{AttributeCatalogue, CatalogueKey, CatalogueValue, StoredCatalogue};
pub use check::FileCheck;
pub use committer::{Append, Appended};
pub use config::{CatalogueConfig, CompactionConfig, RetentionRule, StoreConfig};
pub use corrections::{Change, Correction, Corrections, Scalar};
pub use data_file::DataFile;
pub use error::StoreError;
pub use frame::{DecodedFrame, Derive, Derived, FrameDecoder};
pub use health::{Quarantined, StoreHealth, TableHealth, Task, TaskHealth};
pub use parquet_file::{AttributeIndex, read_bloom_filters};
pub use snapshot::Snapshot;
pub use store::Store;
