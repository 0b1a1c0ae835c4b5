//! Ports: taken, default, exposed, full, stopping.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use telltale_base::ErrorKind;
use telltale_meta::Scope;
use telltale_server::{Listen, ServerConfig, ServerLimits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::{Behind, TestServer, config, raw_open};

const LONG: Duration = Duration::from_secs(20);

async fn taken() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn refused(config: ServerConfig) -> (ErrorKind, String) {
    let error = TestServer::start(config, Behind::new().await).await.err().unwrap();
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn a_taken_port_that_was_asked_for_is_an_error() {
    let (_listener, address) = taken().await;
    let config = ServerConfig { otlp_grpc: Listen::Asked(address), ..config() };
    let (kind, text) = refused(config).await;
    assert_eq!(kind, ErrorKind::Conflict);
    assert_eq!(text, format!("cannot listen on {address} for otlp_grpc"));
}

#[tokio::test]
async fn a_taken_default_port_is_skipped() {
    let (_listener, address) = taken().await;
    let config = ServerConfig { otlp_http: Listen::Default(address), ..config() };
    let server = TestServer::with(config).await;
    assert_eq!(server.otlp_http.port(), 0, "not open");
    assert_eq!(server.export("x").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_server_without_any_port_does_not_start() {
    let (_listener, address) = taken().await;
    let config = ServerConfig {
        http: Listen::Default(address),
        otlp_http: Listen::Off,
        otlp_grpc: Listen::Off,
        ..config()
    };
    assert!(refused(config).await.1.starts_with("no port is open"));
}

#[tokio::test]
async fn exposure_without_keys_is_refused_and_with_a_key_is_not() {
    let open = Listen::Asked("0.0.0.0:0".parse().unwrap());
    let exposed = || ServerConfig { http: open, ..config() };
    let (kind, text) = refused(exposed()).await;
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(text.contains("telltale keys create"), "{text}");
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Ingest).await;
    let server = TestServer::start(exposed(), behind).await.unwrap();
    let url = format!("http://127.0.0.1:{}/v1/traces", server.http.port());
    let request = server.client.post(url).header("content-type", "application/json").body("{}");
    assert_eq!(request.header("x-api-key", key).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn origins_that_cannot_work_are_refused() {
    for (otlp, api, expect) in [
        (vec![], vec!["*"], "server.api_origins holds \"*\": every web page could read everything"),
        (vec!["app.example.com"], vec![], "server.otlp_origins holds \"app.example.com\""),
        (vec!["https://a.example/path"], vec![], "without a path"),
    ] {
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        let config =
            ServerConfig { otlp_origins: owned(otlp), api_origins: owned(api), ..config() };
        let (kind, text) = refused(config).await;
        assert_eq!(kind, ErrorKind::Invalid);
        assert!(text.contains(expect), "{text}");
    }
}

#[tokio::test]
async fn connections_have_a_limit_and_wait_for_their_turn() {
    let limits = ServerLimits { connections_max: 1, ..ServerLimits::default() };
    let server = TestServer::with(ServerConfig { limits, ..config() }).await;
    let get = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut first = raw_open(server.http, get).await;
    let mut answer = [0; 15];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    let mut second = raw_open(server.http, get).await;
    let waits = timeout(Duration::from_millis(200), second.read_exact(&mut answer)).await;
    assert!(waits.is_err(), "the second connection is not served while the first is open");
    drop(first);
    timeout(LONG, second.read_exact(&mut answer)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_running_export_is_finished_before_the_server_returns() {
    let server = TestServer::open().await;
    let exporter = std::sync::Arc::clone(&server.behind.exporter);
    exporter.hold.store(1, Ordering::SeqCst);
    let request = server.export("x").send();
    let request = tokio::spawn(request);
    exporter.holding.notified().await;
    let address = server.http;
    server.begin_shutdown();
    let stopped = tokio::spawn(server.stopped());
    // New connections are refused at once, while the running request goes on.
    timeout(LONG, async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    assert!(!stopped.is_finished());
    exporter.release.notify_one();
    assert_eq!(request.await.unwrap().unwrap().status(), 200);
    timeout(LONG, stopped).await.unwrap().unwrap();
    assert_eq!(exporter.seen().len(), 1);
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_after_its_grace() {
    let limits =
        ServerLimits { shutdown_grace: Duration::from_millis(100), ..ServerLimits::default() };
    let server = TestServer::with(ServerConfig { limits, ..config() }).await;
    server.behind.exporter.hold.store(1, Ordering::SeqCst);
    let request = tokio::spawn(server.export("x").send());
    server.behind.exporter.holding.notified().await;
    server.begin_shutdown();
    timeout(LONG, server.stopped()).await.unwrap();
    assert!(request.await.unwrap().is_err(), "no acknowledgement was sent");
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_server_up() {
    let server = TestServer::open().await;
    let mut idle = TcpStream::connect(server.http).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    idle.read_exact(&mut answer).await.unwrap();
    server.begin_shutdown();
    timeout(Duration::from_secs(5), server.stopped()).await.unwrap();
}
