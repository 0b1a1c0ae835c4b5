//! What browsers may do in the name of which page.

use reqwest::Method;
use telltale_meta::Scope;
use telltale_server::ServerConfig;

use crate::support::{Behind, TestServer, config};

async fn get(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> u16 {
    let request = headers.iter().fold(server.get(path), |r, (name, value)| r.header(*name, *value));
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_rebound_name_reads_nothing() {
    let allowed_hosts = vec!["telltale.internal".to_owned()];
    let server = TestServer::with(ServerConfig { allowed_hosts, ..config() }).await;
    for path in ["/api/v1/schema", "/", "/metrics"] {
        assert_eq!(get(&server, path, &[("host", "evil.example:7070")]).await, 403, "{path}");
        assert_eq!(get(&server, path, &[("host", "localhost")]).await, 200, "{path}");
        assert_eq!(get(&server, path, &[("host", "telltale.internal:80")]).await, 200, "{path}");
    }
    let response = server.export("x").header("host", "evil.example").send().await.unwrap();
    assert_eq!(response.status(), 403);
    assert!(server.behind.exporter.seen().is_empty());
}

#[tokio::test]
async fn a_foreign_page_neither_reads_nor_writes() {
    let server = TestServer::open().await;
    let own = format!("http://{}", server.http);
    assert_eq!(get(&server, "/api/v1/schema", &[("origin", &own)]).await, 200);
    for origin in ["https://evil.example", "http://localhost:1", "null"] {
        assert_eq!(get(&server, "/api/v1/schema", &[("origin", origin)]).await, 403, "{origin}");
        let response = server.export("x").header("origin", origin).send().await.unwrap();
        assert_eq!(response.status(), 403, "{origin}");
        assert!(!response.headers().contains_key("access-control-allow-origin"));
        let body = response.bytes().await.unwrap();
        let key = b"server.otlp_origins";
        assert!(body.windows(key.len()).any(|part| part == key), "the key to change is named");
    }
    assert!(server.behind.exporter.seen().is_empty());
}

#[tokio::test]
async fn a_listed_page_sends_and_does_not_read() {
    let otlp_origins = vec!["https://app.example.com".to_owned()];
    let server = TestServer::with(ServerConfig { otlp_origins, ..config() }).await;
    let origin = ("origin", "https://app.example.com");
    let response = server.export("x").header(origin.0, origin.1).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], origin.1);
    assert_eq!(response.headers()["vary"], "origin");
    assert_eq!(get(&server, "/api/v1/schema", &[origin]).await, 403);
}

#[tokio::test]
async fn any_page_may_be_let_send() {
    let otlp_origins = vec!["*".to_owned()];
    let server = TestServer::with(ServerConfig { otlp_origins, ..config() }).await;
    let origin = ("origin", "https://whoever.example");
    let response = server.export("x").header(origin.0, origin.1).send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], origin.1);
    assert_eq!(get(&server, "/api/v1/schema", &[origin]).await, 403);
}

#[tokio::test]
async fn a_page_listed_for_the_api_reads() {
    let api_origins = vec!["http://localhost:5173".to_owned()];
    let server = TestServer::with(ServerConfig { api_origins, ..config() }).await;
    assert_eq!(get(&server, "/api/v1/schema", &[("origin", "http://localhost:5173")]).await, 200);
}

async fn preflight(server: &TestServer, path: &str, origin: &str) -> reqwest::Response {
    let request = server.client.request(Method::OPTIONS, server.url(path));
    let request = request.header("origin", origin).header("access-control-request-method", "POST");
    request.header("access-control-request-headers", "content-type").send().await.unwrap()
}

#[tokio::test]
async fn a_preflight_is_answered_for_listed_origins_without_a_key() {
    let behind = Behind::new().await;
    behind.key("shop", Scope::Ingest).await;
    let otlp_origins = vec!["https://app.example.com".to_owned()];
    let server =
        TestServer::start(ServerConfig { otlp_origins, ..config() }, behind).await.unwrap();
    let response = preflight(&server, "/v1/traces", "https://app.example.com").await;
    assert_eq!(response.status(), 204);
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-origin"], "https://app.example.com");
    let allowed = headers["access-control-allow-headers"].to_str().unwrap();
    for needed in ["authorization", "content-type", "content-encoding", "x-api-key"] {
        assert!(allowed.contains(needed), "{needed} is not in {allowed}");
    }
    let response = preflight(&server, "/v1/traces", "https://evil.example").await;
    assert_eq!(response.status(), 405);
    assert!(!response.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn answers_may_not_be_embedded_or_kept() {
    let server = TestServer::open().await;
    let response = server.get("/api/v1/schema").send().await.unwrap();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
}
