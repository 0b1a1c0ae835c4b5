//! `telltale backup`: asks a running server for a copy of everything it stores.

mod manifest;

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::Client;
use crate::connect::Connect;
use crate::error::CliError;
use crate::text::printable;

pub use manifest::{BACKUP_MANIFEST, BackupManifest};
pub(crate) use manifest::{BackedUp, files_of};

/// Arguments of `telltale backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Absolute path of a directory on the server's machine, new or empty, outside its data directory
    #[arg(long, value_name = "DIR")]
    pub to: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server
    #[command(flatten)]
    pub connect: Connect,
}

/// A backup as the API shows it.
#[derive(Debug, Serialize, Deserialize)]
struct Made {
    path: String,
    files: u64,
    bytes: u64,
}

pub(crate) async fn run(
    args: BackupArgs,
    out: &mut (dyn Write + Send),
) -> Result<ExitCode, CliError> {
    let client = Client::new(&args.connect)?;
    let body = json!({ "path": args.to });
    let response = client.post(&["api", "v1", "backups"], &body, "application/json").await?;
    let made: Made = client.json(response).await?;
    if args.json {
        writeln!(out, "{}", json!(made))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Made { path, files, bytes } = made;
    let path = printable(&path);
    writeln!(out, "Backed up {files} files, {bytes} bytes, to {path} on the server's machine.")?;
    writeln!(out, "To restore: telltale restore --from {path} --data-dir NEW_DIR")?;
    Ok(ExitCode::SUCCESS)
}
