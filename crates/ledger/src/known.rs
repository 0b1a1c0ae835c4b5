//! Older reports, read back from the tables with the calls they were settled to.
//!
//! A stored row is written as OTLP and read again, which is the way that every record took when it
//! came: there is no second reading of attributes that could differ.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use telltale_base::{Project, Signal as Otlp, UnixNanos};
use telltale_genai::Rules;
use telltale_genai::ledger::{Booked, Call, LinkKey, Report, Signal, SpanIds, links};
use telltale_otlp::{Context, Limits};
use telltale_schema::Table;
use telltale_store::Scalar;

use crate::call::{key, row_of};
use crate::columns::call_scalars;
use crate::stored::calls_of;

/// Times that a closure is widened; what is tied together by more steps is not.
const STEPS_MAX: usize = 4;

/// Finds stored rows by what ties reports together.
#[async_trait]
pub trait Known: Send + Sync + fmt::Debug {
    /// Rows of `spans` and `logs` of the traces, calls that have one of the keys, and the rows that
    /// report those calls. Ids are bytes.
    async fn find(&self, project: &Project, keys: &BTreeSet<LinkKey>) -> Result<Found, String>;

    /// Whether nothing of the project is stored.
    fn is_empty(&self, project: &Project) -> bool;
}

/// Stored rows.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Rows that may report calls, as corrected.
    pub records: Vec<(Table, RecordBatch)>,
    /// Rows of `calls`, as corrected.
    pub calls: Vec<RecordBatch>,
    /// One row of `calls` of each kind that the services make.
    pub kinds: Vec<RecordBatch>,
}

/// The rows that report these calls.
pub fn reporting_rows(calls: &[RecordBatch]) -> Vec<(Table, i64)> {
    let calls = calls.iter().flat_map(calls_of);
    calls.flat_map(|(_, call)| call.reports).filter_map(row_of).collect()
}

/// The ids of rows.
pub fn record_ids(rows: &RecordBatch) -> Vec<i64> {
    let ids = rows.column_by_name("record_id");
    let ids = ids.and_then(|column| column.as_primitive_opt::<Int64Type>());
    ids.map(|ids| ids.values().to_vec()).unwrap_or_default()
}

/// What a book is taught.
#[derive(Debug, Default)]
pub(crate) struct Lesson {
    pub(crate) reports: Vec<(Report, Option<Booked>)>,
    pub(crate) kinds: Vec<Report>,
    /// The columns of calls as they are stored, by id.
    pub(crate) stored: HashMap<i64, Vec<(String, Scalar)>>,
}

/// Everything that is tied to the keys.
pub(crate) async fn lesson(
    known: &dyn Known,
    project: &Project,
    keys: &BTreeSet<LinkKey>,
    rules: &Arc<Rules>,
) -> Result<Lesson, String> {
    let mut asked: BTreeSet<LinkKey> = BTreeSet::new();
    let mut next = keys.clone();
    let mut reports: BTreeMap<u128, Report> = BTreeMap::new();
    let mut calls: HashMap<i64, Call> = HashMap::new();
    let mut stored: HashMap<i64, Vec<(String, Scalar)>> = HashMap::new();
    let mut kinds: Vec<Report> = Vec::new();
    for _ in 0..STEPS_MAX {
        if next.is_empty() {
            break;
        }
        let found = known.find(project, &next).await?;
        asked.append(&mut next);
        for (table, rows) in &found.records {
            for report in reports_of(*table, rows, rules)? {
                let wider = links(&report);
                let wider = wider.into_iter().filter(|key| !matches!(key, LinkKey::Service(_)));
                next.extend(wider.filter(|key| !asked.contains(key)));
                reports.insert(report.key, report);
            }
        }
        kinds.extend(found.kinds.iter().flat_map(calls_of).map(|(_, call)| kind(&call)));
        for rows in &found.calls {
            calls.extend(calls_of(rows));
            let places = record_ids(rows).into_iter().enumerate();
            stored.extend(places.map(|(place, id)| (id, call_scalars(rows, place))));
        }
    }
    let mut of: HashMap<u128, i64> = HashMap::new();
    for (id, call) in &calls {
        of.extend(call.reports.iter().map(|key| (*key, *id)));
    }
    // A call of which a report is missing would lose it when it is settled again.
    let whole = |call: &Call| call.reports.iter().all(|key| reports.contains_key(key));
    let left: HashSet<u128> = calls
        .values()
        .filter(|call| call.signal != Signal::Metric && !whole(call))
        .flat_map(|call| call.reports.iter().copied())
        .collect();
    let booked = |key: &u128| {
        let id = of.get(key)?;
        Some(Booked { id: *id, call: calls.get(id)?.clone() })
    };
    let reports = reports.into_iter().filter(|(key, report)| {
        !left.contains(key) && (!is_silent(report) || of.contains_key(key))
    });
    let reports = reports.map(|(key, report)| (report, booked(&key))).collect();
    Ok(Lesson { reports, kinds, stored })
}

