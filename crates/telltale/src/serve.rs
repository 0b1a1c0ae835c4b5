//! Puts the parts together, runs them until a signal, and stops them in order: no new requests,
//! running ones finish, rows in memory become files.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use telltale_base::{Clock, SystemClock};
use telltale_derive::{Renormalise, Reprice, Resettle, Revisit, StoredRows, Visit};
use telltale_ingest::{Ingest, Replay};
use telltale_ledger::{Ledger, Pricing};
use telltale_meta::Meta;
use telltale_pg::{PgConfig, PgListener, StatementLimits};
use telltale_query::Engine;
use telltale_server::ports::Exporter;
use telltale_server::{Explainer, Ports, Server};
use telltale_store::{FrameDecoder, Store};
use telltale_telemetry::Sink;
use telltale_wal::{Fs, RealFs};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::adapters::{
    DataBackup, EngineKnown, EngineRows, IngestAmend, PgSessions, StoreTail, StoreVital,
};
use crate::config::{Config, Listen};
use crate::own_traces::OwnTraces;
use crate::{log, prices, rules, settings};

/// Runs the server until it is told to stop.
pub(crate) fn run(config: Config) -> Result<ExitCode> {
    let (runtime, own_traces) = prepare(&config)?;
    let meta = config.data_dir.join("meta.db");
    runtime.block_on(serve(Arc::new(config), own_traces, &meta, announce, stop_signal()))?;
    Ok(ExitCode::SUCCESS)
}

/// What a process needs before [`serve`].
pub(crate) fn prepare(config: &Config) -> Result<(Runtime, OwnTraces)> {
    let (layer, own_traces) = OwnTraces::new(&config.telemetry);
    log::start(&config.log, layer)?;
    // Two TLS providers are linked by the dependencies; without a choice rustls would panic.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a TLS provider was installed twice"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok((runtime, own_traces))
}

/// Serves until `until` ends, with the keys in the database `meta`; `ready` is told when every port
/// is open.
pub(crate) async fn serve(
    config: Arc<Config>,
    own_traces: OwnTraces,
    meta: &Path,
    ready: impl FnOnce(&Config, &Server, Option<&PgListener>) -> Result<()>,
    until: impl Future<Output = ()>,
) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let fs: Arc<dyn Fs> = Arc::new(RealFs);
    let dir = &config.data_dir;
    fs.create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;

    let retention = Arc::new(settings::Retention(Arc::clone(&config)));
    let rules = rules::load(&config.genai.rules)?;
    let ingest = settings::ingest(&config, Arc::clone(&rules));
    let replay = Arc::new(Replay::open(ingest, retention, Arc::clone(&fs), dir.join("dedup.bin")));
    let decoder = Arc::clone(&replay) as Arc<dyn FrameDecoder>;
    let store =
        Store::open(settings::store(&config), Arc::clone(&fs), Arc::clone(&clock), decoder).await?;
    // After the store: its lock keeps a second server away from the metadata too.
    let meta = Meta::open(meta, Arc::clone(&clock)).await?;
    let backup = DataBackup {
        data_dir: dir.clone(),
        fs: Arc::clone(&fs),
        clock: Arc::clone(&clock),
        store: Arc::clone(&store),
        meta: meta.clone(),
        replay: Arc::clone(&replay),
    };
    let pricing = Pricing::new(Arc::new(prices::load(&config)?));
    let ledger = Arc::new(Ledger::new(Arc::clone(&rules), pricing.clone(), Arc::clone(&clock)));
    let ingest = Ingest::new(replay, Arc::clone(&store), Arc::clone(&ledger), Arc::clone(&clock));
    let exporter: Arc<dyn Exporter> = Arc::new(Arc::clone(&ingest));
    let traces_sink = OwnTraces::sink(&config.telemetry, Arc::clone(&exporter))?;
    let engine = Engine::new(Arc::clone(&store) as _, settings::query(&config, &dir.join("tmp")))?;
    ledger.reads(Arc::new(EngineKnown(Arc::clone(&engine))));
    let visits: [Arc<dyn Visit>; 3] = [
        Arc::new(Renormalise(Arc::clone(&rules))),
        Arc::new(Resettle {
            ledger: Arc::clone(&ledger),
            keep: Arc::new(IngestAmend(Arc::clone(&ingest))),
            rules: rules.fingerprint(),
        }),
        Arc::new(Reprice { pricing, fingerprint: prices::fingerprint(&config) }),
    ];
    let revisits = visits.map(|visit| {
        let rows: Arc<dyn StoredRows> = Arc::new(EngineRows(Arc::clone(&engine)));
        Arc::new(Revisit::new(Arc::clone(&store), rows, visit, Arc::clone(&fs), dir))
    });
    let ports = Ports {
        meta: meta.clone(),
        dialects: Arc::new(Explainer { ingest, engine: Arc::clone(&engine) }),
        exporter,
        queries: Arc::clone(&engine) as _,
        tail: Arc::new(StoreTail(Arc::clone(&store))),
        vital: Arc::new(StoreVital {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            started: clock.now(),
            revisits: revisits.to_vec(),
            own_traces: own_traces.counters.clone(),
            ledger,
        }),
        backup: Arc::new(backup),
        clock,
    };
    let server = Server::bind(settings::server(&config), ports).await?;
    let pg = bind_pg(&config, meta.clone(), engine).await?;
    ready(&config, &server, pg.as_ref())?;

    let running = Running { server, pg, store, own_traces, traces_sink, revisits };
    running.run(until).await;
    meta.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// What runs, once every port is open.
