//! `/api/v1/genai`: what the rules of AI telemetry make of spans, and which attributes they do not
//! know.

use axum::Json;
use axum::extract::{Extension, Path, RawQuery, Request, State};
use serde::Serialize;
use telltale_base::{SpanId, TraceId};
use utoipa::ToSchema;

use super::params::Params;
use super::timed::Timed;
use crate::auth::Principal;
use crate::body;
use crate::fault::{Fault, Reason};
use crate::ports::{AttributeKey, AttributeQuery, Encoding, Explanation};
use crate::state::Shared;
use crate::wire::{JSON, PROTOBUF, Problem, media_type};

const LIMIT_DEFAULT: usize = 200;
const LIMIT_MAX: usize = 2_000;
/// Attributes of a table that are looked through: more than a catalogue keeps.
const LOOKED_THROUGH_MAX: usize = 10_000;
/// The tables whose records can be AI telemetry.
const TABLES: [&str; 4] = ["spans", "logs", "metrics", "histograms"];

/// Attributes that look like AI telemetry and that no rule is about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unmapped {
    /// By table, most frequent first.
    attributes: Vec<UnmappedAttribute>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnmappedAttribute {
    /// SQL name of the table whose records have it.
    table: &'static str,
    /// What the catalogue says of it.
    #[serde(flatten)]
    attribute: AttributeKey,
}

/// Explains the AI spans of an OTLP export of traces, which is not stored.
#[utoipa::path(
    post, path = "/api/v1/genai/explain", tag = "genai", operation_id = "explain_export",
    request_body(
        description = "An export request of traces, as sent to /v1/traces",
        content((Vec<u8> = "application/x-protobuf"), (serde_json::Value = "application/json"))
    ),
    responses((status = 200, body = Explanation), (status = "4XX", body = Problem))
)]
pub(crate) async fn explain(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Json<Explanation>, Fault> {
    let media = media_type(request.headers()).unwrap_or_default();
    let encoding = match media {
        _ if media.eq_ignore_ascii_case(JSON) => Encoding::Json,
        _ if media.eq_ignore_ascii_case(PROTOBUF) => Encoding::Protobuf,
        _ => {
            let detail = format!("Content-Type is {media:?}, not {PROTOBUF} or {JSON}");
            return Err(Fault::new(Reason::UnsupportedMedia, detail));
        }
    };
    let limits = shared.body_limits(shared.config.limits.api_body_bytes_max);
    let mut share = shared.in_flight.share();
    let body = body::read(request.into_body(), limits, &mut share).await?;
    let timed = Timed::start(&shared, "explain");
    Ok(Json(timed.done(shared.dialects.explain(encoding, body).await)?))
}

/// Explains a stored span by the rules of now.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}/spans/{span_id}/explain", tag = "genai",
    operation_id = "explain_span",
    params(
        ("trace_id" = String, Path, description = "32 hex digits"),
        ("span_id" = String, Path, description = "16 hex digits"),
    ),
    responses((status = 200, body = Explanation), (status = "4XX", body = Problem))
)]
pub(crate) async fn explain_span(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    Path((trace_id, span_id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<Explanation>, Fault> {
    Params::parse(query.as_deref(), &[])?;
    let trace_id: TraceId = trace_id
        .parse()
        .map_err(|error| Fault::invalid(format!("the trace id is {trace_id:?}: {error}")))?;
    let span_id: SpanId = span_id
        .parse()
        .map_err(|error| Fault::invalid(format!("the span id is {span_id:?}: {error}")))?;
    let timed = Timed::start(&shared, "explain");
    let explained = shared.dialects.explain_span(&principal.project, trace_id, span_id).await;
    Ok(Json(timed.done(explained)?))
}

/// Attributes that look like AI telemetry and have no rule: what a new dialect looks like.
#[utoipa::path(
    get, path = "/api/v1/genai/unmapped", tag = "genai", operation_id = "list_unmapped",
    params(("limit" = Option<usize>, Query, description = "Most attributes a table; 200 by default, at most 2000")),
    responses((status = 200, body = Unmapped), (status = "4XX", body = Problem))
)]
pub(crate) async fn unmapped(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    RawQuery(query): RawQuery,
) -> Result<Json<Unmapped>, Fault> {
    let mut params = Params::parse(query.as_deref(), &["limit"])?;
    let limit = params.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    let timed = Timed::start(&shared, "unmapped");
    let mut attributes = Vec::new();
    for table in TABLES {
        let all = AttributeQuery {
            table: table.to_owned(),
            key: None,
            prefix: None,
            limit: LOOKED_THROUGH_MAX,
        };
        let found = shared.queries.attributes(&principal.project, all).await?;
        let unknown = found.keys.into_iter().filter(|a| shared.dialects.is_unmapped(&a.key));
        attributes
            .extend(unknown.take(limit).map(|attribute| UnmappedAttribute { table, attribute }));
    }
    Ok(Json(timed.done(Ok::<_, Fault>(Unmapped { attributes }))?))
}
