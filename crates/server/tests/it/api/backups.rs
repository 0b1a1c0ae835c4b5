//! Asking for a backup: what is refused, and that there is one at a time.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestServer, json as read};

async fn ask(server: &TestServer, body: Value) -> (u16, Value) {
    let (status, _, answer) =
        read(server.post("/api/v1/backups").json(&body).send().await.unwrap()).await;
    (status, answer)
}

async fn wait_until_asked(server: &TestServer, count: usize) {
    for _ in 0..500 {
        if server.behind.backup.asked.lock().unwrap().len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the port was not asked {count} times");
}

#[tokio::test]
async fn a_backup_is_made_and_counted() {
    let server = TestServer::open().await;
    server.behind.backup.may_end.add_permits(1);
    let (status, answer) = ask(&server, json!({"path": "/backups/monday"})).await;
    assert_eq!((status, answer), (201, json!({"path": "/backups/monday", "files": 3, "bytes": 7})));
    assert_eq!(*server.behind.backup.asked.lock().unwrap(), [PathBuf::from("/backups/monday")]);
}

#[tokio::test]
async fn wrong_input_is_named_and_nothing_is_made() {
    let server = TestServer::open().await;
    for (body, expect) in [
        (json!({"path": "backups"}), "path is \"backups\": name an absolute path"),
        (json!({"path": ""}), "name an absolute path"),
        (json!({"path": "/backups/../etc"}), "without .."),
        (json!({"path": "/backups/\0"}), "without .. and NUL"),
        (json!({"path": "/backups", "compress": true}), "unknown field `compress`"),
        (json!({}), "missing field `path`"),
    ] {
        let (status, problem) = ask(&server, body).await;
        assert_eq!(status, 400, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(expect), "{problem}");
    }
    assert!(server.behind.backup.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_web_page_of_another_origin_makes_none() {
    let server = TestServer::open().await;
    let request = server.post("/api/v1/backups").json(&json!({"path": "/backups/monday"}));
    let answer = request.header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(server.behind.backup.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_of_the_port_reaches_the_client_and_frees_the_turn() {
    let server = TestServer::open().await;
    server.behind.backup.may_end.add_permits(2);
    let (status, problem) = ask(&server, json!({"path": "/backups/full"})).await;
    assert_eq!((status, &problem["detail"]), (400, &json!("it is not empty")));
    assert_eq!(ask(&server, json!({"path": "/backups/next"})).await.0, 201);
}

/// Scenario: a client asks, goes away while the copy is made, and asks again. Guarantees: the copy
/// goes on and keeps the turn; the turn is free when it ends.
#[tokio::test]
async fn one_at_a_time_also_when_the_client_goes_away() {
    let server = TestServer::open().await;
    let first = server.post("/api/v1/backups").json(&json!({"path": "/backups/one"}));
    let first = tokio::spawn(first.send());
    wait_until_asked(&server, 1).await;
    assert_eq!(ask(&server, json!({"path": "/backups/two"})).await.0, 409);
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let (status, problem) = ask(&server, json!({"path": "/backups/two"})).await;
    assert_eq!(status, 409);
    assert!(problem["detail"].as_str().unwrap().contains("a backup is being made"), "{problem}");
    assert_eq!(server.behind.backup.asked.lock().unwrap().len(), 1);

    // One permit for the first, whose end is seen by the turn being free; then one for the last.
    server.behind.backup.may_end.add_permits(2);
    let mut status = 409;
    for _ in 0..500 {
        (status, _) = ask(&server, json!({"path": "/backups/three"})).await;
        if status != 409 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status, 201);
    assert_eq!(server.behind.backup.ended.load(Ordering::SeqCst), 2);
}
