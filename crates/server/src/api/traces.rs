//! `/api/v1/traces`: find traces, read one.

use axum::Json;
use axum::extract::{Extension, Path, RawQuery, State};
use telltale_base::TraceId;

use super::params::Params;
use super::timed::Timed;
use crate::auth::Principal;
use crate::fault::Fault;
use crate::ports::{SpanStatus, TracePage, TraceRequest, TraceSearch, TraceView};
use crate::state::Shared;
use crate::wire::Problem;

const SEARCH_LIMIT_DEFAULT: usize = 50;
const SEARCH_LIMIT_MAX: usize = 1_000;
const SPANS_LIMIT_DEFAULT: usize = 1_000;
const SPANS_LIMIT_MAX: usize = 5_000;
/// Most attribute predicates of one search.
const ATTRIBUTES_MAX: usize = 16;

/// Finds traces with a span to which all filters apply, newest first.
#[utoipa::path(
    get, path = "/api/v1/traces", tag = "traces", operation_id = "search_traces",
    params(
        ("from" = Option<String>, Query, description = "Spans that start at or after this time: RFC 3339 or nanoseconds since 1970"),
        ("to" = Option<String>, Query, description = "Spans that start before this time"),
        ("service" = Option<String>, Query, description = "Service name"),
        ("name" = Option<String>, Query, description = "Span name"),
        ("status" = Option<String>, Query, description = "`unset`, `ok` or `error`"),
        ("min_duration_ns" = Option<i64>, Query, description = "Least duration of the span"),
        ("max_duration_ns" = Option<i64>, Query, description = "Greatest duration of the span"),
        ("attribute" = Option<Vec<String>>, Query, description = "`key=value`; up to 16 times"),
        ("limit" = Option<usize>, Query, description = "Traces a page; 50 by default, at most 1000"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = TracePage), (status = "4XX", body = Problem))
)]
pub(crate) async fn search(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    RawQuery(query): RawQuery,
) -> Result<Json<TracePage>, Fault> {
    let search = parse_search(query.as_deref())?;
    let timed = Timed::start(&shared, "traces");
    Ok(Json(timed.done(shared.queries.search_traces(&principal.project, search).await)?))
}

fn parse_search(query: Option<&str>) -> Result<TraceSearch, Fault> {
    const KNOWN: [&str; 10] = [
        "from",
        "to",
        "service",
        "name",
        "status",
        "min_duration_ns",
        "max_duration_ns",
        "attribute",
        "limit",
        "cursor",
    ];
    let mut params = Params::parse(query, &KNOWN)?;
    let status = match params.one("status")?.as_deref() {
        None => None,
        Some("unset") => Some(SpanStatus::Unset),
        Some("ok") => Some(SpanStatus::Ok),
        Some("error") => Some(SpanStatus::Error),
        Some(other) => {
            return Err(Fault::invalid(format!("status is {other:?}, not unset, ok or error")));
        }
    };
    let attributes = params.all("attribute");
    if attributes.len() > ATTRIBUTES_MAX {
        return Err(Fault::invalid(format!("attribute is given more than {ATTRIBUTES_MAX} times")));
    }
    let pair = |text: &String| {
        let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
        pair.map(|(key, value)| (key.to_owned(), value.to_owned()))
            .ok_or_else(|| Fault::invalid(format!("attribute is {text:?}, not key=value")))
    };
    Ok(TraceSearch {
        from: params.time("from")?,
        to: params.time("to")?,
        service: params.one("service")?,
        name: params.one("name")?,
        status,
        duration_ns_min: params.parsed("min_duration_ns", "a number of nanoseconds")?,
        duration_ns_max: params.parsed("max_duration_ns", "a number of nanoseconds")?,
        attributes: attributes.iter().map(pair).collect::<Result<_, _>>()?,
        limit: params.limit(SEARCH_LIMIT_DEFAULT, SEARCH_LIMIT_MAX)?,
        cursor: params.one("cursor")?,
    })
}

/// One trace as a tree, in pages.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}", tag = "traces", operation_id = "get_trace",
    params(
        ("trace_id" = String, Path, description = "32 hex digits"),
        ("detail" = Option<String>, Query, description = "`summary`, or `full` for attributes, events, links, resource and scope too"),
        ("limit" = Option<usize>, Query, description = "Spans a page; 1000 by default, at most 5000"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = TraceView), (status = "4XX", body = Problem))
)]
pub(crate) async fn get(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    Path(trace_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<TraceView>, Fault> {
    let trace_id: TraceId = trace_id
        .parse()
        .map_err(|error| Fault::invalid(format!("the trace id is {trace_id:?}: {error}")))?;
    let mut params = Params::parse(query.as_deref(), &["detail", "limit", "cursor"])?;
    let full = match params.one("detail")?.as_deref() {
        None | Some("summary") => false,
        Some("full") => true,
        Some(other) => {
            return Err(Fault::invalid(format!("detail is {other:?}, not summary or full")));
        }
    };
    let limit = params.limit(SPANS_LIMIT_DEFAULT, SPANS_LIMIT_MAX)?;
    let request = TraceRequest { trace_id, full, limit, cursor: params.one("cursor")? };
    let timed = Timed::start(&shared, "trace");
    Ok(Json(timed.done(shared.queries.trace(&principal.project, request).await)?))
}
