//! What a connection can set of itself, and what it is shown.
//!
//! Kept in the connection's metadata under the names that the library reads when it writes values.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::common::{DFSchema, ParamValues};
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::{
    ContextModifier, DiscardObject, Expr, Ident, Reset, Set, Statement,
};
use datafusion_postgres::QueryHook;
use datafusion_postgres::hooks::HookClient;
use futures::stream;
use pgwire::api::results::{DataRowEncoder, FieldFormat, FieldInfo, QueryResponse, Response, Tag};
use pgwire::api::{ClientInfo, Type};
use pgwire::error::{PgWireError, PgWireResult};

use crate::error::{code, error};

/// The version in the form that tools take the first number of.
pub(crate) const SERVER_VERSION: &str = concat!("17.0 (Telltale ", env!("CARGO_PKG_VERSION"), ")");

/// Where the library keeps a statement's time, in milliseconds.
const TIMEOUT_KEY: &str = "statement_timeout_ms";
const TIME_ZONE_KEY: &str = "timezone";

/// Settings that go back to what they were.
const KEPT: [&str; 8] = [
    "application_name",
    "bytea_output",
    "datestyle",
    "extra_float_digits",
    "intervalstyle",
    "search_path",
    TIMEOUT_KEY,
    TIME_ZONE_KEY,
];

/// Settings that the library shows by itself.
const SHOWN: [&str; 7] = [
    "application_name",
    "bytea_output",
    "datestyle",
    "extra_float_digits",
    "intervalstyle",
    "search_path",
    "transaction_isolation",
];

/// Schemas that names are looked up in anyway.
const SCHEMAS: [&str; 5] = ["public", "$user", "pg_catalog", "information_schema", ""];

/// Answers `SHOW`, `RESET`, `DISCARD`, and `SET` of what is honoured here.
#[derive(Debug)]
pub(crate) struct Settings;

/// The time that the connection allows a statement, if it set one.
pub(crate) fn statement_timeout<C: ClientInfo + ?Sized>(client: &C) -> Option<Duration> {
    let millis = client.metadata().get(TIMEOUT_KEY)?.parse().ok()?;
    Some(Duration::from_millis(millis))
}

/// Checks the value of a setting.
///
/// # Errors
/// For a value that would be ignored.
pub(crate) fn check_value(name: &str, values: &[Expr]) -> PgWireResult<()> {
    match name {
        "statement_timeout" => values.first().map_or(Ok(None), duration).map(drop),
        "search_path" => values.iter().try_for_each(|value| {
            let text = text(value);
            let mut schemas = text.split(',').map(|name| name.trim().trim_matches('"'));
            match schemas.find(|name| !SCHEMAS.contains(&name.to_ascii_lowercase().as_str())) {
                Some(name) => {
                    let message = format!("there is no schema {name:?}, only \"public\"");
                    Err(error(code::INVALID_SCHEMA, message))
                }
                None => Ok(()),
            }
        }),
        _ => Ok(()),
    }
}

fn text(value: &Expr) -> String {
    value.to_string().trim_matches(['\'', '"']).to_owned()
}

