//! Traces, as the API tells of them. 64-bit integers that may exceed 2^53 are text, because
//! JavaScript would round them.

use serde::Serialize;
use serde_json::value::RawValue;
use telltale_base::{TraceId, UnixNanos};
use utoipa::ToSchema;

/// Which traces to find. Absent means any.
#[derive(Clone, Debug, Default)]
pub struct TraceSearch {
    /// Spans that start at or after this.
    pub from: Option<UnixNanos>,
    /// Spans that start before this.
    pub to: Option<UnixNanos>,
    /// Service name of a span.
    pub service: Option<String>,
    /// Name of a span.
    pub name: Option<String>,
    /// Status of a span.
    pub status: Option<SpanStatus>,
    /// Least duration of a span in nanoseconds.
    pub duration_ns_min: Option<i64>,
    /// Greatest duration of a span in nanoseconds.
    pub duration_ns_max: Option<i64>,
    /// Attributes that a span has, with these values in text form.
    pub attributes: Vec<(String, String)>,
    /// Most traces on a page.
    pub limit: usize,
    /// Where the previous page ended.
    pub cursor: Option<String>,
}

/// The status of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanStatus {
    /// Not said.
    Unset,
    /// Said to be fine.
    Ok,
    /// Failed.
    Error,
}

/// A page of found traces.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct TracePage {
    /// Newest first, by the start of the newest span that was found.
    pub traces: Vec<TraceSummary>,
    /// Give this as `cursor` to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A trace in a list.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct TraceSummary {
    /// 32 hex digits.
    pub trace_id: String,
    /// Name of the root span, or of the earliest span while the root is missing.
    pub name: String,
    /// Service of that span.
    pub service_name: String,
    /// Whether the root span has not arrived.
    pub root_missing: bool,
    /// Start of the earliest span, RFC 3339 with nanoseconds.
    pub start_time: String,
    /// The same in nanoseconds since 1970, as text.
    pub start_unix_nano: String,
    /// From the start of the earliest span to the end of the latest.
    pub duration_ns: i64,
    /// Spans of the trace, found or not.
    pub span_count: u64,
    /// Spans with status error.
    pub error_count: u64,
    /// Services of all spans, sorted.
    pub services: Vec<String>,
}

/// Which page of which trace to read.
#[derive(Clone, Debug)]
pub struct TraceRequest {
    /// The trace.
    pub trace_id: TraceId,
    /// Whether attributes, events, links, resource and scope are wanted too.
    pub full: bool,
    /// Most spans on the page.
    pub limit: usize,
    /// Where the previous page ended.
    pub cursor: Option<String>,
}

/// A page of one trace.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct TraceView {
    /// 32 hex digits.
    pub trace_id: String,
    /// Spans of the whole trace.
    pub span_count: u64,
    /// Spans of the whole trace with status error.
    pub error_count: u64,
    /// Spans of the whole trace whose parent is not stored.
    pub orphan_count: u64,
    /// Start of the earliest span, RFC 3339 with nanoseconds.
    pub start_time: String,
    /// The same in nanoseconds since 1970, as text.
    pub start_unix_nano: String,
    /// From the start of the earliest span to the end of the latest.
    pub duration_ns: i64,
    /// Spans in tree order: a parent stands before its children; roots, then orphans, then spans
    /// that name each other as parents.
    pub spans: Vec<SpanNode>,
    /// Give this as `cursor` to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A span in its tree.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct SpanNode {
    /// 16 hex digits.
    pub span_id: String,
    /// 16 hex digits, as sent, whether that span is stored or not.
    pub parent_span_id: Option<String>,
    /// Spans above this one.
    pub depth: u32,
    /// Direct children in the whole trace.
    pub child_count: u32,
    /// Whether the parent is not stored. Such a span stands at depth 0.
    pub orphan: bool,
    /// The parent that is not stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_parent: Option<String>,
    /// Whether its parents lead back to it; the circle was cut here.
    pub cycle: bool,
    /// Whether an earlier span of the trace has the same id.
    pub duplicate: bool,
    /// Identity of the row in `spans`, as text.
    pub record_id: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Service.
    pub service_name: String,
    /// RFC 3339 with nanoseconds.
    pub start_time: String,
    /// The same in nanoseconds since 1970, as text.
    pub start_unix_nano: String,
    /// Negative when the client's clock ran backwards.
    pub duration_ns: i64,
    /// `unset`, `ok` or `error`.
    pub status_code: String,
    /// The client's description of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
    /// With `detail=full`: the attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<Box<RawValue>>,
    /// With `detail=full`: the events.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub events: Option<Box<RawValue>>,
    /// With `detail=full`: the links.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub links: Option<Box<RawValue>>,
    /// With `detail=full`: the resource's attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub resource: Option<Box<RawValue>>,
    /// With `detail=full`: name of the instrumentation scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_name: Option<String>,
    /// With `detail=full`: its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_version: Option<String>,
}
