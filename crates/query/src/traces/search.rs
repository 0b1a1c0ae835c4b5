//! Search: the newest traces that have a matching span, page by page.
//!
//! A trace stands where its newest matching span starts. Pages are keyed by (that start, trace id)
//! and see the rows that the first page saw: the cursor carries the largest record id of then, and
//! later arrivals have larger ones.

mod cursor;
mod summary;

use std::collections::{HashMap, HashSet};

use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::prelude::ident;
use datafusion_functions_json::functions::json_as_text;
use serde::Serialize;
use telltale_base::{Project, TraceId, UnixNanos};
use telltale_schema::Table;
use telltale_store::Snapshot;

use super::rows::{self, Columns};
use super::watermark;
use crate::damage::anew;
use crate::engine::Engine;
use crate::error::QueryError;
use cursor::Cursor;

pub use summary::TraceSummary;

/// Prefix of attribute keys that ask for the resource.
const RESOURCE: &str = "resource.";
/// Matching spans that the first round looks at, for each trace wanted.
const SPANS_A_TRACE: usize = 8;
/// Matching spans that one round looks at, at most.
const ROUND_SPANS_MAX: usize = 65_536;

/// What to look for. All conditions hold for one and the same span.
#[derive(Clone, Debug, Default)]
pub struct TraceSearch {
    /// Spans that start at this time or later.
    pub from: Option<UnixNanos>,
    /// Spans that start before this time.
    pub to: Option<UnixNanos>,
    /// `service.name` of the span's resource.
    pub service: Option<String>,
    /// Name of the span.
    pub name: Option<String>,
    /// `unset`, `ok` or `error`.
    pub status: Option<String>,
    /// Shortest duration.
    pub min_duration_ns: Option<i64>,
    /// Longest duration.
    pub max_duration_ns: Option<i64>,
    /// Attributes and their values as text. Keys that begin with `resource.` are those of the
    /// resource.
    pub attributes: Vec<(String, String)>,
    /// Traces in the page.
    pub limit: usize,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// One page of a search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracePage {
    /// Newest first.
    pub traces: Vec<TraceSummary>,
    /// Asks for the next page; none when this is the last.
    pub next_cursor: Option<String>,
}

/// Where a trace stands among the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    start: i64,
    trace_id: TraceId,
}

impl Engine {
    /// Finds traces, newest first by the start of their newest matching span.
    ///
    /// # Errors
    /// When a field is out of range, the cursor is foreign, or a limit is met.
    pub async fn search_traces(
        &self,
        project: &Project,
        search: TraceSearch,
    ) -> Result<TracePage, QueryError> {
        anew(|| self.search_once(project, &search)).await
    }

    async fn search_once(
        &self,
        project: &Project,
        search: &TraceSearch,
    ) -> Result<TracePage, QueryError> {
        let most = self.config.traces_page_max;
        if search.limit == 0 || search.limit > most {
            return Err(QueryError::Field {
                field: "limit",
                message: format!("must be from 1 to {most}"),
            });
        }
        let _slot = self.slot()?;
        let cursor = search.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
        let snapshot = self.source.snapshot(project, Table::Spans);
        let watermark = cursor.map_or_else(|| watermark(&snapshot), |cursor| cursor.watermark);
        let run = Run {
            engine: self,
            matching: conditions(search),
            visible: cursor.map(|_| col("record_id").lt_eq(lit(watermark))),
            after: cursor.map(|cursor| cursor.key),
            snapshot,
        };
        let mut traces = run.traces(search.limit + 1).await?;
        let more = traces.len() > search.limit;
        traces.truncate(search.limit);
        let last = traces.last().filter(|_| more).map(|trace| trace.key);
        let next_cursor = last.map(|key| Cursor { key, watermark }.to_string());
        Ok(TracePage { traces, next_cursor })
    }
}

/// The conditions on one span, over stored columns.
fn conditions(search: &TraceSearch) -> Vec<Expr> {
    let text = |column: &str, value: &Option<String>| {
        value.as_ref().map(|value| col(column).eq(view(value)))
    };
    let start = || col("start_unix_nano");
    let duration = || col("duration_ns");
    let fixed = [
        search.from.map(|from| start().gt_eq(lit(from.0))),
        search.to.map(|to| start().lt(lit(to.0))),
        text("service_name", &search.service),
        text("name", &search.name),
        text("status_code", &search.status),
        search.min_duration_ns.map(|least| duration().gt_eq(lit(least))),
        search.max_duration_ns.map(|most| duration().lt_eq(lit(most))),
    ];
    let attributes = search.attributes.iter().map(|(key, value)| {
        let (column, key) = match key.strip_prefix(RESOURCE) {
            Some(key) => ("resource", key),
            None => ("attributes", key.as_str()),
        };
        json_as_text(ident(column), lit(key)).eq(lit(value.as_str()))
    });
    fixed.into_iter().flatten().chain(attributes).collect()
}

