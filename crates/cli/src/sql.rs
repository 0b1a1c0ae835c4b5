//! `telltale sql`: one statement, its rows as a table, JSON or CSV.

use std::io::{Read as _, Write};
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::connect::Source;
use crate::error::CliError;
use crate::table;

/// Arguments of `telltale sql`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  telltale sql \"SELECT name, count(*) AS n FROM spans GROUP BY name ORDER BY n DESC LIMIT 10\"
  telltale sql --param checkout \"SELECT count(*) FROM spans WHERE service_name = $1\"
  echo 'SELECT * FROM logs LIMIT 5' | telltale sql --json -")]
pub struct SqlArgs {
    /// The statement; `-` reads it from standard input
    pub query: String,
    /// Value of the next of $1, $2, ...: a number, true, false or null, and text otherwise; a
    /// text that looks like one of these is quoted, as in '"42"'
    #[arg(long = "param", value_name = "VALUE")]
    pub params: Vec<String>,
    /// Print the API's answer: columns with name and type, rows, and whether it was cut off
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV with a header
    #[arg(long)]
    pub csv: bool,
    /// What is asked
    #[command(flatten)]
    pub source: Source,
}

const JSON: &str = "application/json";

#[derive(Debug, Deserialize)]
struct Answer {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Debug, Deserialize)]
struct Column {
    name: String,
}

pub(crate) async fn run(args: SqlArgs, out: &mut (dyn Write + Send)) -> Result<ExitCode, CliError> {
    let client = Client::new(&args.source.connect)?;
    let params: Vec<Value> = args.params.iter().map(|text| parameter(text)).collect();
    let body = json!({ "query": statement(&args.query)?, "params": params });
    let accept = if args.csv { "text/csv" } else { JSON };
    let mut response = client.post(&["api", "v1", "sql"], &body, accept).await?;
    if args.csv || args.json {
        while let Some(part) = client.part(&mut response).await? {
            out.write_all(&part)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let answer: Answer = client.json(response).await?;
    let header: Vec<String> = answer.columns.into_iter().map(|column| column.name).collect();
    table::write(out, &header, &answer.rows)?;
    let count = answer.rows.len();
    let plural = if count == 1 { "" } else { "s" };
    let cut = if answer.truncated { ", cut off at the limit of the server" } else { "" };
    writeln!(out, "{count} row{plural}{cut}")?;
    Ok(ExitCode::SUCCESS)
}

fn statement(argument: &str) -> Result<String, CliError> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(CliError::Input)?;
    Ok(text)
}

/// What a person most likely means by a value.
fn parameter(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests;
