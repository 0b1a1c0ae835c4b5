//! One trace as a tree, in pages of display order.
//!
//! The order of the whole trace needs a few small columns; only the spans of the page are read in
//! full. The cursor carries the largest record id of the first page, so that all pages agree on
//! the order while spans arrive.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, col, lit};
use serde::Serialize;
use serde_json::value::RawValue;
use telltale_base::{Project, SpanId, TraceId};
use telltale_schema::Table;
use telltale_store::Snapshot;

use super::rows::{self, Columns};
use super::tree::{self, Cut, Node, Placed};
use super::{end_of, rfc3339, watermark};
use crate::damage::anew;
use crate::engine::Engine;
use crate::error::QueryError;

/// How much of each span is returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What a waterfall shows.
    #[default]
    Summary,
    /// Attributes, events, links, resource and scope as well.
    Full,
}

/// What to show of a trace.
#[derive(Clone, Debug)]
pub struct TraceRequest {
    /// Which trace.
    pub trace_id: TraceId,
    /// How much of each span.
    pub detail: Detail,
    /// Spans in the page.
    pub limit: usize,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A page of a trace.
#[derive(Debug, Serialize)]
pub struct TraceView {
    /// Hex.
    pub trace_id: String,
    /// Spans of the whole trace.
    pub span_count: usize,
    /// Spans of the whole trace with status `error`.
    pub error_count: usize,
    /// Spans whose parent is not in the trace.
    pub orphan_count: usize,
    /// Start of the earliest span, RFC 3339.
    pub start_time: String,
    /// Start of the earliest span, in nanoseconds since 1970.
    pub start_unix_nano: i64,
    /// From the first start to the last end.
    pub duration_ns: i64,
    /// The page, in depth-first order: roots, then orphans, then spans that hang in a circle.
    pub spans: Vec<SpanView>,
    /// Asks for the next page; none when this is the last.
    pub next_cursor: Option<String>,
}

/// One span in its place.
#[derive(Debug, Serialize)]
pub struct SpanView {
    /// Hex.
    pub span_id: String,
    /// Hex, as the client sent it, whether that span is there or not.
    pub parent_span_id: Option<String>,
    /// Levels above this one.
    pub depth: u32,
    /// Direct children.
    pub child_count: u32,
    /// Whether the parent is not in the trace. Such spans stand at top level.
    #[serde(skip_serializing_if = "is_false")]
    pub orphan: bool,
    /// The parent that is not in the trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_parent: Option<String>,
    /// Whether the chain of parents leads back to this span; it was cut here.
    #[serde(skip_serializing_if = "is_false")]
    pub cycle: bool,
    /// Whether an earlier span of the trace has the same id.
    #[serde(skip_serializing_if = "is_false")]
    pub duplicate: bool,
    /// Identity of the row in `spans`.
    pub record_id: i64,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// `service.name` of the resource.
    pub service_name: String,
    /// RFC 3339.
    pub start_time: String,
    /// Nanoseconds since 1970.
    pub start_unix_nano: i64,
    /// Negative when the client's clock ran backwards.
    pub duration_ns: i64,
    /// `unset`, `ok` or `error`.
    pub status_code: String,
    /// The client's description of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
    /// The rest, when asked for.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub full: Option<SpanDetail>,
}

/// What `Detail::Full` adds.
#[derive(Debug, Serialize)]
pub struct SpanDetail {
    /// JSON object.
    pub attributes: Option<Box<RawValue>>,
    /// JSON array.
    pub events: Option<Box<RawValue>>,
    /// JSON array.
    pub links: Option<Box<RawValue>>,
    /// JSON object.
    pub resource: Option<Box<RawValue>>,
    /// Name of the instrumentation scope.
    pub scope_name: Option<String>,
    /// Its version.
    pub scope_version: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Where a page begins, and the largest record id that all pages see.
struct Place {
    offset: usize,
    watermark: i64,
}

impl Place {
    fn parse(cursor: &str) -> Result<Self, QueryError> {
        let (offset, watermark) = cursor.split_once('.').ok_or(QueryError::Cursor)?;
        Ok(Self {
            offset: offset.parse().map_err(|_| QueryError::Cursor)?,
            watermark: watermark.parse().map_err(|_| QueryError::Cursor)?,
        })
    }
}

/// The whole trace as far as its tree goes.
#[derive(Default)]
struct Skeleton {
    nodes: Vec<Node>,
    errors: usize,
    start: i64,
    end: i64,
}

impl Engine {
    /// One page of a trace.
    ///
    /// # Errors
    /// When the trace does not exist, is larger than the limit, the cursor is foreign, or a limit
    /// of queries is met.
    pub async fn trace(
        &self,
        project: &Project,
        request: TraceRequest,
    ) -> Result<TraceView, QueryError> {
        anew(|| self.trace_once(project, &request)).await
    }

