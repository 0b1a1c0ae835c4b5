//! Traces of the query engine as those of the API.

use telltale_query::{Detail, SpanDetail};

use crate::ports::{
    SpanNode, SpanStatus, TracePage, TraceRequest, TraceSearch, TraceSummary, TraceView,
};

pub(super) fn search(search: TraceSearch) -> telltale_query::TraceSearch {
    let status = search.status.map(|status| match status {
        SpanStatus::Unset => "unset",
        SpanStatus::Ok => "ok",
        SpanStatus::Error => "error",
    });
    telltale_query::TraceSearch {
        from: search.from,
        to: search.to,
        service: search.service,
        name: search.name,
        status: status.map(str::to_owned),
        min_duration_ns: search.duration_ns_min,
        max_duration_ns: search.duration_ns_max,
        attributes: search.attributes,
        limit: search.limit,
        cursor: search.cursor,
    }
}

pub(super) fn page(page: telltale_query::TracePage) -> TracePage {
    let traces = page.traces.into_iter().map(summary).collect();
    TracePage { traces, next_cursor: page.next_cursor }
}

fn summary(trace: telltale_query::TraceSummary) -> TraceSummary {
    TraceSummary {
        trace_id: trace.trace_id,
        name: trace.name,
        service_name: trace.service_name,
        root_missing: trace.root_missing,
        start_time: trace.start_time,
        start_unix_nano: trace.start_unix_nano.to_string(),
        duration_ns: trace.duration_ns,
        span_count: u64::try_from(trace.span_count).unwrap_or(0),
        error_count: u64::try_from(trace.error_count).unwrap_or(0),
        services: trace.services,
    }
}

pub(super) fn request(request: TraceRequest) -> telltale_query::TraceRequest {
    telltale_query::TraceRequest {
        trace_id: request.trace_id,
        detail: if request.full { Detail::Full } else { Detail::Summary },
        limit: request.limit,
        cursor: request.cursor,
    }
}

pub(super) fn view(view: telltale_query::TraceView) -> TraceView {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    TraceView {
        trace_id: view.trace_id,
        span_count: count(view.span_count),
        error_count: count(view.error_count),
        orphan_count: count(view.orphan_count),
        start_time: view.start_time,
        start_unix_nano: view.start_unix_nano.to_string(),
        duration_ns: view.duration_ns,
        spans: view.spans.into_iter().map(node).collect(),
        next_cursor: view.next_cursor,
    }
}

fn node(span: telltale_query::SpanView) -> SpanNode {
    let node = SpanNode {
        span_id: span.span_id,
        parent_span_id: span.parent_span_id,
        depth: span.depth,
        child_count: span.child_count,
        orphan: span.orphan,
        missing_parent: span.missing_parent,
        cycle: span.cycle,
        duplicate: span.duplicate,
        record_id: span.record_id.to_string(),
        name: span.name,
        kind: span.kind,
        service_name: span.service_name,
        start_time: span.start_time,
        start_unix_nano: span.start_unix_nano.to_string(),
        duration_ns: span.duration_ns,
        status_code: span.status_code,
        status_message: span.status_message,
        ..SpanNode::default()
    };
    let Some(full) = span.full else { return node };
    let SpanDetail { attributes, events, links, resource, scope_name, scope_version } = full;
    SpanNode { attributes, events, links, resource, scope_name, scope_version, ..node }
}
