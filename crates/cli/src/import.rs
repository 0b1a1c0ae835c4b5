//! `telltale import`: files of records, sent to a server as OTLP exports.
//!
//! Never knows: how the server keeps them; that a repeated export is recognised is its work.

mod otlp;
mod rows;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use telltale_base::Signal;

use crate::connect::Source;
use crate::error::CliError;
use crate::export::deliver::{Receiver, Refusal};
use crate::text::printable;

/// Arguments of `telltale import`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  telltale import spans.parquet logs.jsonl
  telltale import --format otlp --signal traces captured.bin")]
pub struct ImportArgs {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What OTLP files hold [default: what the file's name or its JSON says]
    #[arg(long, value_enum)]
    pub signal: Option<ImportSignal>,
    /// The form of the files [default: by the file's ending; OTLP when it says nothing]
    #[arg(long, value_enum)]
    pub format: Option<ImportFormat>,
    /// What is asked
    #[command(flatten)]
    pub source: Source,
}

/// What an OTLP file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportSignal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
    /// Data points.
    Metrics,
}

impl ImportSignal {
    fn signal(self) -> Signal {
        match self {
            Self::Traces => Signal::Traces,
            Self::Logs => Signal::Logs,
            Self::Metrics => Signal::Metrics,
        }
    }
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// OTLP requests, protobuf or JSON.
    Otlp,
    /// One JSON object a row, as `telltale export` writes them.
    Jsonl,
    /// Parquet, as `telltale export` or the server writes it.
    Parquet,
}

impl ImportFormat {
    fn of(path: &Path) -> Self {
        match ending(path).as_str() {
            "parquet" => Self::Parquet,
            "jsonl" | "ndjson" => Self::Jsonl,
            _ => Self::Otlp,
        }
    }
}

/// What was sent of a file.
#[derive(Debug, Default)]
struct Sent {
    requests: u64,
    /// Rows, where the file has some.
    rows: Option<u64>,
    refusal: Refusal,
}

pub(crate) async fn run(
    args: ImportArgs,
    out: &mut (dyn Write + Send),
) -> Result<ExitCode, CliError> {
    let receiver =
        Receiver::new("--url", args.source.connect.url(), args.source.connect.key.clone())?;
    let mut rejected = 0;
    for path in &args.files {
        let sent = match args.format.unwrap_or_else(|| ImportFormat::of(path)) {
            ImportFormat::Otlp => {
                otlp::send(path, args.signal.map(ImportSignal::signal), &receiver).await?
            }
            ImportFormat::Jsonl => rows::send(path, rows::jsonl(path)?, &receiver).await?,
            ImportFormat::Parquet => rows::send(path, rows::parquet(path)?, &receiver).await?,
        };
        let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let rows = sent.rows.map(|rows| format!("{} in ", count(rows, "row"))).unwrap_or_default();
        let name = printable(&path.to_string_lossy());
        writeln!(out, "{name}: {rows}{} sent", count(sent.requests, "request"))?;
        if sent.refusal.rejected > 0 {
            writeln!(out, "{name}: {}", sent.refusal)?;
            rejected += sent.refusal.rejected;
        }
    }
    Ok(if rejected > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A file that is not what it should be.
fn unusable(path: &Path, problem: &impl ToString) -> CliError {
    let name = printable(&path.to_string_lossy());
    CliError::Usage(format!("cannot import {name}: {}", problem.to_string()))
}

fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
