//! `telltale export`: rows of one table to a file or to another OTLP endpoint, page by page, so that
//! an interrupted export can go on where it stopped.
//!
//! Never knows: how the server stores or finds the rows.

pub(crate) mod deliver;
mod job;
mod jsonl;
mod pages;
mod parquet;
mod position;
pub(crate) mod shape;
mod sink;
#[cfg(test)]
pub(crate) mod testing;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use telltale_schema::Table;
use telltale_wal::RealFs;

use crate::client::Client;
use crate::connect::Source;
use crate::error::CliError;
use crate::text::printable;
use job::Job;
use pages::Pages;
use position::Progress;
use sink::Sink;

/// Arguments of `telltale export`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  telltale export --table spans --format parquet --out spans.parquet
  telltale export --table logs --since 2026-01-01 --where \"service_name = 'shop'\" --format jsonl --out shop.jsonl
  telltale export --table spans --format otlp --to http://127.0.0.1:4318 --position spans.position --resume")]
pub struct ExportArgs {
    /// The table
    #[arg(long, value_enum)]
    pub table: ExportTable,
    /// Only records from this time on: 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only records before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only rows for which this SQL condition holds
    #[arg(long = "where", value_name = "SQL")]
    pub filter: Option<String>,
    /// The form of what is written
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// The file to make
    #[arg(long, value_name = "FILE", required_unless_present = "to", conflicts_with = "to")]
    pub out: Option<PathBuf>,
    /// The OTLP/HTTP endpoint to send to, for `--format otlp`: its address without /v1/...
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// The key for `--to`
    #[arg(long, env = "TELLTALE_TO_KEY", value_name = "KEY", hide_env_values = true)]
    pub to_key: Option<String>,
    /// Where to keep how far an export with `--to` came, so that it can be resumed
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub position: Option<PathBuf>,
    /// Go on where the same export stopped; starts one when there is none
    #[arg(long)]
    pub resume: bool,
    /// What is asked
    #[command(flatten)]
    pub source: Source,
}

/// A table that can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ExportTable {
    /// Spans.
    Spans,
    /// Log records.
    Logs,
    /// Data points of gauges and sums.
    Metrics,
    /// Data points of histograms and summaries.
    Histograms,
    /// Provider calls; not as OTLP.
    Calls,
}

impl ExportTable {
    fn table(self) -> Table {
        match self {
            Self::Spans => Table::Spans,
            Self::Logs => Table::Logs,
            Self::Metrics => Table::Metrics,
            Self::Histograms => Table::Histograms,
            Self::Calls => Table::Calls,
        }
    }
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// Parquet, in the columns of SQL.
    Parquet,
    /// One JSON object a row; columns that are null are left out.
    Jsonl,
    /// OTLP protobuf: one export request.
    Otlp,
}

pub(crate) async fn run(
    args: ExportArgs,
    out: &mut (dyn Write + Send),
) -> Result<ExitCode, CliError> {
    let job = Job::new(&args)?;
    let client = Client::new(&args.source.connect)?;
    let mut progress = Progress::open(&RealFs, &args, &job)?;
    let mut pages = Pages::open(&client, &job, &progress.state).await?;
    // Until a page has come there is nothing to write, and an export that fails leaves nothing.
    let mut next = pages.next().await?;
    // Before the file is made, so that a file without a position is never one of ours.
    progress.save()?;
    let mut sink = Sink::open(&RealFs, &args, &progress.state)?;
    let before = progress.state.rows;
    let bar = bar(pages.total());
    let mut rejected = 0_u64;
    while let Some(page) = next {
        let written = match sink.write(&page.batches).await {
            Ok(written) => written,
            Err(error) if progress.state.pages == 0 => {
                // What cannot be removed either is found by the next try.
                sink.discard().and_then(|()| progress.remove()).ok();
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        if let Some(refusal) = written.refusal {
            rejected += refusal.rejected;
            bar.suspend(|| writeln!(out, "{refusal}"))?;
        }
        let state = &mut progress.state;
        state.last_record_id = Some(page.last);
        state.page_rows = pages.page_rows();
        state.rows += page.rows as u64;
        state.bytes += written.bytes;
        state.pages += 1;
        progress.save()?;
        bar.inc(page.rows as u64);
        next = pages.next().await?;
    }
    bar.finish_and_clear();
    sink.publish(&progress.state)?;
    if args.format == ExportFormat::Parquet {
        // The footer is written: nothing can be added to the file. The pages go last, so that
        // what is left at any moment is either resumed or told of.
        progress.remove()?;
    }
    sink.clean()?;
    let rows = progress.state.rows;
    let resumed =
        if before > 0 { format!(", {} of them now", rows - before) } else { String::new() };
    let plural = if rows == 1 { "" } else { "s" };
    let table = job.table().name();
    writeln!(out, "{rows} row{plural} of {table} to {}{resumed}", printable(&job.target))?;
    Ok(if rejected > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A bar on the terminal that standard error is; nothing when it is none.
fn bar(rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows);
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} rows, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests;
