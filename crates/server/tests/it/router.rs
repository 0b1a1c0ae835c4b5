//! What is at no path, and what a path does not know.

use reqwest::Method;

use crate::support::{TestServer, json as read};

#[tokio::test]
async fn unknown_paths_are_404_and_never_a_page() {
    let server = TestServer::open().await;
    for path in [
        "/api/v1/nothing",
        "/api",
        "/v1/profiles",
        "/v1",
        "/prometheus/api/v1/query",
        "/tempo/x",
        "/loki/x",
        "/x",
    ] {
        let response = server.get(path).header("accept", "text/html").send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        let media = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(media, "application/problem+json", "{path}");
    }
    let (_, media, problem) = read(server.get("/api/v1/nothing").send().await.unwrap()).await;
    assert_eq!(media, "application/problem+json");
    assert_eq!(problem["detail"], "nothing is at /api/v1/nothing");
}

#[tokio::test]
async fn a_wrong_method_is_405_and_names_the_right_ones() {
    let server = TestServer::open().await;
    for (method, path, allowed) in [
        (Method::GET, "/api/v1/sql", "POST"),
        (Method::PUT, "/api/v1/keys", "GET,HEAD,POST"),
        (Method::GET, "/v1/traces", "POST"),
        (Method::POST, "/healthz", "GET,HEAD"),
    ] {
        let response = server.client.request(method, server.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 405, "{path}");
        assert_eq!(response.headers()["allow"], allowed, "{path}");
    }
}

#[tokio::test]
async fn the_otlp_ports_do_not_serve_the_api() {
    let server = TestServer::open().await;
    for port in [server.otlp_http, server.otlp_grpc] {
        for path in ["/api/v1/schema", "/"] {
            let response = server.client.get(format!("http://{port}{path}")).send().await.unwrap();
            assert_eq!(response.status(), 404);
        }
    }
}
