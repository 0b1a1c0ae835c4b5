//! What a span costs on disk.

use arrow::array::RecordBatch;
use bytes::Bytes;
use telltale_base::UnixNanos;
use telltale_schema::{SpanRow, SpansBuilder, Table};
use telltale_store::{Append, StoreConfig};
use telltale_testkit::Rng;
use telltale_wal::RealFs;

use crate::support::{TODAY, config, open, project};

const NAMES: [&str; 6] = [
    "GET /api/v1/items",
    "POST /api/v1/orders",
    "SELECT items",
    "INSERT orders",
    "embed",
    "rerank",
];

fn id<const N: usize>(random: &mut Rng) -> [u8; N] {
    std::array::from_fn(|_| random.bits().to_le_bytes()[0])
}

/// Spans of traces of 20 to 40, of six services, with a value of their own in every other one.
fn spans(random: &mut Rng, rows: usize, now: &mut i64) -> RecordBatch {
    let mut builder = SpansBuilder::new();
    let (mut left, mut trace, mut parent, mut service) = (0, [0; 16], [0; 8], 0);
    for _ in 0..rows {
        if left == 0 {
            (left, trace, service) = (20 + random.below(20), id(random), random.below(6));
        }
        left -= 1;
        *now += i64::try_from(random.below(20_000)).unwrap();
        let span_id = id(random);
        let item = random.below(100_000);
        let attributes = if item.is_multiple_of(2) {
            format!(
                r#"{{"http.request.method":"GET","url.full":"https://example.com/items/{item}","http.response.status_code":200}}"#
            )
        } else {
            format!(
                r#"{{"db.system":"postgresql","db.statement":"SELECT * FROM items","db.rows":{}}}"#,
                item % 50
            )
        };
        builder.append(&SpanRow {
            date: TODAY,
            trace_id: &trace,
            span_id: &span_id,
            parent_span_id: (left % 5 > 0).then_some(&parent),
            name: random.pick(&NAMES).unwrap(),
            kind: "client",
            service_name: &format!("service-{service}"),
            start_time: *now / 1000,
            start_unix_nano: *now,
            duration_ns: 100_000 + i64::try_from(random.below(5_000_000)).unwrap(),
            status_code: "unset",
            attributes: &attributes,
            resource: &format!(
                r#"{{"service.name":"service-{service}","telemetry.sdk.language":"python"}}"#
            ),
            scope_name: Some("opentelemetry.instrumentation.requests"),
            scope_version: Some("0.51b0"),
            ..SpanRow::default()
        });
        if left % 3 == 0 {
            parent = span_id;
        }
    }
    builder.finish().unwrap()
}

#[tokio::test]
async fn a_small_span_takes_at_most_fifty_bytes_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(StoreConfig { row_group_rows: 128 << 10, ..config(dir.path()) }, RealFs)
        .await
        .unwrap();
    let (p, mut random) = (project("p"), Rng::new(1));
    let mut now = i64::from(TODAY) * UnixNanos::DAY;
    for _ in 0..80 {
        let batches = vec![(Table::Spans, spans(&mut random, 512, &mut now))];
        let payload = vec![Bytes::from_static(b"p\n")];
        store.append(Append { project: p.clone(), payload, batches, derive: None }).await.unwrap();
    }
    store.flush().await.unwrap();
    let health = store.health();
    let table = health.tables[&Table::Spans];
    assert_eq!(table.rows, 80 * 512);
    assert!(table.bytes <= 50 * table.rows, "{} bytes a span", table.bytes / table.rows);
    store.close().await;
}
