//! The tables of Telltale: their columns, the builders that fill them and the text form of OTLP
//! attributes inside them.
//!
//! Four shapes of a table exist, and only this crate knows how they differ:
//!
//! | shape | where | differences |
//! |---|---|---|
//! | memory | memtable, replay | `record_id`, `date`, then the columns; string and binary *views* |
//! | file | Parquet | memory without `date`, which is a partition value |
//! | delta | the Delta log's schema | `project`, `date`, then file, in plain string and binary types |
//! | sql | queries, API | delta with ids as lower-case hex text |
//!
//! Never knows: disks, `DataFusion`, the wire format of OTLP.

#![forbid(unsafe_code)]

mod coalesce;
mod index;
pub mod json;
mod kinds;
mod nulls;
mod tables;

pub use coalesce::{assign_record_ids, coalesce, memory_bytes};
pub use index::{
    AttributeScope, RawText, RawValue, attribute_hash, for_each_attribute, raw_attribute_hash,
};
pub use kinds::{Column, ColumnType};
pub use tables::{
    CallRow, CallsBuilder, HistogramRow, HistogramsBuilder, LEDGER_COLUMNS, LogRow, LogsBuilder,
    MetricRow, MetricsBuilder, RECORD_ORDINAL_BITS, SCHEMA_VERSION, SpanRow, SpansBuilder, Table,
};
