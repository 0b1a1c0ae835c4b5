//! The accept loop: bounded connections, TLS that never falls back.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use pgwire::tokio::process_socket;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::{Connection, Slot};
use crate::startup::Startup;
use crate::{Sessions, StatementLimits};

/// Settings of the port.
#[derive(Clone)]
pub struct PgConfig {
    /// Where to listen.
    pub address: SocketAddr,
    /// TLS; without it only connections from this machine are served.
    pub tls: Option<Arc<ServerConfig>>,
    /// Most connections at a time; more wait to be accepted.
    pub connections_max: usize,
    /// Bounds on each statement.
    pub limits: StatementLimits,
}

impl fmt::Debug for PgConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgConfig")
            .field("address", &self.address)
            .field("tls", &self.tls.is_some())
            .field("connections_max", &self.connections_max)
            .field("limits", &self.limits)
            .finish()
    }
}

/// A bound port.
#[derive(Debug)]
pub struct PgListener {
    listener: TcpListener,
    config: PgConfig,
    sessions: Arc<dyn Sessions>,
}

impl PgListener {
    /// Binds the port.
    ///
    /// # Errors
    /// When the address is taken or not this machine's.
    pub async fn bind(config: PgConfig, sessions: Arc<dyn Sessions>) -> io::Result<Self> {
        let listener = TcpListener::bind(config.address).await?;
        Ok(Self { listener, config, sessions })
    }

    /// The bound address.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown`, then ends open connections.
    pub async fn serve(self, shutdown: CancellationToken) {
        let turns = Arc::new(Semaphore::new(self.config.connections_max));
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.accept(&turns) => accepted,
            };
            let (socket, peer, turn) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a PostgreSQL connection");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (work, stop) = (self.connection(socket, peer), shutdown.clone());
            connections.spawn(async move {
                let _turn = turn;
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = work => {}
                }
            });
        }
        connections.close();
        connections.wait().await;
    }

    async fn accept(
        &self,
        turns: &Arc<Semaphore>,
    ) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
        let turn = Arc::clone(turns).acquire_owned().await.map_err(io::Error::other)?;
        let (socket, peer) = self.listener.accept().await?;
        Ok((socket, peer, turn))
    }

    fn connection(&self, socket: TcpStream, peer: SocketAddr) -> impl Future<Output = ()> + use<> {
        let startup = Startup {
            sessions: Arc::clone(&self.sessions),
            slot: Arc::new(Slot::default()),
            private: peer.ip().to_canonical().is_loopback(),
        };
        let handlers = Arc::new(Connection::new(startup, self.config.limits));
        let tls = self.config.tls.clone().map(TlsAcceptor::from);
        async move {
            if let Err(error) = process_socket(socket, tls, handlers).await {
                tracing::debug!(%peer, %error, "PostgreSQL connection ended");
            }
        }
    }
}