/// A time as PostgreSQL writes it: milliseconds unless it has a unit. Zero and `DEFAULT` are none.
fn duration(value: &Expr) -> PgWireResult<Option<Duration>> {
    let text = text(value).to_ascii_lowercase();
    if text == "default" {
        return Ok(None);
    }
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let millis = match unit.trim() {
        "" | "ms" => Some(1),
        "s" => Some(1_000),
        "min" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let millis = millis.zip(number.parse::<u64>().ok()).and_then(|(u, n)| n.checked_mul(u));
    match millis {
        Some(0) => Ok(None),
        Some(millis) => Ok(Some(Duration::from_millis(millis))),
        None => {
            let message = format!("{text:?} is not a time such as 5000, '5s' or '1min'");
            Err(error(code::INVALID_PARAMETER, message))
        }
    }
}

fn set(client: &mut dyn HookClient, set: &Set) -> Option<PgWireResult<Response>> {
    let Set::SingleAssignment {
        scope: None | Some(ContextModifier::Session),
        variable,
        values,
        ..
    } = set
    else {
        return None;
    };
    let value = values.first()?;
    let (key, value) = match variable.to_string().to_ascii_lowercase().as_str() {
        "statement_timeout" => match duration(value) {
            Ok(time) => (TIMEOUT_KEY, time.map(|time| time.as_millis().to_string())),
            Err(wrong) => return Some(Err(wrong)),
        },
        "timezone" => (TIME_ZONE_KEY, Some(text(value))),
        _ => return None,
    };
    match value {
        Some(value) => client.metadata_mut().insert(key.to_owned(), value),
        None => client.metadata_mut().remove(key),
    };
    Some(Ok(Response::Execution(Tag::new("SET"))))
}

fn reset(client: &mut dyn HookClient, reset: &Reset) {
    let name = match reset {
        Reset::ALL => None,
        Reset::ConfigurationParameter(name) => Some(name.to_string().to_ascii_lowercase()),
    };
    for key in KEPT {
        let named = key.trim_end_matches("_ms");
        if name.as_ref().is_none_or(|name| name == named) {
            client.metadata_mut().remove(key);
        }
    }
}

fn show(client: &dyn HookClient, variable: &[Ident]) -> Option<PgWireResult<Response>> {
    let words: Vec<String> = variable.iter().map(|word| word.value.to_ascii_lowercase()).collect();
    let name = words.join(" ");
    let value = match name.as_str() {
        "timezone" | "time zone" => {
            let zone = client.metadata().get(TIME_ZONE_KEY);
            return Some(row("TimeZone", zone.map_or("UTC", String::as_str)));
        }
        "statement_timeout" => statement_timeout(client)
            .map_or_else(|| "0".to_owned(), |time| format!("{}ms", time.as_millis())),
        "server_version" => SERVER_VERSION.to_owned(),
        "server_version_num" => "170000".to_owned(),
        "server_encoding" | "client_encoding" => "UTF8".to_owned(),
        "standard_conforming_strings"
        | "integer_datetimes"
        | "transaction_read_only"
        | "default_transaction_read_only" => "on".to_owned(),
        "is_superuser" | "in_hot_standby" => "off".to_owned(),
        "transaction isolation level" => return None,
        name if SHOWN.contains(&name) => return None,
        name => {
            let message = format!("there is no setting {name:?}");
            return Some(Err(error(code::UNDEFINED_OBJECT, message)));
        }
    };
    Some(row(&name, &value))
}

fn row(name: &str, value: &str) -> PgWireResult<Response> {
    let field = FieldInfo::new(name.to_owned(), None, None, Type::VARCHAR, FieldFormat::Text);
    let fields = Arc::new(vec![field]);
    let mut encoder = DataRowEncoder::new(Arc::clone(&fields));
    encoder.encode_field(&Some(value))?;
    let row = encoder.take_row();
    Ok(Response::Query(QueryResponse::new(fields, stream::once(async move { Ok(row) }))))
}

#[async_trait]
impl QueryHook for Settings {
    async fn handle_simple_query(
        &self,
        statement: &Statement,
        _session: &SessionContext,
        client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        match statement {
            Statement::Set(assignment) => set(client, assignment),
            Statement::ShowVariable { variable } => show(client, variable),
            Statement::Reset(statement) => {
                reset(client, &statement.reset);
                Some(Ok(Response::Execution(Tag::new("RESET"))))
            }
            Statement::Discard { object_type } => {
                if *object_type == DiscardObject::ALL {
                    reset(client, &Reset::ALL);
                }
                Some(Ok(Response::Execution(Tag::new(&statement.to_string()))))
            }
            _ => None,
        }
    }

    async fn handle_extended_parse_query(
        &self,
        statement: &Statement,
        _session: &SessionContext,
        _client: &(dyn ClientInfo + Send + Sync),
    ) -> Option<PgWireResult<LogicalPlan>> {
        matches!(statement, Statement::Reset(_) | Statement::Discard { .. }).then(|| {
            let schema = Arc::new(DFSchema::empty());
            Ok(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema }))
        })
    }

    async fn handle_extended_query(
        &self,
        statement: &Statement,
        _plan: &LogicalPlan,
        _params: &ParamValues,
        session: &SessionContext,
        client: &mut dyn HookClient,
    ) -> Option<Result<Response, PgWireError>> {
        self.handle_simple_query(statement, session, client).await
    }
}

#[cfg(test)]
mod tests;
