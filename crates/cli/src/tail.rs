//! `telltale tail`: records as they arrive, a line each.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::connect::Source;
use crate::error::CliError;
use crate::sse::{Event, Events};
use crate::text::{duration, printable, time};

/// Arguments of `telltale tail`.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Only records of this signal; can be given several times
    #[arg(long = "signal", value_enum)]
    pub signals: Vec<TailSignal>,
    /// Only records of this service
    #[arg(long)]
    pub service: Option<String>,
    /// Print {"table": ..., "record": {...}}, one a line
    #[arg(long)]
    pub json: bool,
    /// What is asked
    #[command(flatten)]
    pub source: Source,
}

/// A signal of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TailSignal {
    /// Spans
    Traces,
    /// Log records
    Logs,
    /// Data points
    Metrics,
}

impl TailSignal {
    fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }
}

/// Runs until the server or the reader ends it.
pub(crate) async fn run(
    args: TailArgs,
    out: &mut (dyn Write + Send),
) -> Result<ExitCode, CliError> {
    if args.source.data_dir.is_some() {
        let problem = "tail shows what a running server receives: start one with `telltale serve --data-dir ...` and leave --data-dir out here";
        return Err(CliError::Usage(problem.to_owned()));
    }
    let client = Client::new(&args.source.connect)?;
    let mut query: Vec<_> =
        args.signals.iter().map(|signal| ("signal", signal.name().to_owned())).collect();
    query.extend(args.service.clone().map(|service| ("service", service)));
    let mut response = client.get(&["api", "v1", "tail"], &query, "text/event-stream").await?;
    let mut events = Events::default();
    while let Some(part) = client.part(&mut response).await? {
        for event in events.push(&part).map_err(|error| client.unexpected(&error))? {
            let line = if args.json { json_line(&event) } else { text_line(&event) };
            writeln!(out, "{}", line.map_err(|error| client.unexpected(&error))?)?;
        }
        out.flush()?;
    }
    Err(CliError::Ended { url: client.address() })
}

fn json_line(event: &Event) -> Result<String, serde_json::Error> {
    let record: Value = serde_json::from_str(&event.data)?;
    Ok(json!({ "table": event.name, "record": record }).to_string())
}

fn text_line(event: &Event) -> Result<String, serde_json::Error> {
    let record: Map<String, Value> = serde_json::from_str(&event.data)?;
    let text = |name: &str| match record.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => printable(text),
        Some(other) => printable(&other.to_string()),
    };
    let number = |name: &str| record.get(name).and_then(Value::as_i64);
    let at = |names: [&str; 2]| time(names.into_iter().filter_map(number).find(|nanos| *nanos > 0));
    let when = at(["time_unix_nano", "observed_unix_nano"]);
    let service = text("service_name");
    let name = text("name");
    Ok(match event.name.as_str() {
        "spans" => {
            let when = at(["start_unix_nano", "time_unix_nano"]);
            let length = number("duration_ns").map(duration).unwrap_or_default();
            let failed = text("status_code") == "error";
            let status =
                if failed { format!(" ERROR {}", text("status_message")) } else { String::new() };
            format!(
                "{when} span      [{service}] {name} {length}{status} trace {}",
                text("trace_id")
            )
        }
        "logs" => {
            let severity = text("severity_text");
            format!("{when} log       [{service}] {severity} {}", text("body"))
        }
        "metrics" => {
            format!("{when} metric    [{service}] {name} = {} {}", text("value"), text("unit"))
        }
        "histograms" => {
            let (count, sum) = (text("count"), text("sum"));
            format!("{when} histogram [{service}] {name} count {count} sum {sum} {}", text("unit"))
        }
        "missed" => format!("-- {} exports were not shown: reading was too slow", text("exports")),
        other => format!("-- {}", printable(other)),
    })
}

#[cfg(test)]
mod tests;