    async fn trace_once(
        &self,
        project: &Project,
        request: &TraceRequest,
    ) -> Result<TraceView, QueryError> {
        let most = self.config.spans_page_max;
        if request.limit == 0 || request.limit > most {
            let message = format!("must be from 1 to {most}");
            return Err(QueryError::Field { field: "limit", message });
        }
        let _slot = self.slot()?;
        let snapshot = self.source.snapshot(project, Table::Spans);
        let place = match &request.cursor {
            Some(cursor) => Place::parse(cursor)?,
            None => Place { offset: 0, watermark: watermark(&snapshot) },
        };
        let visible = id_is(request.trace_id).and(col("record_id").lt_eq(lit(place.watermark)));
        let skeleton = self.skeleton(&snapshot, visible).await?;
        let trace_id = request.trace_id.to_string();
        if skeleton.nodes.is_empty() {
            return Err(QueryError::TraceNotFound { trace_id });
        }
        let placed = tree::place(&skeleton.nodes);
        let page: Vec<Placed> =
            placed.iter().skip(place.offset).take(request.limit).copied().collect();
        let next = place.offset.saturating_add(page.len());
        let orphans = placed.iter().filter(|p| p.cut == Some(Cut::Orphan)).count();
        let spans = self.spans(&snapshot, request, &skeleton.nodes, &page).await?;
        Ok(TraceView {
            trace_id,
            span_count: placed.len(),
            error_count: skeleton.errors,
            orphan_count: orphans,
            start_time: rfc3339(skeleton.start),
            start_unix_nano: skeleton.start,
            duration_ns: skeleton.end.saturating_sub(skeleton.start),
            spans,
            next_cursor: (next < placed.len()).then(|| format!("{next}.{}", place.watermark)),
        })
    }

    async fn skeleton(&self, snapshot: &Snapshot, filter: Expr) -> Result<Skeleton, QueryError> {
        let limit = self.config.trace_spans_max;
        let columns = SKELETON_COLUMNS.map(col);
        let build = move |frame: DataFrame| {
            frame.filter(filter)?.select(columns.to_vec())?.limit(0, Some(limit + 1))
        };
        let batches = self.collect(snapshot, build).await?;
        let mut skeleton = Skeleton { start: i64::MAX, end: i64::MIN, ..Skeleton::default() };
        for batch in &batches {
            skeleton.read(batch)?;
        }
        if skeleton.nodes.len() > limit {
            return Err(QueryError::TraceTooLarge { limit });
        }
        Ok(skeleton)
    }

