//! The query engine as the server's answerer.

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use telltale_base::{ErrorKind, Project};
use telltale_query::encode::{Format, encode};
use telltale_query::{
    AttributeScopeName, AttributesRequest, Engine, QueryError, SqlLimits, Table, ValueCount,
};

use super::traces;
use crate::ports::{
    AttributeKey, AttributeQuery, AttributeValue, Attributes, ColumnInfo, Pieces, Queries,
    QueryStats, Refusal, SqlRequest, TableInfo, TracePage, TraceRequest, TraceSearch, TraceView,
};

#[async_trait]
impl Queries for Engine {
    async fn sql(
        &self,
        project: &Project,
        request: SqlRequest,
        format: Format,
    ) -> Result<Pieces, Refusal> {
        let request = telltale_query::SqlRequest {
            query: request.query,
            params: request.params,
            limits: SqlLimits::default(),
        };
        let rows = Engine::sql(self, project, request).await?;
        Ok(encode(rows, format).map(|piece| piece.map_err(Refusal::from)).boxed())
    }

    async fn search_traces(
        &self,
        project: &Project,
        search: TraceSearch,
    ) -> Result<TracePage, Refusal> {
        let page = Engine::search_traces(self, project, traces::search(search)).await?;
        Ok(traces::page(page))
    }

    async fn trace(&self, project: &Project, request: TraceRequest) -> Result<TraceView, Refusal> {
        let view = Engine::trace(self, project, traces::request(request)).await?;
        Ok(traces::view(view))
    }

    fn schema(&self) -> Vec<TableInfo> {
        let tables = Engine::schema(self).into_iter();
        tables
            .map(|table| TableInfo {
                name: table.name.to_owned(),
                description: table.description.to_owned(),
                columns: table.columns.into_iter().map(column).collect(),
            })
            .collect()
    }

    async fn attributes(
        &self,
        project: &Project,
        query: AttributeQuery,
    ) -> Result<Attributes, Refusal> {
        let table = Table::from_name(&query.table).ok_or_else(|| {
            let known = Table::ALL.map(Table::name).join(", ");
            let message = format!("there is no table {:?}; known are {known}", query.table);
            Refusal::new(ErrorKind::Invalid, message)
        })?;
        let AttributeQuery { key, prefix, limit, .. } = query;
        let request = AttributesRequest { table, key, prefix, limit };
        let found = Engine::attributes(self, project, request).await?;
        Ok(Attributes {
            keys: found.keys.into_iter().map(attribute).collect(),
            keys_left_out: found.keys_left_out,
            complete: found.complete,
        })
    }

    fn stats(&self) -> QueryStats {
        QueryStats { memory_bytes: self.memory_used(), panics: self.panics() }
    }
}

fn column(column: telltale_query::ColumnInfo) -> ColumnInfo {
    ColumnInfo {
        name: column.name,
        data_type: column.ty,
        nullable: column.nullable,
        description: column.description.to_owned(),
    }
}

fn attribute(info: telltale_query::AttributeInfo) -> AttributeKey {
    let scope = match info.scope {
        AttributeScopeName::Record => "record",
        AttributeScopeName::Resource => "resource",
    };
    let value = |value: ValueCount| AttributeValue {
        value: value.value,
        count: value.count,
        error: value.error,
    };
    AttributeKey {
        key: info.key,
        scope: scope.to_owned(),
        types: info.types.into_iter().map(str::to_owned).collect(),
        count: info.count,
        exact: info.exact,
        first_seen_unix_nano: info.first_seen_unix_nano.to_string(),
        last_seen_unix_nano: info.last_seen_unix_nano.to_string(),
        values: info.values.into_iter().map(value).collect(),
        other_values_max: info.other_values_max,
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        let kind = error.kind();
        if matches!(kind, ErrorKind::Internal | ErrorKind::Corrupt) {
            tracing::error!(%error, "a query failed");
        }
        let mut refusal = Self::new(kind, error.to_string());
        if matches!(error, QueryError::SetAside { .. }) {
            // The next answer is without the file.
            refusal.retry_after = Some(Duration::ZERO);
        }
        refusal
    }
}
