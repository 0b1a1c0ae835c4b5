//! Builds the release server and its measuring client, then measures.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::repository::Repository;

/// Runs `telltale-bench` with the given arguments against the release server.
pub(crate) fn bench(repository: &Repository, args: &[String]) -> Result<ExitCode> {
    let packages = ["--package", "telltale", "--package", "telltale-bench"];
    let built = cargo(repository)
        .args(["build", "--locked", "--release"])
        .args(packages)
        .status()
        .context("cannot run cargo build")?;
    if !built.success() {
        bail!("the release build failed");
    }
    let release = target_dir(repository).join("release");
    let status = Command::new(release.join("telltale-bench"))
        .arg("--server")
        .arg(release.join("telltale"))
        .args(args)
        .current_dir(repository.root())
        .status()
        .context("cannot run telltale-bench")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(crate) fn target_dir(repository: &Repository) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository.root().join("target"), PathBuf::from)
}