    /// The spans of a page, in its order.
    async fn spans(
        &self,
        snapshot: &Snapshot,
        request: &TraceRequest,
        nodes: &[Node],
        page: &[Placed],
    ) -> Result<Vec<SpanView>, QueryError> {
        let on_page: HashMap<i64, &Placed> = page
            .iter()
            .filter_map(|placed| Some((nodes.get(placed.index)?.record_id, placed)))
            .collect();
        if on_page.is_empty() {
            return Ok(Vec::new());
        }
        let ids = on_page.keys().map(|id| lit(*id)).collect();
        let filter = id_is(request.trace_id).and(col("record_id").in_list(ids, false));
        let full = request.detail == Detail::Full;
        let build = move |frame: DataFrame| {
            let columns = SUMMARY_COLUMNS.iter().chain(if full { &FULL_COLUMNS[..] } else { &[] });
            frame.filter(filter)?.select(columns.map(|name| col(*name)).collect::<Vec<_>>())
        };
        let mut views = HashMap::with_capacity(page.len());
        for batch in self.collect(snapshot, build).await? {
            read_spans(&batch, &on_page, full, &mut views)?;
        }
        let in_order =
            page.iter().filter_map(|placed| views.remove(&nodes.get(placed.index)?.record_id));
        Ok(in_order.collect())
    }
}

const SKELETON_COLUMNS: [&str; 6] =
    ["span_id", "parent_span_id", "start_unix_nano", "duration_ns", "record_id", "status_code"];
const SUMMARY_COLUMNS: [&str; 10] = [
    "record_id",
    "span_id",
    "parent_span_id",
    "name",
    "kind",
    "service_name",
    "start_unix_nano",
    "duration_ns",
    "status_code",
    "status_message",
];
const FULL_COLUMNS: [&str; 6] =
    ["attributes", "events", "links", "resource", "scope_name", "scope_version"];

pub(super) fn id_is(id: TraceId) -> Expr {
    col("trace_id").eq(lit(ScalarValue::BinaryView(Some(id.0.to_vec()))))
}

impl Skeleton {
    fn read(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let columns = Columns(batch);
        let (spans, parents) = (columns.ids("span_id")?, columns.ids("parent_span_id")?);
        let (starts, durations) = (columns.ints("start_unix_nano")?, columns.ints("duration_ns")?);
        let records = columns.ints("record_id")?;
        let codes = columns.texts("status_code")?;
        self.errors += codes.iter().filter(|code| *code == Some("error")).count();
        for row in 0..batch.num_rows() {
            let (start, duration) = (starts.value(row), durations.value(row));
            self.start = self.start.min(start);
            self.end = self.end.max(end_of(start, duration));
            self.nodes.push(Node {
                span_id: rows::id(spans, row).unwrap_or_default(),
                parent: rows::id(parents, row),
                start,
                record_id: records.value(row),
            });
        }
        Ok(())
    }
}

fn read_spans(
    batch: &RecordBatch,
    on_page: &HashMap<i64, &Placed>,
    full: bool,
    views: &mut HashMap<i64, SpanView>,
) -> Result<(), QueryError> {
    let columns = Columns(batch);
    let records = columns.ints("record_id")?;
    let (spans, parents) = (columns.ids("span_id")?, columns.ids("parent_span_id")?);
    let (names, kinds) = (columns.texts("name")?, columns.texts("kind")?);
    let services = columns.texts("service_name")?;
    let (starts, durations) = (columns.ints("start_unix_nano")?, columns.ints("duration_ns")?);
    let (codes, messages) = (columns.texts("status_code")?, columns.texts("status_message")?);
    for row in 0..batch.num_rows() {
        let record_id = records.value(row);
        let Some(placed) = on_page.get(&record_id) else { continue };
        let parent = rows::id(parents, row).map(|id| SpanId(id).to_string());
        let orphan = placed.cut == Some(Cut::Orphan);
        let view = SpanView {
            span_id: SpanId(rows::id(spans, row).unwrap_or_default()).to_string(),
            missing_parent: parent.clone().filter(|_| orphan),
            parent_span_id: parent,
            depth: placed.depth,
            child_count: placed.children,
            orphan,
            cycle: placed.cut == Some(Cut::Cycle),
            duplicate: placed.duplicate,
            record_id,
            name: rows::text(names, row).unwrap_or_default(),
            kind: rows::text(kinds, row).unwrap_or_default(),
            service_name: rows::text(services, row).unwrap_or_default(),
            start_time: rfc3339(starts.value(row)),
            start_unix_nano: starts.value(row),
            duration_ns: durations.value(row),
            status_code: rows::text(codes, row).unwrap_or_default(),
            status_message: rows::text(messages, row),
            full: full.then(|| detail(&columns, row)).transpose()?,
        };
        views.insert(record_id, view);
    }
    Ok(())
}

fn detail(columns: &Columns<'_>, row: usize) -> Result<SpanDetail, QueryError> {
    let text = |name| Ok::<_, QueryError>(rows::text(columns.texts(name)?, row));
    let json = |name| {
        let text: Option<String> = text(name)?;
        text.map(RawValue::from_string).transpose().map_err(QueryError::internal)
    };
    Ok(SpanDetail {
        attributes: json("attributes")?,
        events: json("events")?,
        links: json("links")?,
        resource: json("resource")?,
        scope_name: text("scope_name")?,
        scope_version: text("scope_version")?,
    })
}

#[cfg(test)]
mod tests;
