//! The committed description is the generated one. To renew it:
//! `TELLTALE_UPDATE_OPENAPI=1 cargo test -p telltale-server --test it openapi`.

use std::path::Path;

use crate::support::{TestServer, json};

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "renewing a committed file is not durable storage, and asks the developer's shell"
)]
fn the_committed_document_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/telltale.json");
    let generated = telltale_server::openapi_json();
    if std::env::var("TELLTALE_UPDATE_OPENAPI").is_ok() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "openapi/telltale.json is stale: see the head of this file");
}

#[tokio::test]
async fn the_served_document_describes_every_path_of_the_api() {
    let server = TestServer::open().await;
    let response = server.get("/api/v1/openapi.json").send().await.unwrap();
    let (status, _, document) = json(response).await;
    assert_eq!(status, 200);
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            operations.push(format!("{id}: {} {path}", method.to_uppercase()));
        }
    }
    // Generated clients name their functions by these; they must be unique and stable.
    operations.sort();
    insta::assert_snapshot!(operations.join("\n"));
}
