//! `GET /api/v1/schema`: the tables, for people and for completion.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ports::TableInfo;
use crate::state::Shared;

/// What SQL sees.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Schema {
    /// The tables.
    tables: Vec<TableInfo>,
}

/// The tables, their columns, types and meaning.
#[utoipa::path(
    get, path = "/api/v1/schema", tag = "query", operation_id = "get_schema",
    responses((status = 200, body = Schema))
)]
pub(crate) async fn get(State(shared): State<Shared>) -> Json<Schema> {
    Json(Schema { tables: shared.queries.schema() })
}
