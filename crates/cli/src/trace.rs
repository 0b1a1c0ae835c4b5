//! `telltale trace`: one trace as an indented tree.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value};
use telltale_base::TraceId;

use crate::client::Client;
use crate::connect::Source;
use crate::error::CliError;
use crate::text::{duration, printable, time};

/// Arguments of `telltale trace`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// The trace: 32 hex digits
    pub trace_id: String,
    /// Print the trace as the API gives it, all pages in one object
    #[arg(long)]
    pub json: bool,
    /// With --json: attributes, events, links and resource of each span too
    #[arg(long, requires = "json")]
    pub full: bool,
    /// What is asked
    #[command(flatten)]
    pub source: Source,
}

/// Spans fetched at a time. Large traces are printed while they are read.
const PAGE: usize = 5_000;
/// Deeper spans are not indented further, so that a line stays readable.
const INDENT_MAX: usize = 40;

/// A page of the API's answer, as far as it is printed.
#[derive(Debug, Deserialize)]
struct Page {
    trace_id: String,
    span_count: u64,
    error_count: u64,
    orphan_count: u64,
    start_unix_nano: Value,
    duration_ns: i64,
    spans: Vec<Span>,
}

#[derive(Debug, Deserialize)]
struct Span {
    depth: usize,
    #[serde(default)]
    orphan: bool,
    #[serde(default)]
    cycle: bool,
    #[serde(default)]
    duplicate: bool,
    missing_parent: Option<String>,
    name: Option<String>,
    service_name: Option<String>,
    start_unix_nano: Option<Value>,
    duration_ns: Option<Value>,
    status_code: Option<Value>,
    status_message: Option<String>,
}

pub(crate) async fn run(
    args: TraceArgs,
    out: &mut (dyn Write + Send),
) -> Result<ExitCode, CliError> {
    let id: TraceId = args.trace_id.trim().to_ascii_lowercase().parse().map_err(|error| {
        CliError::Usage(format!("the trace id is {:?}: {error}", args.trace_id))
    })?;
    let client = Client::new(&args.source.connect)?;
    let mut cursor = None;
    let mut first = true;
    loop {
        let page = fetch(&client, &id.to_string(), args.full, cursor.take()).await?;
        cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        if args.json {
            write_json(out, page, first, cursor.is_none())?;
        } else {
            let page: Page =
                serde_json::from_value(page).map_err(|error| client.unexpected(&error))?;
            write_page(out, &page, first)?;
        }
        if cursor.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
        first = false;
    }
}

async fn fetch(
    client: &Client,
    id: &str,
    full: bool,
    cursor: Option<String>,
) -> Result<Value, CliError> {
    let mut query = vec![("limit", PAGE.to_string())];
    if full {
        query.push(("detail", "full".to_owned()));
    }
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let segments = ["api", "v1", "traces", id];
    let response = client.get(&segments, &query, "application/json").await?;
    client.json(response).await
}

/// Writes one object over all pages, without holding more than one of them.
fn write_json(
    out: &mut (dyn Write + Send),
    mut page: Value,
    first: bool,
    last: bool,
) -> std::io::Result<()> {
    let mut empty = Map::new();
    let head = page.as_object_mut().unwrap_or(&mut empty);
    head.remove("next_cursor");
    let spans = head.remove("spans").unwrap_or_default();
    if first {
        let head = Value::Object(std::mem::take(head)).to_string();
        let open = head.strip_suffix('}').unwrap_or(&head);
        let comma = if open == "{" { "" } else { "," };
        write!(out, "{open}{comma}\"spans\":[")?;
    }
    for (index, span) in spans.as_array().into_iter().flatten().enumerate() {
        let comma = if first && index == 0 { "" } else { "," };
        write!(out, "{comma}\n{span}")?;
    }
    if last { writeln!(out, "\n]}}") } else { Ok(()) }
}

fn write_page(out: &mut (dyn Write + Send), page: &Page, first: bool) -> std::io::Result<()> {
    let start = integer(&page.start_unix_nano);
    if first {
        let plural = |n: u64| if n == 1 { "" } else { "s" };
        let (spans, errors, orphans) = (page.span_count, page.error_count, page.orphan_count);
        writeln!(
            out,
            "trace {}: {spans} span{}, {errors} error{}, {} from {}",
            page.trace_id,
            plural(spans),
            plural(errors),
            duration(page.duration_ns),
            time(start),
        )?;
        if orphans > 0 {
            writeln!(out, "{orphans} span{} without a stored parent", plural(orphans))?;
        }
        writeln!(out, "{:>12} {:>12}", "start", "duration")?;
    }
    for span in &page.spans {
        writeln!(out, "{}", line(span, start))?;
    }
    Ok(())
}

fn line(span: &Span, trace_start: Option<i64>) -> String {
    let begin = span.start_unix_nano.as_ref().and_then(integer);
    let offset = begin.zip(trace_start).map(|(begin, start)| duration(begin.saturating_sub(start)));
    let length = span.duration_ns.as_ref().and_then(integer).map(duration);
    let service = span.service_name.as_deref().map(|name| format!(" [{}]", printable(name)));
    format!(
        "{:>12} {:>12}  {:indent$}{}{}{}{}",
        offset.map_or_else(unknown, |offset| format!("+{offset}")),
        length.unwrap_or_else(unknown),
        "",
        span.name.as_deref().map_or_else(unknown, printable),
        service.unwrap_or_default(),
        failure(span),
        gap(span),
        indent = (span.depth * 2).min(INDENT_MAX),
    )
}

fn failure(span: &Span) -> String {
    if !span.status_code.as_ref().is_some_and(is_error) {
        return String::new();
    }
    let message = span.status_message.as_deref().filter(|text| !text.is_empty());
    message.map_or_else(|| " ERROR".to_owned(), |text| format!(" ERROR: {}", printable(text)))
}

/// What keeps a span from standing where its client put it.
fn gap(span: &Span) -> String {
    let mut gap = String::new();
    if span.orphan {
        let parent = span.missing_parent.as_deref().map_or_else(unknown, printable);
        gap = format!(" (orphan: parent {parent} is not stored)");
    }
    if span.cycle {
        gap.push_str(" (its parents lead back to it)");
    }
    if span.duplicate {
        gap.push_str(" (an earlier span has the same id)");
    }
    gap
}

fn unknown() -> String {
    "?".to_owned()
}

/// 64-bit integers may be text in JSON.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn is_error(status: &Value) -> bool {
    status.as_i64() == Some(2)
        || status.as_str().is_some_and(|text| text.eq_ignore_ascii_case("error"))
}

#[cfg(test)]
mod tests;
