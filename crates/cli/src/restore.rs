//! `telltale restore`: a backup becomes a data directory. No server is involved.

mod copy;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use telltale_wal::{Fs, RealFs};

use crate::backup::{BackupManifest, files_of};
use crate::error::CliError;
use crate::text::{printable, time};

/// The file that says which layout a data directory has.
const VERSION: &str = "version.json";
/// The file that a server holds while it runs.
const LOCK: &str = "lock";
/// The latest layout that this version's server opens.
const LAYOUT: u32 = 1;

/// Arguments of `telltale restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup, a directory that `telltale backup` made
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// The data directory to make, new or empty
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Deserialize)]
struct Version {
    format: u32,
}

pub(crate) fn run(args: &RestoreArgs, out: &mut (dyn Write + Send)) -> Result<ExitCode, CliError> {
    let manifest = restore(&RealFs, &args.from, &args.data_dir)?;
    let BackupManifest { files, bytes, .. } = manifest;
    if args.json {
        let report = json!({
            "data_dir": args.data_dir.to_string_lossy(),
            "created_unix_nano": manifest.created_unix_nano,
            "files": files,
            "bytes": bytes,
        });
        writeln!(out, "{report}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let made = time(manifest.created_unix_nano.parse().ok());
    let target = printable(&args.data_dir.to_string_lossy());
    writeln!(out, "Restored {files} files, {bytes} bytes, of the backup of {made} to {target}.")?;
    writeln!(out, "To start a server on it: telltale serve --data-dir {target}")?;
    Ok(ExitCode::SUCCESS)
}

/// Copies a backup to a new data directory. When it returns `Ok`, the copy is durable. A copy that
/// was interrupted is one that servers refuse to open.
fn restore(fs: &dyn Fs, from: &Path, to: &Path) -> Result<BackupManifest, CliError> {
    let unusable = |reason| CliError::Backup { path: from.to_owned(), reason };
    let manifest = BackupManifest::read(fs, from).map_err(unusable)?;
    let version = version(fs, from).map_err(unusable)?;
    let files = files_of(fs, from).map_err(CliError::file("list", from))?;
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    if (files.len() as u64, bytes) != (manifest.files, manifest.bytes) {
        return Err(unusable(format!(
            "it has {} files of {bytes} bytes, and had {} of {} when it was complete",
            files.len(),
            manifest.files,
            manifest.bytes
        )));
    }
    let _lock = take_target(fs, from, to)?;
    copy::all(fs, from, to, &files, &version)?;
    Ok(manifest)
}

/// The version file of a backup, when this version's server can open it.
fn version(fs: &dyn Fs, from: &Path) -> Result<Vec<u8>, String> {
    let json =
        fs.read(&from.join(VERSION)).map_err(|e| format!("{VERSION} cannot be read ({e})"))?;
    let found: Version =
        serde_json::from_slice(&json).map_err(|e| format!("{VERSION} is damaged: {e}"))?;
    if found.format > LAYOUT {
        return Err(format!(
            "its layout is version {}, this program knows {LAYOUT}: restore it with a later one",
            found.format
        ));
    }
    Ok(json)
}

/// Makes the target and keeps servers off it.
fn take_target(fs: &dyn Fs, from: &Path, to: &Path) -> Result<File, CliError> {
    let refuse = |reason| CliError::Target { path: to.to_owned(), reason };
    if let (Ok(from), Ok(to)) = (absolute(from), absolute(to))
        && to.starts_with(from)
    {
        return Err(refuse("it lies in the backup"));
    }
    fs.create_dir_all(to).map_err(CliError::file("create", to))?;
    let path = to.join(LOCK);
    let taken = fs.list(to).map_err(CliError::file("list", to))?;
    // The same for people, but not for one who is about to empty a directory that is in use.
    if taken.iter().any(|name| name == LOCK)
        && let Ok(lock) = File::open(&path)
        && matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    {
        return Err(refuse("a server is running on it"));
    }
    if !taken.is_empty() {
        return Err(refuse("it is not empty"));
    }
    let opened = OpenOptions::new().create_new(true).write(true).open(&path);
    let lock = opened.map_err(CliError::file("create", &path))?;
    lock.try_lock().map_err(|_| refuse("a server has just started on it"))?;
    Ok(lock)
}

#[cfg(test)]
mod tests;
