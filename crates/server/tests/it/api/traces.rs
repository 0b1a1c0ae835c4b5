//! Searching and reading traces: parameters in, answers out.

use serde_json::json;
use telltale_base::UnixNanos;
use telltale_server::ports::SpanStatus;

use crate::support::{TestServer, json as read};

#[tokio::test]
async fn every_filter_is_passed_on() {
    let server = TestServer::open().await;
    let query = "from=2023-11-14T22:13:20Z&to=1700000001000000000&service=shop&name=GET%20%2F\
        &status=error&min_duration_ns=5&max_duration_ns=10&attribute=a%3Db&attribute=k=v=w\
        &limit=7&cursor=abc";
    let response = server.get(&format!("/api/v1/traces?{query}")).send().await.unwrap();
    let (status, _, page) = read(response).await;
    assert_eq!(status, 200);
    assert_eq!(page["next_cursor"], "next");
    assert_eq!(page["traces"][0]["start_unix_nano"], "1700000000000000001");
    let (project, search) = server.behind.queries.searched.lock().unwrap().pop().unwrap();
    assert_eq!(project, "default");
    assert_eq!(search.from, Some(UnixNanos(1_700_000_000_000_000_000)));
    assert_eq!(search.to, Some(UnixNanos(1_700_000_001_000_000_000)));
    assert_eq!((search.service.as_deref(), search.name.as_deref()), (Some("shop"), Some("GET /")));
    assert_eq!(search.status, Some(SpanStatus::Error));
    assert_eq!((search.duration_ns_min, search.duration_ns_max), (Some(5), Some(10)));
    let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    assert_eq!(search.attributes, [pair("a", "b"), pair("k", "v=w")]);
    assert_eq!((search.limit, search.cursor.as_deref()), (7, Some("abc")));
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let server = TestServer::open().await;
    for (query, expect) in [
        ("servcie=x", "no parameter \"servcie\""),
        ("status=bad", "status is \"bad\""),
        ("limit=0", "limit is 0"),
        ("limit=1001", "not between 1 and 1000"),
        ("from=soon", "from is \"soon\""),
        ("min_duration_ns=1s", "min_duration_ns is \"1s\""),
        ("attribute=novalue", "\"novalue\", not key=value"),
        ("name=a&name=b", "name is given 2 times"),
    ] {
        let response = server.get(&format!("/api/v1/traces?{query}")).send().await.unwrap();
        let (status, _, problem) = read(response).await;
        assert_eq!(status, 400, "{query}");
        assert!(problem["detail"].as_str().unwrap().contains(expect), "{problem}");
    }
    let many = vec!["attribute=a=b"; 17].join("&");
    let response = server.get(&format!("/api/v1/traces?{many}")).send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert!(server.behind.queries.searched.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_trace_is_read_in_pages() {
    let server = TestServer::open().await;
    let id = "0AF7651916CD43DD8448EB211C80319C";
    let path = format!("/api/v1/traces/{id}?limit=5000&cursor=c&detail=full");
    let (status, _, view) = read(server.get(&path).send().await.unwrap()).await;
    assert_eq!((status, &view["trace_id"]), (200, &json!(id.to_lowercase())));
    let (_, request) = server.behind.queries.traced.lock().unwrap().pop().unwrap();
    assert_eq!((request.limit, request.cursor.as_deref(), request.full), (5_000, Some("c"), true));
}

#[tokio::test]
async fn an_unknown_trace_is_404_and_a_wrong_id_400() {
    let server = TestServer::open().await;
    let zeros = "0".repeat(32);
    for (id, expect) in [
        ("dead651916cd43dd8448eb211c80319c", 404),
        ("xyz", 400),
        (zeros.as_str(), 400),
        ("0af7651916cd43dd8448eb211c80319c0", 400),
    ] {
        let (status, media, _) =
            read(server.get(&format!("/api/v1/traces/{id}")).send().await.unwrap()).await;
        assert_eq!((status, media.as_str()), (expect, "application/problem+json"), "{id}");
    }
}
