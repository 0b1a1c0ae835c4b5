//! TLS on every port, and files that cannot work.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use telltale_base::ErrorKind;
use telltale_server::{ServerConfig, TlsFiles};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::{Behind, TestServer, config, raw};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

fn with(cert: PathBuf, key: PathBuf) -> ServerConfig {
    ServerConfig { tls: Some(TlsFiles { cert, key }), ..config() }
}

/// A client that trusts the fixtures' authority.
pub(crate) fn client() -> reqwest::Client {
    let pem = std::fs::read(fixture("ca.pem")).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    reqwest::Client::builder().no_proxy().tls_certs_only([authority]).build().unwrap()
}

#[tokio::test]
async fn every_port_speaks_tls_and_nothing_else() {
    let server = TestServer::with(with(fixture("cert.pem"), fixture("key.pem"))).await;
    let client = client();
    for port in [server.http, server.otlp_http, server.otlp_grpc] {
        let request = client.post(format!("https://localhost:{}/v1/traces", port.port()));
        let response =
            request.header("content-type", "application/json").body("{}").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let plain = raw(port, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        assert!(!plain.contains("200 OK"), "{plain}");
    }
}

#[tokio::test]
async fn http_2_is_offered() {
    let server = TestServer::with(with(fixture("cert.pem"), fixture("key.pem"))).await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap()).unwrap();
    for offered in ["h2", "http/1.1"] {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![offered.as_bytes().to_vec()];
        let stream = TcpStream::connect(server.otlp_grpc).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(offered.as_bytes()));
    }
}

#[tokio::test]
async fn files_that_cannot_work_are_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    tokio::fs::write(&empty, "").await.unwrap();
    let (cert, key) = (|| fixture("cert.pem"), || fixture("key.pem"));
    for (config, named) in [
        (with(folder.path().join("none.pem"), key()), "none.pem"),
        (with(cert(), folder.path().join("none.pem")), "none.pem"),
        (with(empty.clone(), key()), "empty.pem: it holds no certificate; name a PEM file"),
        (with(cert(), empty.clone()), "empty.pem"),
        (with(key(), key()), "key.pem: it holds no certificate; name a PEM file"),
        (with(cert(), cert()), "cert.pem"),
        (
            with(cert(), fixture("other-key.pem")),
            "it is not the key of the certificate in server.tls_cert",
        ),
    ] {
        let error = TestServer::start(config, Behind::new().await).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(named), "{error}");
    }
}
