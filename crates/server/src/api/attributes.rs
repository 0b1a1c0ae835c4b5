//! `GET /api/v1/attributes`: which attributes and values there are, from the catalogue.

use axum::Json;
use axum::extract::{Extension, RawQuery, State};

use super::params::Params;
use super::timed::Timed;
use crate::auth::Principal;
use crate::fault::Fault;
use crate::ports::{AttributeQuery, Attributes};
use crate::state::Shared;
use crate::wire::Problem;

const LIMIT_DEFAULT: usize = 500;
const LIMIT_MAX: usize = 5_000;

/// Attribute keys, their types and frequent values; or the values of one key, for completion.
#[utoipa::path(
    get, path = "/api/v1/attributes", tag = "query", operation_id = "list_attributes",
    params(
        ("table" = Option<String>, Query, description = "SQL name of the table; `spans` by default"),
        ("key" = Option<String>, Query, description = "Only this key, with more of its values"),
        ("prefix" = Option<String>, Query,
            description = "Only keys that start with this; with `key`, only its values that do"),
        ("limit" = Option<usize>, Query,
            description = "Most keys, or values of `key`; 500 by default, at most 5000"),
    ),
    responses((status = 200, body = Attributes), (status = "4XX", body = Problem))
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    RawQuery(query): RawQuery,
) -> Result<Json<Attributes>, Fault> {
    let mut params = Params::parse(query.as_deref(), &["table", "key", "prefix", "limit"])?;
    let query = AttributeQuery {
        table: params.one("table")?.unwrap_or_else(|| "spans".to_owned()),
        key: params.one("key")?,
        prefix: params.one("prefix")?,
        limit: params.limit(LIMIT_DEFAULT, LIMIT_MAX)?,
    };
    let timed = Timed::start(&shared, "attributes");
    Ok(Json(timed.done(shared.queries.attributes(&principal.project, query).await)?))
}
