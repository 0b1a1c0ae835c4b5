//! Traces: finding them and showing one as a tree.

mod page;
mod rows;
mod search;
mod span;
mod tree;

pub use page::{Detail, SpanDetail, SpanView, TraceRequest, TraceView};
pub use search::{TracePage, TraceSearch, TraceSummary};

use telltale_store::Snapshot;

/// RFC 3339 in UTC with nanoseconds.
fn rfc3339(nanos: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(nanos)
        .to_rfc3339_opts(chrono::SecondsFormat::Nanos, true)
}

/// The largest record id of a snapshot. Later arrivals have larger ids, so pages that ask for ids
/// up to the first page's one all see the same rows.
fn watermark(snapshot: &Snapshot) -> i64 {
    let memory = snapshot.memory.iter().filter_map(rows::record_id_max);
    let files = snapshot.files.iter().map(|file| file.record_max);
    memory.chain(files).max().unwrap_or(i64::MIN)
}

/// The end of a span; a duration that points backwards ends it where it began.
fn end_of(start: i64, duration: i64) -> i64 {
    start.saturating_add(duration.max(0))
}
