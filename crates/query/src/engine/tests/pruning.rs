//! What is skipped, and that nothing that matches ever is.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use crate::Engine;
use crate::testing::*;

/// Twelve spans of six traces in two files of row groups of four.
async fn flushed() -> RealStore {
    let store = RealStore::new().await;
    for half in 0..2_u8 {
        let spans: Vec<Span> = (0..8_u8)
            .map(|n| {
                let trace = half * 8 + n + 1;
                let mut span = span(trace, trace, 0, i64::from(half) * 3600 + i64::from(n));
                span.attributes = format!(r#"{{"user":"u{trace}","n":{trace},"text":"a\"b"}}"#);
                span.resource = format!(r#"{{"host":"h{half}"}}"#);
                span
            })
            .collect();
        store.append(&project(), &spans).await;
        store.store.flush().await.unwrap();
    }
    store
}

async fn plan(engine: &Engine, query: &str) -> String {
    json!(rows(engine, &format!("EXPLAIN {query}")).await.unwrap()).to_string()
}

async fn analyzed(engine: &Engine, query: &str) -> String {
    json!(rows(engine, &format!("EXPLAIN ANALYZE {query}")).await.unwrap()).to_string()
}

fn files(plan: &str) -> usize {
    plan.matches(".parquet").count()
}

#[tokio::test]
async fn files_are_skipped_by_time_date_and_record() {
    let store = flushed().await;
    let engine = store.engine();
    for (condition, expected) in [
        ("true", 2),
        ("start_time < '2026-01-01T00:30:00Z'", 1),
        ("start_unix_nano >= 1767229200000000000", 1),
        ("start_unix_nano BETWEEN 1767229200000000000 AND 1767229300000000000", 1),
        ("start_time > now() + interval '10 years'", 0),
        ("date = '2026-01-01'", 2),
        ("date = '2026-01-02'", 0),
        ("date > DATE '2026-01-02' OR start_time < '2026-01-01T00:30:00Z'", 1),
        ("record_id < 33554432", 1),
        ("project = 'default'", 2),
        ("project = 'other'", 0),
        ("status_code = 'unset'", 2),
    ] {
        let query = format!("SELECT name FROM spans WHERE {condition}");
        let plan = plan(&engine, &query).await;
        assert_eq!(files(&plan), expected, "{condition}: {plan}");
    }
}

#[tokio::test]
async fn a_trace_id_picks_row_groups_by_bloom_filter() {
    let store = flushed().await;
    let engine = store.engine();
    let query = "SELECT name FROM spans WHERE trace_id = repeat('05', 16)";
    assert_eq!(files(&plan(&engine, query).await), 1);
    assert_eq!(json!(rows(&engine, query).await.unwrap()), json!([["op"]]));
    let none = "SELECT name FROM spans WHERE trace_id = repeat('77', 16)";
    assert_eq!(files(&plan(&engine, none).await), 0);
    let analyzed = analyzed(&engine, query).await;
    assert!(analyzed.contains("row_groups_pruned"), "{analyzed}");
    assert!(analyzed.contains("output_rows=1,"), "{analyzed}");
}

#[tokio::test]
async fn an_attribute_picks_row_groups_by_index() {
    let store = flushed().await;
    let engine = store.engine();
    for (condition, expected, rows_found) in [
        ("attributes ->> 'user' = 'u11'", 1, 1),
        ("'u11' = attributes ->> 'user'", 1, 1),
        ("attributes ->> 'user' IN ('u1', 'u11')", 2, 2),
        ("attributes ->> 'user' = 'u1' OR attributes ->> 'user' = 'u2'", 1, 2),
        ("json_get_str(attributes, 'user') = 'u3'", 1, 1),
        ("attributes ->> 'n' = '12'", 1, 1),
        ("resource ->> 'host' = 'h1'", 1, 8),
        ("attributes ->> 'user' = 'nobody'", 0, 0),
        // Not indexed, so nothing is skipped.
        ("attributes ->> 'user' <> 'u1'", 2, 15),
        ("attributes ->> 'text' = 'a\"b'", 2, 16),
        ("attributes ->> 'user' = '[1,2]'", 2, 0),
        ("attributes ->> 'user' = 'u1' OR attributes ->> 'n' = '2'", 2, 2),
        ("attributes ->> 'user' = 'u1' OR name = 'op'", 2, 16),
    ] {
        let query = format!("SELECT name FROM spans WHERE {condition}");
        let plan = plan(&engine, &query).await;
        assert_eq!(files(&plan), expected, "{condition}: {plan}");
        assert_eq!(rows(&engine, &query).await.unwrap().len(), rows_found, "{condition}");
    }
}

#[tokio::test]
async fn parquet_filters_while_decoding_only_where_it_pays() {
    let store = flushed().await;
    let engine = store.engine();
    // A filter that Parquet takes over leaves no FilterExec.
    for (query, over) in [
        ("SELECT name, duration_ns FROM spans WHERE service_name = 'api'", true),
        ("SELECT attributes FROM spans WHERE start_time > '2026-01-01T00:00:00Z'", true),
        ("SELECT name FROM spans WHERE attributes ->> 'n' > '3'", true),
        (
            "SELECT service_name, avg(duration_ns) FROM spans WHERE start_time > '2026-01-01T00:00:00Z' GROUP BY 1",
            false,
        ),
        ("SELECT service_name, count(*) FROM spans WHERE service_name = 'api' GROUP BY 1", false),
    ] {
        let plan = plan(&engine, query).await;
        assert_eq!(!plan.contains("FilterExec"), over, "{query}: {plan}");
    }
}

#[tokio::test]
async fn ids_are_encoded_after_filtering_and_only_when_shown() {
    let store = flushed().await;
    let engine = store.engine();
    let hidden = plan(&engine, "SELECT name FROM spans WHERE trace_id = repeat('05', 16)").await;
    assert!(!hidden.contains("hex_id"), "{hidden}");
    let shown = plan(&engine, "SELECT trace_id FROM spans WHERE trace_id = repeat('05', 16)").await;
    assert!(shown.contains("hex_id(trace_id"), "{shown}");
}

#[tokio::test]
async fn counting_reads_nothing() {
    let store = flushed().await;
    let plan = plan(&store.engine(), "SELECT count(*) FROM spans").await;
    assert!(!plan.contains("DataSourceExec"), "{plan}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Scenario: traces and attributes spread at random over row groups of flushed files and
    /// memory. Guarantees: pruned queries find what a scan without indexes finds.
    #[test]
    fn nothing_that_matches_is_skipped(
        spans in proptest::collection::vec(
            (1_u8..7, 0_usize..5, 0_i64..100_000), 1..30
        ),
        flush_at in proptest::collection::vec(0_usize..30, 0..4),
    ) {
        const VALUES: [&str; 5] =
            [r#""a""#, r#""with \"quotes\"""#, "7", r#"[1,"a"]"#, r#""caf\u00e9 \n""#];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = RealStore::new().await;
            let mut all = Vec::new();
            for (at, (trace, value, start)) in spans.iter().enumerate() {
                let mut span = span(*trace, 1, 0, *start);
                span.attributes = format!(r#"{{"k":{},"k2":1}}"#, VALUES[*value]);
                store.append(&project(), std::slice::from_ref(&span)).await;
                all.push(span);
                if flush_at.contains(&at) {
                    store.store.flush().await.unwrap();
                }
            }
            let (pruned, oracle) = (store.engine(), engine_of(&all));
            for query in [
                "SELECT count(*), min(start_unix_nano) FROM spans WHERE trace_id = repeat('03', 16)",
                "SELECT count(*) FROM spans WHERE trace_id IN (repeat('01', 16), repeat('06', 16))",
                "SELECT count(*) FROM spans WHERE attributes ->> 'k' = 'a'",
                "SELECT count(*) FROM spans WHERE attributes ->> 'k' = 'with \"quotes\"'",
                "SELECT count(*) FROM spans WHERE attributes ->> 'k' = '7'",
                "SELECT count(*) FROM spans WHERE attributes ->> 'k' = '[1,\"a\"]'",
                "SELECT count(*) FROM spans WHERE attributes ->> 'k' = E'caf\u{e9} \\n'",
                "SELECT count(*) FROM spans WHERE attributes ->> 'k' = '7' AND trace_id = repeat('02', 16)",
                "SELECT count(*) FROM spans WHERE start_time < '2026-01-01T12:00:00Z' AND attributes ->> 'k2' = '1'",
                "SELECT count(*) FROM spans WHERE date = '2026-01-02'",
                "SELECT attributes FROM spans ORDER BY start_unix_nano DESC, attributes LIMIT 3",
            ] {
                let (found, expected) = (rows(&pruned, query).await, rows(&oracle, query).await);
                assert_eq!(found.unwrap(), expected.unwrap(), "{query}");
            }
        });
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_names_it_and_not_fewer_rows() {
    let dir = tempfile::tempdir().unwrap();
    let file = write_file(dir.path(), "a.parquet", &batch_of(1, &[span(1, 1, 0, 1)]));
    let bytes = std::fs::read(&file.path).unwrap();
    let cut = std::fs::OpenOptions::new().write(true).open(&file.path).unwrap();
    cut.set_len(bytes.len() as u64 - 20).unwrap();
    let source = ByHand::default();
    source.spans(&project(), Vec::new(), vec![file], []);
    let engine = Engine::new(Arc::new(source), config()).unwrap();
    for query in
        ["SELECT name FROM spans", "SELECT name FROM spans WHERE trace_id = repeat('01', 16)"]
    {
        let error = rows(&engine, query).await.unwrap_err();
        assert_eq!(error.kind(), telltale_base::ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("a.parquet"), "{error}");
    }
}
