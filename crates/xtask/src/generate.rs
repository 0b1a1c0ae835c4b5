//! Files that are generated from code and committed, so that a change of the API shows in a diff.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cargo::cargo;
use crate::repository::Repository;

/// Set while a test should write the file that it otherwise compares.
const UPDATE: &str = "TELLTALE_UPDATE_OPENAPI";

/// Runs the server's test of the committed `OpenAPI` document in its writing mode.
pub(crate) fn openapi(repository: &Repository) -> Result<ExitCode> {
    let status = cargo(repository)
        .args(["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "openapi"])
        .env(UPDATE, "1")
        .status()
        .context("cannot run cargo test")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
