//! `/metrics`: what is counted, and that no label can be invented by clients.

use telltale_base::ErrorKind;
use telltale_server::ports::{ExportStats, Refusal, SignalExports, VitalTable, Vitals};

use crate::support::TestServer;

async fn scrape(server: &TestServer) -> String {
    let response = server.get("/metrics").send().await.unwrap();
    let media = response.headers()["content-type"].to_str().unwrap();
    assert!(media.starts_with("application/openmetrics-text"), "{media}");
    response.text().await.unwrap()
}

fn assert_line(metrics: &str, line: &str) {
    assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
}

#[tokio::test]
async fn requests_exports_and_readings_are_told() {
    let server = TestServer::open().await;
    let traces = SignalExports {
        accepted: 10,
        rejected: 2,
        duplicate_records: 3,
        bytes: 99,
        ..SignalExports::default()
    };
    let masked = [("openai_key".to_owned(), 4)].into();
    *server.behind.exporter.stats.lock().unwrap() = ExportStats {
        signals: [traces, SignalExports::default(), SignalExports::default()],
        masked,
    };
    let table = VitalTable { name: "spans".to_owned(), files: 2, rows: 10, bytes: 400 };
    *server.behind.vital.0.lock().unwrap() = Vitals {
        wal_bytes: 5,
        wal_dropped_bytes: 8,
        memtable_bytes: 6,
        disk_free_bytes: 7,
        tables: vec![table],
        own_spans_exported: 8,
        own_spans_dropped: 9,
        ledger_calls: 11,
        ledger_changes: 12,
        ledger_lookups: 13,
        ledger_lookups_failed: 14,
        ..Vitals::default()
    };
    server.export("x").send().await.unwrap();
    server.behind.exporter.answer(Err(Refusal::new(ErrorKind::Busy, "full")));
    server.export("x").send().await.unwrap();
    let metrics = scrape(&server).await;
    for line in [
        "telltale_requests_total{method=\"POST\",route=\"/v1/traces\",status=\"200\"} 1",
        "telltale_requests_total{method=\"POST\",route=\"/v1/traces\",status=\"503\"} 1",
        "telltale_exports_total{transport=\"http\",signal=\"traces\",outcome=\"ok\"} 1",
        "telltale_exports_total{transport=\"http\",signal=\"traces\",outcome=\"busy\"} 1",
        "telltale_export_duration_seconds_count{transport=\"http\",signal=\"traces\"} 1",
        "telltale_records_accepted_total{signal=\"traces\"} 10",
        "telltale_records_rejected_total{signal=\"traces\"} 2",
        "telltale_records_duplicate_total{signal=\"traces\"} 3",
        "telltale_export_bytes_total{signal=\"traces\"} 99",
        "telltale_values_masked_total{rule=\"openai_key\"} 4",
        "telltale_wal_bytes 5",
        "telltale_wal_dropped_bytes_total 8",
        "telltale_memtable_bytes 6",
        "telltale_disk_free_bytes 7",
        "telltale_table_files{table=\"spans\"} 2",
        "telltale_exports_in_flight_bytes 0",
        "telltale_own_spans_exported_total 8",
        "telltale_own_spans_dropped_total 9",
        "telltale_ledger_calls_total 11",
        "telltale_ledger_changes_total 12",
        "telltale_ledger_lookups_total 13",
        "telltale_ledger_lookups_failed_total 14",
        "# EOF",
    ] {
        assert_line(&metrics, line);
    }
    assert_eq!(metrics.matches("# EOF").count(), 1);
}

/// Guarantees: an export that is refused before its content is looked at counts as failed too.
#[tokio::test]
async fn every_export_that_is_refused_is_counted() {
    let server = TestServer::open().await;
    let refused = [
        server.export("x").header("content-encoding", "gzip"),
        server.export("x").header("content-encoding", "zstd"),
        server.export("x").header("content-encoding", "br"),
        server.post("/v1/traces").header("content-type", "text/plain").body("x"),
    ];
    for request in refused {
        assert!(matches!(request.send().await.unwrap().status().as_u16(), 400 | 415));
    }
    server.behind.exporter.answer(Err(Refusal::new(ErrorKind::Busy, "full")));
    server.export("x").send().await.unwrap();
    server.export("x").send().await.unwrap();
    let metrics = scrape(&server).await;
    assert_line(&metrics, "telltale_exports_failed_total{signal=\"traces\"} 5");
    assert_line(&metrics, "telltale_exports_failed_total{signal=\"logs\"} 0");
}

#[tokio::test]
async fn clients_cannot_invent_labels() {
    let server = TestServer::open().await;
    for n in 0..20 {
        let method = reqwest::Method::from_bytes(format!("M{n}").as_bytes()).unwrap();
        let path = server.url(&format!("/unknown/{n}"));
        server.client.request(method, path).send().await.unwrap();
    }
    let metrics = scrape(&server).await;
    assert_line(
        &metrics,
        "telltale_requests_total{method=\"other\",route=\"none\",status=\"404\"} 20",
    );
    assert!(!metrics.contains("unknown"));
}
