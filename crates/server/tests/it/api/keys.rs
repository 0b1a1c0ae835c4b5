//! Managing keys, within the own project.

use serde_json::{Value, json};
use telltale_base::Project;
use telltale_meta::Scope;

use crate::support::{Behind, TestServer, config, json as read};

struct Admin {
    server: TestServer,
    key: String,
}

impl Admin {
    async fn new() -> Self {
        let behind = Behind::new().await;
        let key = behind.key("shop", Scope::Admin).await;
        Self { server: TestServer::start(config(), behind).await.unwrap(), key }
    }

    async fn create(&self, body: Value) -> (u16, Value) {
        let request = self.server.post("/api/v1/keys").header("x-api-key", &self.key).json(&body);
        let (status, _, value) = read(request.send().await.unwrap()).await;
        (status, value)
    }

    async fn list(&self) -> Vec<Value> {
        let request = self.server.get("/api/v1/keys").header("x-api-key", &self.key);
        let (status, _, value) = read(request.send().await.unwrap()).await;
        assert_eq!(status, 200);
        value["keys"].as_array().unwrap().clone()
    }

    async fn revoke(&self, id: &str) -> u16 {
        let request = self.server.delete(&format!("/api/v1/keys/{id}"));
        request.header("x-api-key", &self.key).send().await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn a_key_is_created_used_listed_and_revoked() {
    let admin = Admin::new().await;
    let (status, created) = admin.create(json!({"name": "ci", "scope": "ingest"})).await;
    assert_eq!(
        (status, &created["project"], &created["scope"]),
        (201, &json!("shop"), &json!("ingest"))
    );
    let secret = created["secret"].as_str().unwrap();
    let export = async || {
        let request = admin.server.export("x").header("x-api-key", secret);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(export().await, 200);
    let listed = admin.list().await;
    assert_eq!(listed.len(), 2);
    assert!(!serde_json::to_string(&listed).unwrap().contains("secret"));
    let id = created["id"].as_str().unwrap();
    assert_eq!(admin.revoke(id).await, 204);
    assert_eq!(export().await, 401);
    assert_eq!(admin.revoke(id).await, 404);
    assert!(admin.list().await[1]["revoked_unix_nano"].is_string());
}

#[tokio::test]
async fn another_project_is_out_of_reach() {
    let admin = Admin::new().await;
    let (status, problem) =
        admin.create(json!({"name": "x", "scope": "admin", "project": "bank"})).await;
    assert_eq!((status, &problem["detail"]), (403, &json!("your key belongs to project shop")));
    let bank = Project::new("bank").unwrap();
    let theirs = admin.server.behind.meta.create_key(&bank, Scope::Query, "x").await.unwrap();
    assert_eq!(admin.list().await.len(), 1);
    assert_eq!(admin.revoke(&theirs.key.id).await, 404);
    let still = admin.server.behind.meta.key_of(theirs.secret.expose()).await.unwrap();
    assert!(still.is_some());
}

#[tokio::test]
async fn wrong_input_is_named() {
    let admin = Admin::new().await;
    for (body, expect) in [
        (json!({"name": "x", "scope": "owner"}), "\"owner\" is not a scope"),
        (json!({"name": " ", "scope": "query"}), "1 to 200 characters"),
        (json!({"name": "x".repeat(201), "scope": "query"}), "1 to 200 characters"),
        (json!({"name": "x", "scope": "query", "project": "No!"}), "project name \"No!\""),
        (json!({"name": "x", "scope": "query", "admin": true}), "unknown field `admin`"),
        (json!({"name": "x"}), "missing field `scope`"),
    ] {
        let (status, problem) = admin.create(body).await;
        assert_eq!(status, 400);
        assert!(problem["detail"].as_str().unwrap().contains(expect), "{problem}");
    }
    assert_eq!(admin.list().await.len(), 1);
}
