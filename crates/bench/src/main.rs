//! `telltale-bench`: the figures of the documentation, measured on the built server from outside.
//!
//! Every figure is per second of server CPU time or a ratio against a peer in the same run, so
//! that it holds on another machine. Never knows how the server works inside.

#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "this is the program that measures real time on real files"
)]
#![expect(clippy::cast_precision_loss, reason = "figures are printed to three digits")]

mod client;
mod demo;
mod ingest;
mod ledger;
mod load;
mod process;
mod query;
mod soak;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "Measures the built Telltale server from outside")]
struct Args {
    /// The release binary of the server.
    #[arg(long, default_value = "target/release/telltale")]
    server: PathBuf,
    /// Folder for the data; a temporary one by default.
    #[arg(long)]
    scratch: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Spans per CPU-second, memory, disk and acknowledgement latency.
    Ingest(ingest::IngestArgs),
    /// Query latencies over many stored spans, against `DuckDB` on the same files.
    Query(query::QueryArgs),
    /// What asking the token ledger costs with many calls in it, and with some of them corrected.
    Ledger(ledger::LedgerArgs),
    /// Memory under steady load for a long time.
    Soak(soak::SoakArgs),
    /// Agent and RAG traffic to a running server.
    Demo(demo::DemoArgs),
}

/// Prints one line to standard output.
fn say(line: &str) {
    // A closed pipe means that nobody listens any more.
    drop(writeln!(std::io::stdout(), "{line}"));
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let temporary = tempfile::tempdir()?;
    let scratch = args.scratch.unwrap_or_else(|| temporary.path().to_owned());
    match args.command {
        Command::Ingest(ingest) => ingest::run(&args.server, &scratch, ingest).await,
        Command::Query(query) => query::run(&args.server, &scratch, query).await,
        Command::Ledger(ledger) => ledger::run(&args.server, &scratch, ledger).await,
        Command::Demo(demo) => demo::run(demo).await,
        Command::Soak(soak) => soak::run(&args.server, &scratch, soak).await,
    }
}
