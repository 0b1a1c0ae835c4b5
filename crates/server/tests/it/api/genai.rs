//! Explaining spans, and the attributes that no rule is about.

use serde_json::json;

use crate::support::{TestServer, json as read};

#[tokio::test]
async fn an_export_is_explained_in_its_own_encoding() {
    let server = TestServer::open().await;
    for (media, expect) in
        [("application/x-protobuf", "Protobuf 3"), ("application/json; charset=utf-8", "Json 3")]
    {
        let request =
            server.post("/api/v1/genai/explain").header("content-type", media).body("abc");
        let (status, _, answer) = read(request.send().await.unwrap()).await;
        assert_eq!((status, &answer["spans"][0]["name"]), (200, &json!(expect)));
        assert_eq!(answer["rules_version"], 1);
    }
    let request = server.post("/api/v1/genai/explain").header("content-type", "text/plain");
    assert_eq!(request.body("abc").send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn a_stored_span_is_explained() {
    let server = TestServer::open().await;
    let (trace, known, unknown) = ("07".repeat(16), "01".repeat(8), "02".repeat(8));
    for (span, expect) in [(known.as_str(), 200), (&unknown, 404), ("xyz", 400)] {
        let path = format!("/api/v1/traces/{trace}/spans/{span}/explain");
        let (status, _, answer) = read(server.get(&path).send().await.unwrap()).await;
        assert_eq!(status, expect, "{answer}");
        if status == 200 {
            assert_eq!(answer["spans"][0]["name"], json!(format!("default {trace}")));
        }
    }
}

#[tokio::test]
async fn attributes_without_a_rule_are_listed_by_table() {
    let server = TestServer::open().await;
    let (status, _, answer) =
        read(server.get("/api/v1/genai/unmapped?limit=5").send().await.unwrap()).await;
    assert_eq!(status, 200);
    let tables: Vec<_> =
        answer["attributes"].as_array().unwrap().iter().map(|a| &a["table"]).collect();
    assert_eq!(tables, ["spans", "logs", "metrics", "histograms"]);
    let wrong = server.get("/api/v1/genai/unmapped?limit=0").send().await.unwrap();
    assert_eq!(wrong.status(), 400);
}
