//! Every route with every role, over the wire.

use reqwest::Method;
use telltale_meta::Scope;

use crate::support::{Behind, TestServer, config};

/// Method, path, and whether nobody, ingest, query and admin get in.
const TABLE: [(&str, &str, [bool; 4]); 25] = [
    ("POST", "/v1/traces", [false, true, false, true]),
    ("POST", "/v1/logs", [false, true, false, true]),
    ("POST", "/v1/metrics", [false, true, false, true]),
    (
        "POST",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        [false, true, false, true],
    ),
    (
        "POST",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        [false, true, false, true],
    ),
    (
        "POST",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        [false, true, false, true],
    ),
    ("POST", "/api/v1/sql", [false, false, true, true]),
    ("GET", "/api/v1/schema", [false, false, true, true]),
    ("GET", "/api/v1/attributes", [false, false, true, true]),
    ("GET", "/api/v1/traces", [false, false, true, true]),
    ("GET", "/api/v1/traces/0af7651916cd43dd8448eb211c80319c", [false, false, true, true]),
    ("GET", "/api/v1/tail", [false, false, true, true]),
    ("GET", "/api/v1/health", [false, false, true, true]),
    ("POST", "/api/v1/backups", [false, false, false, true]),
    ("GET", "/api/v1/keys", [false, false, false, true]),
    ("POST", "/api/v1/keys", [false, false, false, true]),
    ("DELETE", "/api/v1/keys/key_none", [false, false, false, true]),
    ("GET", "/api/v1/session", [false, true, true, true]),
    ("POST", "/api/v1/session", [true, true, true, true]),
    ("DELETE", "/api/v1/session", [true, true, true, true]),
    ("GET", "/api/v1/openapi.json", [true, true, true, true]),
    ("GET", "/healthz", [true, true, true, true]),
    ("GET", "/readyz", [true, true, true, true]),
    ("GET", "/metrics", [true, true, true, true]),
    ("GET", "/", [true, true, true, true]),
];

async fn allowed(server: &TestServer, method: &str, path: &str, key: Option<&str>) -> bool {
    let method: Method = method.parse().unwrap();
    let mut request = server.client.request(method, server.url(path));
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    let response = request.send().await.unwrap();
    match (response.status().as_u16(), key) {
        (401, None) | (403, Some(_)) => false,
        // A public route may find the request itself wanting: signing in without a body.
        (200..=204 | 400 | 404 | 415 | 422, _) => true,
        (other, _) => panic!("{path} answered {other}"),
    }
}

#[tokio::test]
async fn every_route_and_role() {
    let behind = Behind::new().await;
    let mut keys = vec![None];
    for scope in Scope::ALL {
        keys.push(Some(behind.key("shop", scope).await));
    }
    let server = TestServer::start(config(), behind).await.unwrap();
    for (method, path, expect) in TABLE {
        let mut found = [false; 4];
        for (slot, key) in found.iter_mut().zip(&keys) {
            *slot = allowed(&server, method, path, key.as_deref()).await;
        }
        assert_eq!(found, expect, "{method} {path}: nobody, ingest, query, admin");
    }
}

#[tokio::test]
async fn head_is_treated_as_get() {
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Ingest).await;
    let server = TestServer::start(config(), behind).await.unwrap();
    let head = server.client.head(server.url("/api/v1/schema"));
    assert_eq!(head.header("x-api-key", key).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_path_written_otherwise_is_not_a_way_around() {
    let behind = Behind::new().await;
    behind.key("shop", Scope::Query).await;
    let server = TestServer::start(config(), behind).await.unwrap();
    for path in [
        "//api/v1/schema",
        "/api//v1/schema",
        "/api/v1/schema/",
        "/API/v1/schema",
        "/api/v1/%73chema",
        "/api/v1/./schema",
        "/api/v1/x/../schema",
        "/healthz/../api/v1/schema",
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = crate::support::raw(server.http, request.as_bytes()).await;
        let refused = answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 401");
        assert!(refused, "{path}: {answer}");
    }
}
