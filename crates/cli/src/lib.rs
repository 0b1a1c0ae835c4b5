//! The commands a person types: `sql`, `trace`, `tail`, `keys`, `backup`, `restore`, `export`,
//! `import`, `normalize`.
//!
//! They talk to a running server over its public API and know nothing that the API does not say
//! (for `--data-dir` the binary runs one as long as the command takes);
//! only `keys` may also open the metadata database of a data directory, because the first key has
//! to come from somewhere, and `restore` copies a backup's files without looking into them. Tables
//! are for people, `--json` is for programs.
//!
//! Never knows: handlers, storage, how anything is computed.

#![forbid(unsafe_code)]

mod backup;
mod client;
mod connect;
mod error;
mod export;
mod import;
mod keys;
mod normalize;
mod restore;
mod sql;
mod sse;
mod table;
mod tail;
mod text;
mod trace;

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

pub use backup::{BACKUP_MANIFEST, BackupArgs, BackupManifest};
pub use connect::{Connect, Source};
pub use error::CliError;
pub use export::{ExportArgs, ExportFormat, ExportTable};
pub use import::{ImportArgs, ImportFormat, ImportSignal};
pub use keys::{CreateKey, KeyCommand, KeyScope, KeysArgs, ListKeys, RevokeKey, Where};
pub use normalize::NormalizeArgs;
pub use restore::RestoreArgs;
pub use sql::SqlArgs;
pub use tail::{TailArgs, TailSignal};
pub use trace::TraceArgs;

/// The commands of this crate, to be flattened into the binary's own.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one SQL statement and print its rows
    Sql(SqlArgs),
    /// Print one trace as a tree
    Trace(TraceArgs),
    /// Print records as they arrive
    Tail(TailArgs),
    /// Create, list and revoke API keys
    Keys(KeysArgs),
    /// Copy everything a running server stores to a directory on its machine
    Backup(BackupArgs),
    /// Make a data directory of a backup
    Restore(RestoreArgs),
    /// Copy rows of a table to a file or to another OTLP endpoint
    Export(ExportArgs),
    /// Send files of records to a server
    Import(ImportArgs),
    /// Show what a file of exported traces says in canonical names, and by which rules
    Normalize(NormalizeArgs),
}

impl Command {
    /// The data directory and the project to work on, when the command names a directory instead of
    /// a server. Who composes the process then starts a server on it and says so with
    /// [`Command::ask`].
    #[must_use]
    pub fn directory(&self) -> Option<(&Path, &str)> {
        let source = match self {
            Self::Sql(args) => &args.source,
            Self::Trace(args) => &args.source,
            Self::Export(args) => &args.source,
            Self::Import(args) => &args.source,
            Self::Tail(_)
            | Self::Keys(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Normalize(_) => return None,
        };
        let project = source.project.as_deref().unwrap_or("default");
        Some((source.data_dir.as_deref()?, project))
    }

    /// Makes the command ask the server at `url`, showing it `key`.
    pub fn ask(&mut self, url: String, key: String) {
        let source = match self {
            Self::Sql(args) => &mut args.source,
            Self::Trace(args) => &mut args.source,
            Self::Export(args) => &mut args.source,
            Self::Import(args) => &mut args.source,
            Self::Tail(_)
            | Self::Keys(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Normalize(_) => return,
        };
        source.connect = Connect { url: Some(url), key: Some(key) };
        source.data_dir = None;
    }

    /// Runs to the end on this thread, writing the result to standard output.
    pub fn run(self) -> Result<ExitCode, CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(CliError::Runtime)?.block_on(run(self, &mut std::io::stdout()))
    }
}

/// Runs a command, writing its result to `out`. Needs a Tokio runtime with time and IO. A reader
/// that closes the pipe ends the command without an error.
pub async fn run(command: Command, out: &mut (dyn Write + Send)) -> Result<ExitCode, CliError> {
    let done = match command {
        Command::Sql(args) => sql::run(args, out).await,
        Command::Trace(args) => trace::run(args, out).await,
        Command::Tail(args) => tail::run(args, out).await,
        Command::Keys(args) => keys::run(args, out).await,
        Command::Backup(args) => backup::run(args, out).await,
        Command::Restore(args) => restore::run(&args, out),
        Command::Export(args) => export::run(args, out).await,
        Command::Import(args) => import::run(args, out).await,
        Command::Normalize(args) => normalize::run(&args, out),
    };
    let done = done.and_then(|code| out.flush().map(|()| code).map_err(CliError::Output));
    match done {
        Err(CliError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        done => done,
    }
}