fn view(text: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(text.to_owned())))
}

fn id_literal(id: TraceId) -> Expr {
    lit(ScalarValue::BinaryView(Some(id.0.to_vec())))
}

fn all(conditions: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    conditions.into_iter().reduce(Expr::and)
}

/// One page in the making.
struct Run<'a> {
    engine: &'a Engine,
    snapshot: Snapshot,
    matching: Vec<Expr>,
    /// Rows of the first page; none on the first page, whose snapshot says it all.
    visible: Option<Expr>,
    after: Option<Key>,
}

impl Run<'_> {
    /// The first `wanted` traces after the cursor. Each round looks at the newest matching spans of
    /// traces not met yet; few rounds are needed unless traces have very many of them.
    async fn traces(&self, wanted: usize) -> Result<Vec<TraceSummary>, QueryError> {
        let mut found = Vec::new();
        let mut met = HashSet::new();
        let mut upper = self.after.map(|key| key.start);
        let mut size = (wanted * SPANS_A_TRACE).min(ROUND_SPANS_MAX);
        while found.len() < wanted {
            let spans = self.newest_spans(upper, &met, size).await?;
            let (new, all_taken) = take_new(&spans, &mut met, wanted - found.len());
            let Some(last) = new.last() else { break };
            upper = if all_taken { spans.last().map(|key| key.start) } else { Some(last.start) };
            found.extend(self.summaries(&new).await?);
            if all_taken && spans.len() < size {
                break;
            }
            size = (size * 4).min(ROUND_SPANS_MAX);
        }
        Ok(found)
    }

    /// Starts and traces of the newest matching spans, newest first.
    async fn newest_spans(
        &self,
        upper: Option<i64>,
        met: &HashSet<TraceId>,
        size: usize,
    ) -> Result<Vec<Key>, QueryError> {
        let (start, trace) = (|| col("start_unix_nano"), || col("trace_id"));
        let after = self.after.map(|key| {
            let same = start().eq(lit(key.start)).and(trace().lt(id_literal(key.trace_id)));
            start().lt(lit(key.start)).or(same)
        });
        let bound = upper.map(|upper| start().lt_eq(lit(upper)));
        let met = met.iter().map(|id| id_literal(*id)).collect::<Vec<_>>();
        let unmet = (!met.is_empty()).then(|| trace().in_list(met, true));
        let conditions =
            self.matching.iter().cloned().chain(self.visible.clone()).chain(after).chain(bound);
        let filter = all(conditions.chain(unmet));
        let build = move |frame: DataFrame| {
            let frame = filter.into_iter().try_fold(frame, DataFrame::filter)?;
            frame
                .select(vec![start(), trace()])?
                .sort(vec![start().sort(false, false), trace().sort(false, false)])?
                .limit(0, Some(size))
        };
        let batches = self.engine.collect(&self.snapshot, build).await?;
        let mut keys = Vec::new();
        for batch in &batches {
            let columns = Columns(batch);
            let (starts, traces) = (columns.ints("start_unix_nano")?, columns.ids("trace_id")?);
            keys.extend((0..batch.num_rows()).filter_map(|row| {
                let trace_id = TraceId(rows::id(traces, row)?);
                Some(Key { start: starts.value(row), trace_id })
            }));
        }
        Ok(keys)
    }

    /// Summaries in the order of `keys`, without traces that an earlier page has shown: those whose
    /// newest matching span is newer than the one met here.
    async fn summaries(&self, keys: &[Key]) -> Result<Vec<TraceSummary>, QueryError> {
        let ids = keys.iter().map(|key| id_literal(key.trace_id)).collect();
        let wanted = col("trace_id").in_list(ids, false);
        let filter = self.visible.clone().map_or(wanted.clone(), |visible| wanted.and(visible));
        let matching = all(self.matching.iter().cloned());
        let build = move |frame: DataFrame| summary::aggregate(frame.filter(filter)?, matching);
        let batches = self.engine.collect(&self.snapshot, build).await?;
        let mut summaries = HashMap::new();
        for batch in &batches {
            summary::read(batch, &mut summaries)?;
        }
        let shown_here = keys.iter().filter_map(|key| {
            let (newest, summary) = summaries.remove(&key.trace_id)?;
            (newest == key.start).then_some(summary)
        });
        Ok(shown_here.collect())
    }
}

/// The first spans of up to `most` traces that were not met, and whether those are all there are.
fn take_new(spans: &[Key], met: &mut HashSet<TraceId>, most: usize) -> (Vec<Key>, bool) {
    let mut new = Vec::new();
    for key in spans {
        if met.contains(&key.trace_id) {
            continue;
        }
        if new.len() == most {
            return (new, false);
        }
        met.insert(key.trace_id);
        new.push(*key);
    }
    (new, true)
}

#[cfg(test)]
mod tests;
