//! A command on a data directory that no server runs on: one is run for as long as the command
//! takes, on a free loopback port, for the holder of a key that nobody else has.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use telltale_base::{Project, SystemClock};
use telltale_cli::{CliError, Command};
use telltale_meta::{Meta, Scope};
use telltale_store::StoreError;
use telltale_wal::{Fs as _, RealFs};
use tokio::sync::oneshot;

use crate::config::{Auto, Config, Keep, Listen, TelemetrySection};
use crate::own_traces::OwnTraces;
use crate::serve;

/// Runs `command` on the directory `dir` as one of `project`.
pub(crate) fn run(command: Command, dir: &Path, project: &str, config: Config) -> Result<ExitCode> {
    ensure!(
        dir.join("version.json").exists(),
        "{} is not a data directory of Telltale: it has no version.json",
        dir.display()
    );
    let project = Project::new(project)?;
    let config = quiet(config, dir);
    let (runtime, own_traces) = serve::prepare(&config)?;
    let outcome = runtime.block_on(ask(command, config, own_traces, project)).map_err(|error| {
        match error.downcast_ref() {
            Some(StoreError::Locked { dir }) => anyhow::anyhow!(
                "a server is running on {}: ask it with --url, or without --data-dir if it is the one on 127.0.0.1:7070",
                dir.display()
            ),
            _ => error,
        }
    })?;
    Ok(outcome?)
}

/// Nothing of the directory may change but what the command asks for: what is too old for a
/// retention that is only in the server's configuration file stays.
fn quiet(config: Config, dir: &Path) -> Config {
    let mut config = Config {
        data_dir: dir.to_owned(),
        http: Listen::Asked(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        otlp_http: Listen::Off,
        otlp_grpc: Listen::Off,
        pg: Listen::Off,
        ..config
    };
    (config.server.tls_cert, config.server.tls_key) = (None, None);
    let retention = &mut config.retention;
    (retention.spans, retention.logs, retention.metrics) = (Keep(None), Keep(None), Keep(None));
    retention.table_bytes_max = Auto::Auto;
    config.projects.clear();
    config.telemetry = TelemetrySection::default();
    "warn".clone_into(&mut config.log.level);
    config
}

async fn ask(
    mut command: Command,
    config: Config,
    own_traces: OwnTraces,
    project: Project,
) -> Result<Result<ExitCode, CliError>> {
    let keys = Keys::new(&config.data_dir, &project).await?;
    let (tell, told) = oneshot::channel();
    let mut outcome = Ok(ExitCode::FAILURE);
    let asking = async {
        // The server tells its address before it runs; without one there is nothing to ask.
        let Ok(address) = told.await else { return };
        command.ask(format!("http://{address}"), keys.secret.clone());
        outcome = telltale_cli::run(command, &mut std::io::stdout()).await;
    };
    let ready = |_: &Config, server: &telltale_server::Server, _: Option<&_>| {
        let ports = server.ports();
        let port = ports.first().context("the server has no port")?;
        tell.send(port.address).ok();
        Ok(())
    };
    let served =
        Box::pin(serve::serve(Arc::new(config), own_traces, &keys.database, ready, asking)).await;
    keys.remove()?;
    served.map(|()| outcome)
}

/// A database with one key, apart from the keys of the directory, which stay as they are.
struct Keys {
    folder: PathBuf,
    database: PathBuf,
    secret: String,
}

impl Keys {
    async fn new(data_dir: &Path, project: &Project) -> Result<Self> {
        let folder = data_dir.join("tmp").join(format!("command-{}", std::process::id()));
        RealFs
            .create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let database = folder.join("meta.db");
        let meta = Meta::open(&database, Arc::new(SystemClock::new())).await?;
        let created = meta.create_key(project, Scope::Admin, "command").await?;
        meta.close().await;
        let secret = created.secret.expose().to_owned();
        Ok(Self { folder, database, secret })
    }

    fn remove(self) -> Result<()> {
        std::fs::remove_dir_all(&self.folder)
            .with_context(|| format!("cannot remove {}", self.folder.display()))
    }
}
