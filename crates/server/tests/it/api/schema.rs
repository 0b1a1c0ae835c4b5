//! What there is to ask about.

use serde_json::json;
use telltale_meta::Scope;

use crate::support::{Behind, TestServer, config, json as read};

#[tokio::test]
async fn tables_have_columns_types_and_descriptions() {
    let server = TestServer::open().await;
    let (status, _, schema) = read(server.get("/api/v1/schema").send().await.unwrap()).await;
    assert_eq!(status, 200);
    let column =
        json!({"name": "trace_id", "type": "text", "nullable": false, "description": "Id."});
    let table = json!({"name": "spans", "description": "One row a span.", "columns": [column]});
    assert_eq!(schema, json!({ "tables": [table] }));
}

#[tokio::test]
async fn attributes_are_those_of_the_project() {
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Query).await;
    let server = TestServer::start(config(), behind).await.unwrap();
    let get = async |query: &str| {
        let request = server.get(&format!("/api/v1/attributes{query}")).header("x-api-key", &key);
        read(request.send().await.unwrap()).await
    };
    let (status, _, found) = get("?table=spans&prefix=gen_ai&limit=5000").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&found["keys"][0]["key"], &found["keys"][0]["scope"]),
        (&json!("shop:gen_ai"), &json!("spans"))
    );
    assert_eq!((&found["keys_left_out"], &found["complete"]), (&json!(3), &json!(true)));
    let (status, _, found) = get("?key=http.route&prefix=/i").await;
    assert_eq!(status, 200);
    assert_eq!(found["keys"][0]["types"], json!(["http.route"]));
    assert_eq!(found["keys"][0]["key"], "shop:/i");
    assert_eq!(get("?limit=5001").await.0, 400);
    assert_eq!(get("?preffix=x").await.0, 400);
}
