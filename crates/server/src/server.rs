//! The server as a whole: bind, run until told to stop, finish what runs.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{API_ORIGINS, OTLP_ORIGINS, ServerConfig};
use crate::error::ServerError;
use crate::exposure::check_exposure;
use crate::listen::{Serving, accept, open};
use crate::state::{Ports, Shared};
use crate::{router, tls};

/// An open port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenPort {
    /// Its configuration key: `http`, `otlp_http` or `otlp_grpc`.
    pub role: &'static str,
    /// Where it really listens.
    pub address: SocketAddr,
}

/// A server whose ports are open and not yet served.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<(OpenPort, TcpListener)>,
    shared: Shared,
    serving: Serving,
}

impl Server {
    /// Checks the configuration and opens the ports. Connections wait until [`Server::run`].
    ///
    /// # Errors
    /// A port that was asked for is taken, no port is left, others could reach a server without
    /// keys, a TLS file or a setting cannot be used.
    pub async fn bind(config: ServerConfig, ports: Ports) -> Result<Self, ServerError> {
        check_settings(&config)?;
        // When the metadata database does not answer, the safe guess is that there are no keys.
        let has_keys = ports.meta.has_keys().await.unwrap_or(false);
        check_exposure(&config, has_keys)?;
        let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
        let mut listeners = Vec::new();
        let wanted = [
            ("http", config.http),
            ("otlp_http", config.otlp_http),
            ("otlp_grpc", config.otlp_grpc),
        ];
        for (role, listen) in wanted {
            let Some(listener) = open(role, listen).await? else { continue };
            let bound = |source| {
                let address = listen.address().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
                ServerError::Bind { role, address, source }
            };
            let address = listener.local_addr().map_err(bound)?;
            listeners.push((OpenPort { role, address }, listener));
        }
        if listeners.is_empty() {
            return Err(ServerError::NoPort);
        }
        let stopping = CancellationToken::new();
        let shared = Shared::new(config, ports, stopping.clone());
        let serving = Serving {
            limits: shared.config.limits.clone(),
            tls,
            connections: Arc::new(Semaphore::new(shared.config.limits.connections_max)),
            open: shared.metrics.connections.clone(),
            tasks: TaskTracker::new(),
            stopping,
            abandoned: CancellationToken::new(),
        };
        Ok(Self { listeners, shared, serving })
    }

    /// The ports that are open.
    #[must_use]
    pub fn ports(&self) -> Vec<OpenPort> {
        self.listeners.iter().map(|(port, _)| *port).collect()
    }

    /// Serves until `shutdown`, then stops accepting, gives running requests their grace and
    /// returns. When it returns no request is running: what was acknowledged can be flushed.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { listeners, shared, serving } = self;
        let accepting = TaskTracker::new();
        for (port, listener) in listeners {
            let full = port.role == "http";
            let router = if full { router::full(&shared) } else { router::otlp(&shared) };
            accepting.spawn(accept(listener, router, serving.clone()));
        }
        accepting.close();
        shutdown.cancelled().await;
        serving.stopping.cancel();
        accepting.wait().await;
        serving.tasks.close();
        let grace = serving.limits.shutdown_grace;
        if timeout(grace, serving.tasks.wait()).await.is_err() {
            let left = serving.tasks.len();
            tracing::warn!(left, ?grace, "connections were cut off: they did not finish in time");
            serving.abandoned.cancel();
            serving.tasks.wait().await;
        }
    }
}

/// Checks what can be checked before any port is open.
///
/// # Errors
/// Names the configuration key, its value and what would be right.
pub fn check_settings(config: &ServerConfig) -> Result<(), ServerError> {
    let lists = [(OTLP_ORIGINS, &config.otlp_origins), (API_ORIGINS, &config.api_origins)];
    for (key, origins) in lists {
        for origin in origins {
            let any = origin == "*";
            let reason = if any && key == API_ORIGINS {
                "every web page could read everything: list the origins that may"
            } else if !any && !is_origin(origin) {
                "an origin looks like https://app.example.com, without a path"
            } else {
                continue;
            };
            return Err(ServerError::Setting { key, value: origin.clone(), reason });
        }
    }
    Ok(())
}

fn is_origin(text: &str) -> bool {
    let trimmed = text.trim_end_matches('/');
    trimmed.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '?', '#'])
    })
}
