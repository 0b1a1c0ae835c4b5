//! Chores of the repository, run as `cargo xtask <task>`.
//!
//! Few dependencies, so that `tidy` answers in seconds on a machine where nothing is built. Never
//! part of the product: no crate may depend on it.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool prints")]

mod cargo;
mod generate;
mod measure;
mod prices;
mod repository;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;

use repository::Repository;

const USAGE: &str = "usage: cargo xtask <task>

  tidy               check the rules that compilers do not know; see crates/xtask/src/tidy.rs
  openapi            rewrite the committed OpenAPI document from the server's code
  prices [FOLDER]    rewrite the price table from the packages unpacked there, or fetched with pip
  bench [ARGS]       build the release server and measure it; ARGS go to telltale-bench
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let task = args.next();
    let rest: Vec<String> = args.collect();
    let done = match task.as_deref() {
        Some("tidy") => run_tidy(),
        Some("openapi") => Repository::here().and_then(|repo| generate::openapi(&repo)),
        Some("prices") => Repository::here().and_then(|repo| prices::prices(&repo, &rest)),
        Some("bench") => Repository::here().and_then(|repo| measure::bench(&repo, &rest)),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_tidy() -> Result<ExitCode> {
    let report = tidy::check(&Repository::here()?)?;
    for warning in &report.warnings {
        println!("warning: {warning}");
    }
    for problem in &report.problems {
        println!("error: {problem}");
    }
    let (problems, warnings) = (report.problems.len(), report.warnings.len());
    println!("tidy: {} files, {problems} problems, {warnings} warnings", report.files);
    Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
