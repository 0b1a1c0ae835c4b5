//! The binary: reads the configuration, puts the parts together, and hands over.
//!
//! Holds no logic of its own: `serve` composes the crates, every other command is `telltale-cli`'s.

#![forbid(unsafe_code)]

mod adapters;
mod config;
mod log;
mod offline;
mod own_traces;
mod prices;
mod rules;
mod serve;
mod settings;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use config::{Config, ConfigError, Overrides};

/// Small allocations by many threads are what ingest does, and the system's allocator is slower at
/// them. Huge pages are off (`no_thp`): zeroing them cost more time than they saved, and an idle
/// server held 50 MiB of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// AI observability in one binary: OpenTelemetry in, SQL and traces out.
#[derive(Debug, Parser)]
#[command(name = "telltale", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server.
    Serve(ConfigArgs),
    /// Check a configuration and say what is wrong with it.
    CheckConfig(ConfigArgs),
    #[command(flatten)]
    Client(telltale_cli::Command),
}

/// Where the configuration comes from. Every flag is also a key of the file and a `TELLTALE_*`
/// variable (`--otlp-http` is `otlp_http` and `TELLTALE_OTLP_HTTP`).
#[derive(Debug, Default, Args)]
struct ConfigArgs {
    /// Configuration file (TOML).
    #[arg(long, env = "TELLTALE_CONFIG")]
    config: Option<PathBuf>,
    /// Folder that holds all data [default: ./telltale-data].
    #[arg(long)]
    data_dir: Option<String>,
    /// Address of the API, the page and OTLP over HTTP, or `off` [default: 127.0.0.1:7070].
    #[arg(long)]
    http: Option<String>,
    /// Address of OTLP over HTTP, or `off` [default: 127.0.0.1:4318].
    #[arg(long)]
    otlp_http: Option<String>,
    /// Address of OTLP over gRPC, or `off` [default: 127.0.0.1:4317].
    #[arg(long)]
    otlp_grpc: Option<String>,
    /// Address of the PostgreSQL wire, or `off` [default: off].
    #[arg(long)]
    pg: Option<String>,
}

impl ConfigArgs {
    fn load(self) -> Result<Config, ConfigError> {
        let flags = [
            ("data_dir", self.data_dir),
            ("http", self.http),
            ("otlp_http", self.otlp_http),
            ("otlp_grpc", self.otlp_grpc),
            ("pg", self.pg),
        ];
        let said: Overrides =
            flags.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        config::load(self.config.as_deref(), std::env::vars(), said)
    }
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => args.load().map_err(Into::into).and_then(serve::run),
        Command::CheckConfig(args) => {
            args.load().map_err(Into::into).and_then(|config| check_config(&config))
        }
        Command::Client(command) => client(command),
    };
    outcome.unwrap_or_else(|error| {
        // Nothing is left to do when standard error is closed.
        drop(writeln!(std::io::stderr(), "telltale: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Runs a command that asks a server: the one that runs, or one of its own on a directory.
fn client(command: telltale_cli::Command) -> anyhow::Result<ExitCode> {
    let Some((dir, project)) = command.directory() else { return Ok(command.run()?) };
    let (dir, project) = (dir.to_owned(), project.to_owned());
    let config = ConfigArgs {
        config: std::env::var_os("TELLTALE_CONFIG").map(PathBuf::from),
        data_dir: Some(dir.display().to_string()),
        ..ConfigArgs::default()
    };
    offline::run(command, &dir, &project, config.load()?)
}

fn check_config(config: &Config) -> anyhow::Result<ExitCode> {
    log::check(&config.log)?;
    if let Some(files) = settings::server(config).tls {
        telltale_server::tls_config(&files)?;
    }
    rules::load(&config.genai.rules)?;
    prices::load(config)?;
    writeln!(std::io::stdout(), "The configuration is valid.")?;
    Ok(ExitCode::SUCCESS)
}
