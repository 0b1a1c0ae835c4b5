//! The form of the API's errors.

use serde_json::json;

use crate::support::{TestServer, json as read};

#[tokio::test]
async fn a_problem_has_type_title_status_and_detail() {
    let server = TestServer::open().await;
    let response = server.get("/api/v1/traces?limit=0").send().await.unwrap();
    let (status, media, problem) = read(response).await;
    assert_eq!((status, media.as_str()), (400, "application/problem+json"));
    assert_eq!(
        problem,
        json!({
            "type": "urn:telltale:problem:invalid-request",
            "title": "The request is wrong",
            "status": 400,
            "detail": "limit is 0, not between 1 and 1000",
        })
    );
}

#[tokio::test]
async fn a_bug_is_a_problem_and_the_server_goes_on() {
    let server = TestServer::open().await;
    // The fake fails to parse this number, which is as good a bug as any.
    let request = server.post("/api/v1/sql").json(&json!({ "query": "pieces x" }));
    let (status, media, problem) = read(request.send().await.unwrap()).await;
    assert_eq!((status, media.as_str()), (500, "application/problem+json"));
    assert_eq!(problem["detail"], "this request hit a bug; it was logged");
    let metrics = server.get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("telltale_panics_total 3"), "{metrics}");
}