/// What tells the kind of a call.
fn kind(call: &Call) -> Report {
    Report {
        service: Arc::clone(&call.service),
        family: Arc::clone(&call.family),
        request_model: call.request_model.clone(),
        response_model: call.response_model.clone(),
        tag: telltale_genai::Tag::Call,
        ..Report::default()
    }
}

/// The reports of stored rows, mere links included.
fn reports_of(table: Table, rows: &RecordBatch, rules: &Arc<Rules>) -> Result<Vec<Report>, String> {
    let signal = match table {
        Table::Spans => Otlp::Traces,
        Table::Logs => Otlp::Logs,
        Table::Metrics | Table::Histograms => Otlp::Metrics,
        Table::Calls => return Ok(Vec::new()),
    };
    let rules = Arc::clone(rules);
    let context = Context { arrival: UnixNanos(0), retention: None, limits: Limits::none(), rules };
    let ids = rows.column_by_name("record_id");
    let ids =
        ids.and_then(|c| c.as_primitive_opt::<Int64Type>()).ok_or("rows without record_id")?;
    let mut reports = Vec::new();
    // A row at a time, because encoding groups rows by resource and scope.
    for (place, record_id) in ids.values().iter().enumerate() {
        let row = rows.slice(place, 1);
        let body = telltale_otlp::encode(table, std::slice::from_ref(&row));
        let body = body.map_err(|e| e.to_string())?;
        let notes = telltale_otlp::notes(signal, &body, &context).map_err(|e| e.to_string())?;
        let key = key(table, *record_id);
        match notes.into_iter().next() {
            Some(note) => reports.push(Report { key, ..note.report }),
            None if table == Table::Spans => reports.extend(span_links(&row).map(|mut link| {
                link.1.key = key;
                link.1
            })),
            // It reports nothing by the rules of now; a call may rest on it all the same.
            None => reports.push(Report { key, signal: signal_of(table), ..Report::default() }),
        }
    }
    Ok(reports)
}

fn signal_of(table: Table) -> Signal {
    match table {
        Table::Spans | Table::Calls => Signal::Span,
        Table::Logs => Signal::Log,
        Table::Metrics | Table::Histograms => Signal::Metric,
    }
}

/// Whether a record reports nothing at all, not even a link.
fn is_silent(report: &Report) -> bool {
    report.signal != Signal::Span && report.family.is_empty() && report.metric.is_none()
}

/// Spans as mere links, with their places; keys are not set.
pub(crate) fn span_links(spans: &RecordBatch) -> impl Iterator<Item = (usize, Report)> + '_ {
    let ids = |name: &str| spans.column_by_name(name).and_then(|c| c.as_binary_view_opt());
    let ints =
        |name: &str| spans.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>());
    let (traces, own, parents) = (ids("trace_id"), ids("span_id"), ids("parent_span_id"));
    let (starts, durations) = (ints("start_unix_nano"), ints("duration_ns"));
    (0..spans.num_rows()).filter_map(move |place| {
        let id = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).unwrap_or_default();
        let parents = parents?;
        let ids = SpanIds {
            trace: traces?.value(place).try_into().map(u128::from_be_bytes).unwrap_or_default(),
            span: id(own?.value(place)),
            parent: if parents.is_null(place) { 0 } else { id(parents.value(place)) },
        };
        let start = starts?.value(place).cast_unsigned();
        let end = start.saturating_add(u64::try_from(durations?.value(place)).unwrap_or(0));
        Some((place, Report::link(0, ids, start, end)))
    })
}