struct Running {
    server: Server,
    pg: Option<PgListener>,
    store: Arc<Store>,
    own_traces: OwnTraces,
    traces_sink: Arc<dyn Sink>,
    revisits: [Arc<Revisit>; 3],
}

impl Running {
    /// Runs until `until` ends: then no new requests, running ones finish, rows in memory become
    /// files.
    async fn run(self, until: impl Future<Output = ()>) {
        let Self { server, pg, store, own_traces, traces_sink, revisits } = self;
        let [stop_serving, stop_traces, stop_store] = [(); 3].map(|()| CancellationToken::new());
        let pg_task = async {
            if let Some(pg) = pg {
                pg.serve(stop_serving.clone()).await;
            }
        };
        let requests = async {
            let until = async {
                until.await;
                stop_serving.cancel();
            };
            tokio::join!(server.run(stop_serving.clone()), pg_task, until);
            stop_traces.cancel();
        };
        let serving = async {
            // Spans of the last requests leave while the store still takes them.
            tokio::join!(requests, own_traces.run(traces_sink, stop_traces.clone()));
            tracing::info!("stopping: requests are finished, writing rows in memory to files");
            stop_store.cancel();
        };
        let revisiting = async {
            // One after the other: calls follow from what the rules make of records, prices of both.
            for job in &revisits {
                job.run(stop_serving.clone()).await;
            }
        };
        tokio::join!(serving, store.run(stop_store.clone()), revisiting);
    }
}

async fn bind_pg(config: &Config, meta: Meta, engine: Arc<Engine>) -> Result<Option<PgListener>> {
    let Some(address) = config.pg.addr() else { return Ok(None) };
    let has_keys = meta.has_keys().await?;
    anyhow::ensure!(
        has_keys || address.ip().is_loopback(),
        "pg would listen on {address}, which other machines can reach, and no API key exists: \
         create one with `{}`, or stay local with `pg = \"127.0.0.1:{}\"`",
        settings::first_key(config, "query"),
        address.port()
    );
    let pg = PgConfig {
        address,
        tls: settings::server(config)
            .tls
            .map(|files| telltale_server::tls_config(&files))
            .transpose()?,
        connections_max: config.server.connections_max,
        limits: StatementLimits {
            timeout: config.query.timeout.0,
            rows_max: config.query.rows_max,
            bytes_max: config.query.result_max.0,
        },
    };
    let listener = PgListener::bind(pg, Arc::new(PgSessions { meta, engine })).await;
    listener.map(Some).with_context(|| format!("cannot listen on pg = \"{address}\""))
}

/// Says where the server is, on standard output, where `make run` and people look.
fn announce(config: &Config, server: &Server, pg: Option<&PgListener>) -> Result<()> {
    let scheme = if config.server.tls_cert.is_some() { "https" } else { "http" };
    let mut out = std::io::stdout().lock();
    for port in server.ports() {
        let what = match port.role {
            "http" => "Telltale",
            "otlp_http" => "OTLP over HTTP",
            _ => "OTLP over gRPC",
        };
        writeln!(out, "{what}: {scheme}://{}", port.address)?;
    }
    if let Some(pg) = pg {
        writeln!(out, "PostgreSQL wire: postgresql://{}", pg.address()?)?;
    }
    if config.http == Listen::Off {
        writeln!(out, "The API and the page are off (http = \"off\").")?;
    }
    out.flush()?;
    Ok(())
}

/// Ends when the process is told to stop.
async fn stop_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("cannot listen for signals; only a kill stops the server");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
