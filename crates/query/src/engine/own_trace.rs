//! The spans of a query: planning and running, children of the request's.
//!
//! They name the kind of statement and count rows. The text of a statement stays out, and so do
//! names in it: any literal, alias or attribute key may be what a user looks for.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use tracing::Span;
use tracing::field::Empty;

use crate::error::QueryError;

/// From the text to a plan that can run.
pub(super) fn plan_span() -> Span {
    tracing::info_span!(
        "query.plan",
        otel.status_code = Empty,
        db.operation.name = Empty,
        error.type = Empty
    )
}

/// From the plan to the last row, or until nobody wants more.
#[derive(Debug)]
pub(super) struct Run {
    span: Span,
    rows: usize,
    rows_max: usize,
}

impl Run {
    /// Begins; `parent` is the span of who asked.
    pub(super) fn begin(parent: &Span, rows_max: usize) -> Self {
        let span = tracing::info_span!(
            parent: parent,
            "query.run",
            otel.status_code = Empty,
            db.response.returned_rows = Empty,
            error.type = Empty
        );
        Self { span, rows: 0, rows_max }
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Notes rows that were let out.
    pub(super) fn add(&mut self, rows: usize) {
        self.rows = self.rows.saturating_add(rows).min(self.rows_max);
    }

    pub(super) fn end<T>(self, result: Result<T, QueryError>) -> Result<T, QueryError> {
        ended(&self.span, result)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let rows = i64::try_from(self.rows).unwrap_or(i64::MAX);
        self.span.record("db.response.returned_rows", rows);
    }
}

/// Notes what kind of statement is planned.
pub(super) fn statement(span: &Span, statement: &Statement) {
    span.record("db.operation.name", kind(statement));
}

/// Notes how a part of a query ended.
pub(super) fn ended<T>(span: &Span, result: Result<T, QueryError>) -> Result<T, QueryError> {
    if let Err(error) = &result {
        span.record("error.type", error.kind().name());
        span.record("otel.status_code", "ERROR");
    }
    result
}

fn kind(statement: &Statement) -> &'static str {
    match statement {
        Statement::Explain(_) => "EXPLAIN",
        Statement::Statement(statement) => match statement.as_ref() {
            SqlStatement::Query(_) => "SELECT",
            SqlStatement::Explain { .. } => "EXPLAIN",
            SqlStatement::ExplainTable { .. } => "DESCRIBE",
            _ => "SHOW",
        },
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests;
