//! The port through which the server asks questions.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use serde::Serialize;
use telltale_base::Project;
use telltale_query::encode::Format;
use utoipa::ToSchema;

use super::Refusal;
use super::traces::{TracePage, TraceRequest, TraceSearch, TraceView};

/// Answers questions about one project at a time. Every answer is bounded in time, memory and rows;
/// dropping a call or a stream stops its work.
#[async_trait]
pub trait Queries: Send + Sync + fmt::Debug {
    /// Runs one read-only statement and writes its rows in a form. An error after the first pieces
    /// ends them: what came before is not the whole answer.
    async fn sql(
        &self,
        project: &Project,
        request: SqlRequest,
        format: Format,
    ) -> Result<Pieces, Refusal>;
    /// Finds traces, newest first.
    async fn search_traces(
        &self,
        project: &Project,
        search: TraceSearch,
    ) -> Result<TracePage, Refusal>;
    /// Reads a page of one trace; `NotFound` when no span of it is stored.
    async fn trace(&self, project: &Project, request: TraceRequest) -> Result<TraceView, Refusal>;
    /// The tables and their columns.
    fn schema(&self) -> Vec<TableInfo>;
    /// The attribute keys seen, with examples.
    async fn attributes(
        &self,
        project: &Project,
        query: AttributeQuery,
    ) -> Result<Attributes, Refusal>;
    /// Counters since start.
    fn stats(&self) -> QueryStats;
}

/// A statement and its parameters.
#[derive(Clone, Debug)]
pub struct SqlRequest {
    /// The text.
    pub query: String,
    /// Values of `$1`, `$2`, ...
    pub params: Vec<serde_json::Value>,
}

/// An answer in pieces, as it is computed.
pub type Pieces = BoxStream<'static, Result<Bytes, Refusal>>;

/// Counters of questions.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueryStats {
    /// Bytes of memory that running queries hold.
    pub memory_bytes: u64,
    /// Queries that ended because the engine hit a bug.
    pub panics: u64,
}

/// A table that SQL sees.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TableInfo {
    /// SQL name.
    pub name: String,
    /// What one row is.
    pub description: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnInfo>,
}

/// A column that SQL sees.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ColumnInfo {
    /// SQL name.
    pub name: String,
    /// SQL type.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether it can be null; null means absent or unknown, never zero.
    pub nullable: bool,
    /// What it holds, with the unit.
    pub description: String,
}

/// Which attribute keys to list.
#[derive(Clone, Debug, Default)]
pub struct AttributeQuery {
    /// SQL name of the table.
    pub table: String,
    /// This key only.
    pub key: Option<String>,
    /// What the keys start with, or the values of `key`.
    pub prefix: Option<String>,
    /// Most keys, or most values of `key`.
    pub limit: usize,
}

/// The attribute keys of a table, those of the last acknowledged record included.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Attributes {
    /// Most frequent first.
    pub keys: Vec<AttributeKey>,
    /// Keys that are in use and not in the catalogue, because there are too many or they are too
    /// long; counted up to 4096.
    pub keys_left_out: u64,
    /// False while the catalogue is being made anew: then keys and counts of older rows are
    /// missing.
    pub complete: bool,
}

/// An attribute key.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct AttributeKey {
    /// The key.
    pub key: String,
    /// `record` or `resource`.
    pub scope: String,
    /// The types its values have.
    pub types: Vec<String>,
    /// Rows that have it; an upper bound unless `exact`.
    pub count: u64,
    /// Whether `count` is exact. If not, it includes rows that retention or corrections took since,
    /// or that came while the key was left out; or the catalogue is not complete.
    pub exact: bool,
    /// Earliest row that has it: nanoseconds since 1970, as text.
    pub first_seen_unix_nano: String,
    /// Latest row that has it: nanoseconds since 1970, as text.
    pub last_seen_unix_nano: String,
    /// Frequent values, most frequent first: at most 20, or `limit` when `key` was given. Nested
    /// values and those over 128 bytes are not listed.
    pub values: Vec<AttributeValue>,
    /// Rows that a value which could be listed and is not can have at most; 0 when all are.
    pub other_values_max: u64,
}

/// A value of an attribute.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct AttributeValue {
    /// In text form.
    pub value: String,
    /// Rows that have it, at most, among those that the key's `count` counts.
    pub count: u64,
    /// `count` is at most this much too high.
    pub error: u64,
}
