//! `POST /api/v1/sql`: one read-only statement, answered as JSON, CSV or an Arrow stream.

mod accept;

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header::{self, HeaderValue};
use serde::Deserialize;
use utoipa::ToSchema;

use super::json_body;
use super::timed::Timed;
use crate::auth::Principal;
use crate::fault::Fault;
use crate::metrics::QueryEnd;
use crate::ports::{Format, Pieces, SqlRequest};
use crate::state::Shared;
use crate::wire::Problem;

/// Bytes of an answer that are held back until the status is sent: an error that comes before them
/// is told with its status and reason. A later one breaks the connection off, so that half an answer
/// never passes for a whole one.
const HELD_BACK_BYTES: usize = 256 << 10;

/// A statement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SqlBody {
    /// One read-only SQL statement.
    #[schema(example = "SELECT name, count(*) FROM spans WHERE service_name = $1 GROUP BY name")]
    query: String,
    /// Values of `$1`, `$2`, ...
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    params: Vec<serde_json::Value>,
}

/// The answer as JSON.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what `encode` writes, for the OpenAPI document")]
pub(crate) struct SqlAnswer {
    /// The columns, in order.
    columns: Vec<SqlColumn>,
    /// The rows: one array of values each. Integers may exceed 2^53; NaN and infinities are text.
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<serde_json::Value>>,
    /// Rows in this answer.
    row_count: u64,
    /// Whether the limit of rows cut the answer off.
    truncated: bool,
}

/// A column of an answer.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what `encode` writes, for the OpenAPI document")]
pub(crate) struct SqlColumn {
    name: String,
    /// SQL type.
    #[schema(rename = "type")]
    data_type: String,
}

/// Runs one read-only statement over one project. The work stops when the client goes away.
#[utoipa::path(
    post, path = "/api/v1/sql", tag = "query", operation_id = "run_sql",
    request_body = SqlBody,
    responses(
        (status = 200, content(
            (SqlAnswer = "application/json"),
            (String = "text/csv"),
            (String = "application/vnd.apache.arrow.stream"),
        )),
        (status = "4XX", body = Problem),
        (status = "5XX", body = Problem),
    )
)]
pub(crate) async fn run(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    request: Request,
) -> Result<Response, Fault> {
    let format = accept::format(request.headers())?;
    let body: SqlBody = json_body(&shared, request).await?;
    let mut timed = Timed::start(&shared, "sql");
    let request = SqlRequest { query: body.query, params: body.params };
    let answer = match ask(&shared, &principal, request.clone(), format).await {
        // Nothing was sent yet, so that the client need not know.
        Err(fault) if fault.retry_after == Some(Duration::ZERO) => {
            ask(&shared, &principal, request, format).await
        }
        answer => answer,
    };
    let ((first, whole), pieces) = match answer {
        Ok(answer) => answer,
        Err(fault) => {
            timed.end(QueryEnd::Refused);
            return Err(fault);
        }
    };
    let body = if whole {
        timed.end(QueryEnd::Done);
        Body::from(first)
    } else {
        streamed(first, pieces, timed)
    };
    let mut response = Response::new(body);
    let media = HeaderValue::from_static(format.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// The beginning of an answer, whether it is all, and the rest.
async fn ask(
    shared: &Shared,
    principal: &Principal,
    request: SqlRequest,
    format: Format,
) -> Result<((Vec<u8>, bool), Pieces), Fault> {
    let mut pieces = shared.queries.sql(&principal.project, request, format).await?;
    Ok((hold_back(&mut pieces).await?, pieces))
}

/// The first pieces, and whether they are all.
async fn hold_back(pieces: &mut Pieces) -> Result<(Vec<u8>, bool), Fault> {
    let mut first = Vec::new();
    while first.len() < HELD_BACK_BYTES {
        match pieces.next().await {
            Some(piece) => first.extend_from_slice(&piece?),
            None => return Ok((first, true)),
        }
    }
    Ok((first, false))
}

fn streamed(first: Vec<u8>, pieces: Pieces, timed: Timed) -> Body {
    let first = stream::once(async move { Ok::<_, io::Error>(Bytes::from(first)) });
    let rest = stream::try_unfold((pieces, timed), |(mut pieces, mut timed)| async move {
        match pieces.next().await {
            Some(Ok(piece)) => Ok(Some((piece, (pieces, timed)))),
            None => {
                timed.end(QueryEnd::Done);
                Ok(None)
            }
            Some(Err(refusal)) => {
                timed.end(QueryEnd::Refused);
                tracing::warn!(reason = refusal.message, "an answer broke off after it had begun");
                Err(io::Error::other(refusal.message))
            }
        }
    });
    Body::from_stream(first.chain(rest))
}
