//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;

use telltale_base::Clock;
use telltale_meta::Meta;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::{Origins, SignIns};
use crate::body::{BodyLimits, InFlight};
use crate::config::{API_ORIGINS, OTLP_ORIGINS, ServerConfig};
use crate::metrics::Metrics;
use crate::ports::{Backup, Dialects, Exporter, Queries, Tail, Vital};

/// What the composition root hands in.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Keys and sessions.
    pub meta: Meta,
    /// Takes exports.
    pub exporter: Arc<dyn Exporter>,
    /// Says what the rules of AI telemetry make of spans.
    pub dialects: Arc<dyn Dialects>,
    /// Answers questions.
    pub queries: Arc<dyn Queries>,
    /// Tells of arrivals.
    pub tail: Arc<dyn Tail>,
    /// Says how the rest is doing.
    pub vital: Arc<dyn Vital>,
    /// Makes backups.
    pub backup: Arc<dyn Backup>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Shared by all handlers; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: ServerConfig,
    pub(crate) meta: Meta,
    pub(crate) exporter: Arc<dyn Exporter>,
    pub(crate) dialects: Arc<dyn Dialects>,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) tail: Arc<dyn Tail>,
    pub(crate) vital: Arc<dyn Vital>,
    pub(crate) backup: Arc<dyn Backup>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) in_flight: InFlight,
    pub(crate) inflations: Semaphore,
    pub(crate) tails: Arc<Semaphore>,
    pub(crate) sign_ins: SignIns,
    /// One backup at a time.
    pub(crate) backups: Arc<Semaphore>,
    pub(crate) otlp_origins: Origins,
    pub(crate) api_origins: Origins,
    /// Cancelled when the server stops, for requests that would never end by themselves.
    pub(crate) stopping: CancellationToken,
}

impl Shared {
    pub(crate) fn new(config: ServerConfig, ports: Ports, stopping: CancellationToken) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Inner {
            in_flight: InFlight::new(config.limits.exports_in_flight_bytes_max),
            inflations: Semaphore::new(processors),
            tails: Arc::new(Semaphore::new(config.limits.tails_max)),
            sign_ins: SignIns::new(config.limits.sign_ins),
            backups: Arc::new(Semaphore::new(1)),
            otlp_origins: Origins::new(&config.otlp_origins, OTLP_ORIGINS),
            api_origins: Origins::new(&config.api_origins, API_ORIGINS),
            metrics: Metrics::new(),
            meta: ports.meta,
            exporter: ports.exporter,
            dialects: ports.dialects,
            queries: ports.queries,
            tail: ports.tail,
            vital: ports.vital,
            backup: ports.backup,
            clock: ports.clock,
            stopping,
            config,
        }))
    }

    pub(crate) fn body_limits(&self, bytes_max: usize) -> BodyLimits {
        let limits = &self.config.limits;
        BodyLimits { bytes_max, idle: limits.body_idle_timeout, total: limits.body_timeout }
    }
}

impl Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
