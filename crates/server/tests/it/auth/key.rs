//! How a key may come, and that it decides the project.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use telltale_base::Project;
use telltale_meta::Scope;

use crate::support::{Behind, TestServer, config, json};

async fn keyed(scope: Scope) -> (TestServer, String) {
    let behind = Behind::new().await;
    let key = behind.key("shop", scope).await;
    (TestServer::start(config(), behind).await.unwrap(), key)
}

#[tokio::test]
async fn a_key_comes_as_bearer_header_or_password() {
    let (server, key) = keyed(Scope::Ingest).await;
    let basic = |user: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{key}")));
    for (name, value) in [
        ("authorization", format!("Bearer {key}")),
        ("x-api-key", key.clone()),
        ("authorization", basic("anyone")),
        ("authorization", basic("")),
    ] {
        let response = server.export("x").header(name, &value).send().await.unwrap();
        assert_eq!(response.status(), 200, "{value}");
        assert_eq!(server.behind.exporter.seen().pop().unwrap().project, "shop");
    }
}

#[tokio::test]
async fn a_wrong_key_is_401_with_a_challenge() {
    let (server, key) = keyed(Scope::Ingest).await;
    for value in [
        "Bearer tt_wrong".to_owned(),
        format!("Bearer {key}x"),
        format!("Bearer {}", key.get(..key.len() - 1).unwrap()),
        key.clone(),
        "Basic ***".to_owned(),
        String::new(),
    ] {
        let response = server.export("x").header("authorization", &value).send().await.unwrap();
        assert_eq!(response.status(), 401, "{value}");
        assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"telltale\"");
    }
    assert_eq!(server.export("x").send().await.unwrap().status(), 401);
    assert!(server.behind.exporter.seen().is_empty());
}

#[tokio::test]
async fn a_refusal_never_repeats_the_key() {
    let (server, _) = keyed(Scope::Ingest).await;
    let request = server.get("/api/v1/keys").header("x-api-key", "tt_almostsecret");
    let body = request.send().await.unwrap().text().await.unwrap();
    assert!(!body.contains("almostsecret"), "{body}");
}

#[tokio::test]
async fn revoking_counts_for_the_next_request() {
    let (server, key) = keyed(Scope::Ingest).await;
    let export = async || {
        server.export("x").header("x-api-key", &key).send().await.unwrap().status().as_u16()
    };
    assert_eq!(export().await, 200);
    let project = Project::new("shop").unwrap();
    let id = server.behind.meta.keys(&project).await.unwrap()[0].id.clone();
    server.behind.meta.revoke_key(&project, &id).await.unwrap();
    assert_eq!(export().await, 401);
    // Revoking the last key does not open the server.
    assert_eq!(server.export("x").send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn without_keys_everything_goes_to_default_whatever_is_presented() {
    let server = TestServer::open().await;
    let response = server.export("x").header("x-api-key", "dummy").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(server.behind.exporter.seen()[0].project, "default");
    let (status, _, session) = json(server.get("/api/v1/session").send().await.unwrap()).await;
    assert_eq!(
        (status, session),
        (200, serde_json::json!({"project": "default", "scope": "open"}))
    );
}

#[tokio::test]
async fn the_first_key_closes_the_server() {
    let server = TestServer::open().await;
    let body = serde_json::json!({"name": "first", "scope": "admin", "project": "shop"});
    let response = server.post("/api/v1/keys").json(&body).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(server.export("x").send().await.unwrap().status(), 401);
    assert_eq!(server.get("/api/v1/schema").send().await.unwrap().status(), 401);
    assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_wrong_key_still_sees_what_is_public() {
    let (server, _) = keyed(Scope::Ingest).await;
    for path in ["/healthz", "/readyz", "/metrics", "/", "/api/v1/openapi.json"] {
        let request = server.get(path).header("x-api-key", "tt_wrong");
        assert_eq!(request.send().await.unwrap().status(), 200, "{path}");
    }
}
