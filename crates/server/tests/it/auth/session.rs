//! Signing in and out with a browser.

use std::time::Duration;

use serde_json::json;
use telltale_meta::Scope;
use telltale_server::{ServerConfig, TlsFiles};

use crate::support::{Behind, TestServer, config, json as read};

async fn keyed() -> (TestServer, String) {
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Admin).await;
    (TestServer::start(config(), behind).await.unwrap(), key)
}

/// Signs in; the cookie and its attributes.
async fn sign_in(server: &TestServer, key: &str) -> (String, String) {
    let request = server.post("/api/v1/session").json(&json!({ "key": key }));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    (pair.to_owned(), attributes.to_owned())
}

#[tokio::test]
async fn a_key_becomes_a_cookie_that_reads() {
    let (server, key) = keyed().await;
    let (cookie, attributes) = sign_in(&server, &key).await;
    assert_eq!(attributes, "Path=/; Max-Age=604800; HttpOnly; SameSite=Strict");
    assert!(!cookie.contains(&key));
    let request = server.get("/api/v1/session").header("cookie", &cookie);
    let (status, _, session) = read(request.send().await.unwrap()).await;
    assert_eq!(
        (status, &session["project"], &session["scope"]),
        (200, &json!("shop"), &json!("admin"))
    );
    let request = server.get("/api/v1/schema").header("cookie", &cookie);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn changes_with_a_cookie_need_a_page_of_this_server() {
    let (server, key) = keyed().await;
    let (cookie, _) = sign_in(&server, &key).await;
    let own = format!("http://{}", server.http);
    for (header, value, expect) in [
        ("origin", own.as_str(), 200),
        ("sec-fetch-site", "same-origin", 200),
        ("sec-fetch-site", "same-site", 403),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("x-nothing", "x", 403),
    ] {
        let request = server.post("/api/v1/sql").json(&json!({ "query": "pieces 1" }));
        let request = request.header("cookie", &cookie).header(header, value);
        assert_eq!(request.send().await.unwrap().status(), expect, "{header}: {value}");
    }
    assert_eq!(server.behind.queries.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_cookie() {
    let (server, key) = keyed().await;
    let (cookie, _) = sign_in(&server, &key).await;
    let own = format!("http://{}", server.http);
    let request = server.delete("/api/v1/session").header("cookie", &cookie).header("origin", own);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 204);
    let cleared = response.headers()["set-cookie"].to_str().unwrap();
    assert!(cleared.starts_with("telltale_session=; Path=/; Max-Age=0"), "{cleared}");
    let request = server.get("/api/v1/schema").header("cookie", &cookie);
    assert_eq!(request.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn only_a_valid_key_signs_in_and_only_from_here() {
    let (server, key) = keyed().await;
    let request = server.post("/api/v1/session").json(&json!({ "key": "tt_wrong" }));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(!response.headers().contains_key("set-cookie"));
    let request = server.post("/api/v1/session").json(&json!({ "key": key }));
    let response = request.header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(response.status(), 403);
    // A form of a foreign page cannot send JSON.
    let request = server.post("/api/v1/session").body(format!("{{\"key\":\"{key}\"}}"));
    assert_eq!(request.header("content-type", "text/plain").send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn a_stale_cookie_does_not_keep_from_signing_in() {
    let (server, key) = keyed().await;
    let own = format!("http://{}", server.http);
    let request = server.post("/api/v1/session").json(&json!({ "key": key }));
    let request = request.header("cookie", "telltale_session=old").header("origin", own);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_session_ends_with_its_time() {
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Admin).await;
    let config = ServerConfig { session_lifetime: Duration::ZERO, ..config() };
    let server = TestServer::start(config, behind).await.unwrap();
    let (cookie, _) = sign_in(&server, &key).await;
    let request = server.get("/api/v1/schema").header("cookie", &cookie);
    assert_eq!(request.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn under_tls_the_cookie_is_secure() {
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Admin).await;
    let fixture = |name| {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
    };
    let tls = Some(TlsFiles { cert: fixture("cert.pem"), key: fixture("key.pem") });
    let server = TestServer::start(ServerConfig { tls, ..config() }, behind).await.unwrap();
    let client = crate::tls::client();
    let url = format!("https://{}/api/v1/session", server.http);
    let response = client.post(url).json(&json!({ "key": key })).send().await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn keys_that_are_wrong_can_be_tried_so_often_and_then_later() {
    let behind = Behind::new().await;
    let key = behind.key("shop", Scope::Admin).await;
    let mut config = config();
    config.limits.sign_ins.attempts_max = 3;
    let server = TestServer::start(config, behind).await.unwrap();
    for _ in 0..5 {
        sign_in(&server, &key).await;
    }
    let wrong = || server.post("/api/v1/session").json(&json!({ "key": "tt_wrong" })).send();
    for _ in 0..3 {
        assert_eq!(wrong().await.unwrap().status(), 401);
    }
    let refused = wrong().await.unwrap();
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    let (status, media, problem) = read(refused).await;
    assert_eq!((status, media.as_str()), (429, "application/problem+json"));
    assert_eq!(problem["type"], "urn:telltale:problem:too-many");
    let request = server.get("/api/v1/schema").header("x-api-key", &key);
    assert_eq!(request.send().await.unwrap().status(), 200, "only signing in waits");
}
