//! A server on free ports, what stands behind it, and ways to talk to it.

mod ports;
mod raw;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use telltale_base::{Clock, Project, SystemClock};
use telltale_meta::{Meta, Scope};
use telltale_server::ports::{Backup, Exporter, Queries, Tail, Vital};
use telltale_server::{Listen, Ports, Server, ServerConfig, ServerError};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use ports::{
    Exported, FakeBackup, FakeDialects, FakeExporter, FakeQueries, FakeTail, FakeVital, PIECE,
    batch,
};
pub(crate) use raw::{raw, raw_open};

pub(crate) struct TestServer {
    pub(crate) http: SocketAddr,
    pub(crate) otlp_http: SocketAddr,
    pub(crate) otlp_grpc: SocketAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) behind: Behind,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
}

/// What stands behind the server.
pub(crate) struct Behind {
    pub(crate) meta: Meta,
    pub(crate) exporter: Arc<FakeExporter>,
    pub(crate) queries: Arc<FakeQueries>,
    pub(crate) tail: Arc<FakeTail>,
    pub(crate) vital: Arc<FakeVital>,
    pub(crate) backup: Arc<FakeBackup>,
    _folder: TempDir,
}

impl Behind {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let meta = Meta::open(&folder.path().join("meta.db"), clock).await.unwrap();
        Self {
            meta,
            exporter: Arc::default(),
            queries: Arc::default(),
            tail: Arc::default(),
            vital: Arc::default(),
            backup: Arc::default(),
            _folder: folder,
        }
    }

    pub(crate) fn ports(&self) -> Ports {
        Ports {
            meta: self.meta.clone(),
            exporter: Arc::clone(&self.exporter) as Arc<dyn Exporter>,
            dialects: Arc::new(FakeDialects),
            queries: Arc::clone(&self.queries) as Arc<dyn Queries>,
            tail: Arc::clone(&self.tail) as Arc<dyn Tail>,
            vital: Arc::clone(&self.vital) as Arc<dyn Vital>,
            backup: Arc::clone(&self.backup) as Arc<dyn Backup>,
            clock: Arc::new(SystemClock::new()),
        }
    }

    pub(crate) async fn key(&self, project: &str, scope: Scope) -> String {
        let project = Project::new(project).unwrap();
        let created = self.meta.create_key(&project, scope, "test").await.unwrap();
        created.secret.expose().to_owned()
    }
}

/// Three free ports.
pub(crate) fn config() -> ServerConfig {
    let free = Listen::Asked(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    ServerConfig { http: free, otlp_http: free, otlp_grpc: free, ..ServerConfig::default() }
}

impl TestServer {
    /// A server without keys.
    pub(crate) async fn open() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: ServerConfig) -> Self {
        Self::start(config, Behind::new().await).await.unwrap()
    }

    pub(crate) async fn start(config: ServerConfig, behind: Behind) -> Result<Self, ServerError> {
        let server = Server::bind(config, behind.ports()).await?;
        let port = |role| {
            let ports = server.ports();
            ports
                .iter()
                .find(|port| port.role == role)
                .map_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), |port| port.address)
        };
        let (http, otlp_http, otlp_grpc) = (port("http"), port("otlp_http"), port("otlp_grpc"));
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(server.run(shutdown.clone()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Ok(Self { http, otlp_http, otlp_grpc, client, behind, shutdown, running })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(self.url(path))
    }

    pub(crate) fn delete(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.delete(self.url(path))
    }

    /// A protobuf export whose body the fake exporter does not look at.
    pub(crate) fn export(&self, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.post("/v1/traces").header("content-type", "application/x-protobuf").body(body)
    }

    pub(crate) fn begin_shutdown(&self) {
        self.shutdown.cancel();
    }

    /// Waits until the server has returned.
    pub(crate) async fn stopped(self) {
        self.running.await.unwrap();
    }
}

/// Status, content type and JSON body of an answer.
pub(crate) async fn json(response: reqwest::Response) -> (u16, String, serde_json::Value) {
    let status = response.status().as_u16();
    let media = response.headers().get("content-type").map(|m| m.to_str().unwrap().to_owned());
    let body = response.bytes().await.unwrap();
    let value = serde_json::from_slice(&body).unwrap_or(serde_json::Value::Null);
    (status, media.unwrap_or_default(), value)
}
