//! The first look at every statement: what would write, or change more than this connection's own
//! display settings, is refused before anything else sees it.

use async_trait::async_trait;
use datafusion::common::ParamValues;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as ParserStatement;
use datafusion::sql::sqlparser::ast::{
    ContextModifier, Set, Statement, TransactionAccessMode, TransactionMode,
};
use datafusion_postgres::QueryHook;
use datafusion_postgres::hooks::HookClient;
use pgwire::api::ClientInfo;
use pgwire::api::results::Response;
use pgwire::error::{PgWireError, PgWireResult};

use crate::error::{code, error};
use crate::settings::check_value;

/// Settings that clients set at connect and that change nothing but how values are shown.
const SETTABLE: [&str; 12] = [
    "application_name",
    "bytea_output",
    "client_encoding",
    "client_min_messages",
    "datestyle",
    "extra_float_digits",
    "intervalstyle",
    "lc_messages",
    "search_path",
    "standard_conforming_strings",
    "statement_timeout",
    "timezone",
];

/// Refuses statements; answers none.
#[derive(Debug)]
pub(crate) struct Guard;

/// Checks a text before anything parses it: parsing cannot be interrupted, and some short texts
/// would take it for ever.
///
/// # Errors
/// SQLSTATE 54000 for a text that is too long, has too many operators or is nested too deeply.
pub(crate) fn check_text(text: &str) -> Result<(), PgWireError> {
    let limits = telltale_query::QueryConfig::default();
    telltale_query::guard::check_text(text, limits.text_bytes_max, limits.operators_max)
        .map_err(|refused| error(code::PROGRAM_LIMIT, refused.to_string()))
}

/// Checks one statement.
///
/// # Errors
/// SQLSTATE 25006 for a statement that does more than read, 0A000 for a setting that is not the
/// connection's own.
pub(crate) fn check(statement: &Statement) -> Result<(), PgWireError> {
    match statement {
        Statement::Set(set) => check_set(set),
        Statement::StartTransaction { modes, .. } => check_modes(modes),
        // Clients wrap reads in transactions; there is nothing to commit. Poolers clear a connection
        // before they hand it on.
        Statement::Commit { .. }
        | Statement::Rollback { .. }
        | Statement::Deallocate { .. }
        | Statement::Reset(_)
        | Statement::Discard { .. } => Ok(()),
        other => {
            let wrapped = ParserStatement::Statement(Box::new(other.clone()));
            telltale_query::guard::check_statement(&wrapped)
                .map_err(|refused| error(code::READ_ONLY, refused.to_string()))
        }
    }
}

fn check_set(set: &Set) -> Result<(), PgWireError> {
    let allowed = match set {
        Set::SingleAssignment { variable, values, scope, .. } => {
            let name = variable.to_string().to_ascii_lowercase();
            check_value(&name, values)?;
            // The end of a transaction puts nothing back.
            let ends = name == "statement_timeout" && *scope == Some(ContextModifier::Local);
            SETTABLE.contains(&name.as_str()) && !ends
        }
        Set::SetTransaction { modes, .. } => return check_modes(modes),
        Set::SetTimeZone { .. } | Set::SetNames { .. } => true,
        _ => false,
    };
    if allowed {
        Ok(())
    } else {
        let message = format!("`{set}` is not allowed: only display settings can be set");
        Err(error(code::NOT_SUPPORTED, message))
    }
}

fn check_modes(modes: &[TransactionMode]) -> Result<(), PgWireError> {
    if modes.contains(&TransactionMode::AccessMode(TransactionAccessMode::ReadWrite)) {
        let message = "transactions are read-only here: READ WRITE is not allowed";
        return Err(error(code::READ_ONLY, message));
    }
    Ok(())
}

#[async_trait]
impl QueryHook for Guard {
    async fn handle_simple_query(
        &self,
        statement: &Statement,
        _session: &SessionContext,
        _client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        check(statement).err().map(Err)
    }

    async fn handle_extended_parse_query(
        &self,
        statement: &Statement,
        _session: &SessionContext,
        _client: &(dyn ClientInfo + Send + Sync),
    ) -> Option<PgWireResult<LogicalPlan>> {
        check(statement).err().map(Err)
    }

    async fn handle_extended_query(
        &self,
        statement: &Statement,
        _plan: &LogicalPlan,
        _params: &ParamValues,
        _session: &SessionContext,
        _client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        check(statement).err().map(Err)
    }
}

#[cfg(test)]
mod tests;
