//! Alive, ready, and the details.

use std::time::Duration;

use serde_json::json;
use telltale_server::ports::{VitalTable, VitalTask, Vitals};

use crate::support::{TestServer, json as read};

fn stalled() -> Vitals {
    let task = VitalTask {
        name: "flush".to_owned(),
        idle: Duration::from_secs(90),
        idle_max: Duration::from_mins(1),
        last_error: Some("no space left".to_owned()),
    };
    let table = VitalTable { name: "spans".to_owned(), files: 2, rows: 10, bytes: 400 };
    Vitals { tasks: vec![task], tables: vec![table], wal_bytes: 5, ..Vitals::default() }
}

#[tokio::test]
async fn alive_says_nothing_of_ready() {
    let server = TestServer::open().await;
    *server.behind.vital.0.lock().unwrap() = stalled();
    for port in [server.http, server.otlp_http, server.otlp_grpc] {
        let alive = server.client.get(format!("http://{port}/healthz")).send().await.unwrap();
        assert_eq!(alive.status(), 200);
        let ready = server.client.get(format!("http://{port}/readyz")).send().await.unwrap();
        let (status, _, verdict) = read(ready).await;
        assert_eq!((status, &verdict["status"]), (503, &json!("unready")));
        let reason = &verdict["reasons"][0];
        assert_eq!(reason["check"], "task");
        assert_eq!(reason["detail"], "flush made no progress for 90 s: no space left");
    }
}

#[tokio::test]
async fn damaged_data_degrades_and_is_named_in_the_details() {
    let server = TestServer::open().await;
    let quarantined = vec!["wal segment 3, frame 7".to_owned()];
    *server.behind.vital.0.lock().unwrap() = Vitals { quarantined, ..Vitals::default() };
    let (status, _, verdict) = read(server.get("/readyz").send().await.unwrap()).await;
    assert_eq!((status, &verdict["status"]), (200, &json!("degraded")));
    assert!(!verdict.to_string().contains("frame 7"), "details are for those who may read");
    let (_, _, health) = read(server.get("/api/v1/health").send().await.unwrap()).await;
    assert_eq!(health["quarantined"], json!(["wal segment 3, frame 7"]));
}

#[tokio::test]
async fn a_fault_makes_unready() {
    let server = TestServer::open().await;
    let faults = vec!["the log refuses records".to_owned()];
    *server.behind.vital.0.lock().unwrap() = Vitals { faults, ..Vitals::default() };
    let (status, _, verdict) = read(server.get("/readyz").send().await.unwrap()).await;
    assert_eq!((status, &verdict["reasons"][0]["check"]), (503, &json!("fault")));
}

#[tokio::test]
async fn details_hold_the_readings() {
    let server = TestServer::open().await;
    *server.behind.vital.0.lock().unwrap() = stalled();
    let (status, _, health) = read(server.get("/api/v1/health").send().await.unwrap()).await;
    assert_eq!((status, &health["status"]), (200, &json!("unready")));
    assert_eq!(health["tables"], json!([{"name": "spans", "files": 2, "rows": 10, "bytes": 400}]));
    assert_eq!(
        (&health["tasks"][0]["idle_seconds"], &health["wal_bytes"]),
        (&json!(90.0), &json!(5))
    );
}
