//! What queries answer, over memory and files alike.

use serde_json::json;

use crate::testing::*;

/// The same spans in memory, in files, and half and half.
async fn check(spans: &[Span], query: &str, expect: serde_json::Value) {
    for flushed in [0, spans.len() / 2, spans.len()] {
        let store = RealStore::new().await;
        for (at, span) in spans.iter().enumerate() {
            store.append(&project(), std::slice::from_ref(span)).await;
            if at + 1 == flushed {
                store.store.flush().await.unwrap();
            }
        }
        let found = rows(&store.engine(), query).await.unwrap();
        assert_eq!(json!(found), expect, "{flushed} of {} in files: {query}", spans.len());
    }
}

fn three() -> Vec<Span> {
    let mut spans = vec![span(1, 1, 0, 1), span(1, 2, 1, 2), span(2, 3, 0, 90_000)];
    spans[1].attributes = r#"{"http.method":"GET","n":5,"nested":{"a":[1,2]}}"#.into();
    spans[2].service = "db";
    spans[2].status = "error";
    spans
}

#[tokio::test]
async fn counts_and_groups() {
    check(&three(), "SELECT count(*) FROM spans", json!([[3]])).await;
    check(
        &three(),
        "SELECT service_name, count(*) c, sum(duration_ns) FROM spans GROUP BY 1 ORDER BY 1",
        json!([["api", 2, 2_000_000], ["db", 1, 1_000_000]]),
    )
    .await;
}

#[tokio::test]
async fn ids_are_hex_and_can_be_asked_for_in_any_way() {
    let one = "01".repeat(16);
    let expect = json!([["0101010101010101"], ["0202020202020202"]]);
    for condition in [
        format!("trace_id = '{one}'"),
        format!("'{one}' = trace_id"),
        format!("trace_id IN ('{one}', 'zz')"),
        "trace_id LIKE '0101%'".to_owned(),
        format!("upper(trace_id) = '{}'", one.to_uppercase()),
        "trace_id < '0102'".to_owned(),
        format!("NOT trace_id <> '{one}'"),
        "trace_id <> repeat('02', 16)".to_owned(),
        "trace_id NOT IN (repeat('02', 16))".to_owned(),
    ] {
        let query = format!("SELECT span_id FROM spans WHERE {condition} ORDER BY span_id");
        check(&three(), &query, expect.clone()).await;
    }
}

#[tokio::test]
async fn ids_that_cannot_be_match_nothing_and_null_stays_null() {
    for condition in ["trace_id = 'nope'", "trace_id = ''", "parent_span_id IN ('x')"] {
        let query = format!("SELECT count(*) FROM spans WHERE {condition}");
        check(&three(), &query, json!([[0]])).await;
    }
    check(&three(), "SELECT count(*) FROM spans WHERE trace_id <> 'nope'", json!([[3]])).await;
    // Two spans have no parent: for them the comparison is neither true nor false.
    check(&three(), "SELECT count(*) FROM spans WHERE parent_span_id <> 'nope'", json!([[1]]))
        .await;
    check(
        &three(),
        "SELECT count(*) FROM spans WHERE (parent_span_id = 'nope') IS NULL",
        json!([[2]]),
    )
    .await;
    check(
        &three(),
        "SELECT span_id FROM spans WHERE parent_span_id IS NOT NULL",
        json!([["0202020202020202"]]),
    )
    .await;
    let upper = "AB".repeat(16);
    check(
        &three(),
        &format!("SELECT count(*) FROM spans WHERE trace_id = '{upper}'"),
        json!([[0]]),
    )
    .await;
}

#[tokio::test]
async fn json_operators_reach_into_attributes() {
    check(
        &three(),
        "SELECT attributes ->> 'http.method', attributes ->> 'n', attributes -> 'nested' -> 'a' ->> 1,
                (attributes -> 'n')::bigint + 1, attributes -> 'nested', attributes ->> 'none'
         FROM spans WHERE attributes ->> 'http.method' = 'GET'",
        json!([["GET", "5", "2", 6, r#"{"a":[1,2]}"#, null]]),
    )
    .await;
}

#[tokio::test]
async fn project_is_a_constant_column() {
    check(&three(), "SELECT DISTINCT project FROM spans", json!([["default"]])).await;
    check(&three(), "SELECT count(*) FROM spans WHERE project = 'default'", json!([[3]])).await;
    check(&three(), "SELECT count(*) FROM spans WHERE project = 'other'", json!([[0]])).await;
}

#[tokio::test]
async fn time_filters_and_functions() {
    check(
        &three(),
        "SELECT date, date_trunc('hour', start_time), count(*) FROM spans
         WHERE start_time >= '2026-01-02T00:00:00Z' GROUP BY 1, 2",
        json!([["2026-01-02", "2026-01-02T01:00:00.000000Z", 1]]),
    )
    .await;
    check(&three(), "SELECT count(*) FROM spans WHERE date = '2026-01-01'", json!([[2]])).await;
    check(&three(), "SELECT count(*) FROM spans WHERE date = DATE '2026-01-02'", json!([[1]]))
        .await;
    check(
        &three(),
        "SELECT count(*) FROM spans WHERE start_time > now() - interval '100 years'",
        json!([[3]]),
    )
    .await;
    check(
        &three(),
        "SELECT to_char(date_bin(interval '1 day', start_time), '%Y-%m-%d') d, count(*) FROM spans GROUP BY 1 ORDER BY 1",
        json!([["2026-01-01", 2], ["2026-01-02", 1]]),
    )
    .await;
}

#[tokio::test]
async fn percentiles_joins_subqueries_and_windows() {
    check(
        &three(),
        "SELECT approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ns) FROM spans",
        json!([[1_000_000.0]]),
    )
    .await;
    check(
        &three(),
        "SELECT c.span_id FROM spans c JOIN spans p ON c.parent_span_id = p.span_id",
        json!([["0202020202020202"]]),
    )
    .await;
    check(
        &three(),
        "SELECT count(*) FROM spans WHERE trace_id IN (SELECT trace_id FROM spans WHERE parent_span_id IS NOT NULL)",
        json!([[2]]),
    )
    .await;
    check(
        &three(),
        "SELECT count(*) FROM spans WHERE duration_ns = (SELECT max(duration_ns) FROM spans)",
        json!([[3]]),
    )
    .await;
    check(
        &three(),
        "SELECT span_id, row_number() OVER (PARTITION BY trace_id ORDER BY start_time DESC) n
         FROM spans ORDER BY start_time",
        json!([["0101010101010101", 2], ["0202020202020202", 1], ["0303030303030303", 1]]),
    )
    .await;
}

#[tokio::test]
async fn the_newest_rows_come_first_and_ranges_are_cut() {
    check(
        &three(),
        "SELECT span_id, attributes FROM spans ORDER BY start_time DESC LIMIT 2",
        json!([
            ["0303030303030303", "{}"],
            ["0202020202020202", r#"{"http.method":"GET","n":5,"nested":{"a":[1,2]}}"#]
        ]),
    )
    .await;
    check(
        &three(),
        "SELECT span_id FROM spans ORDER BY record_id LIMIT 1 OFFSET 1",
        json!([["0202020202020202"]]),
    )
    .await;
}

#[tokio::test]
async fn parameters_take_the_place_of_dollars() {
    let engine = engine_of(&three());
    let ask = async |query: &str, params| json(&engine, &project(), query, params).await;
    let found = ask(
        "SELECT count(*) FROM spans WHERE service_name = $1 AND duration_ns >= $2 AND trace_id <> $3",
        vec![json!("api"), json!(5), json!("x")],
    );
    assert_eq!(found.await.unwrap()["rows"], json!([[2]]));
    let found = ask(
        "SELECT $1::bigint, $2, $3, $4::double",
        vec![json!(i64::MAX), json!(true), json!(null), json!(1.5)],
    );
    assert_eq!(found.await.unwrap()["rows"], json!([[i64::MAX, true, null, 1.5]]));
    let found = ask("SELECT name FROM spans ORDER BY start_time LIMIT $1", vec![json!(1)]);
    assert_eq!(found.await.unwrap()["rows"], json!([["op"]]));
    for (query, params, message) in [
        ("SELECT $1", vec![], "the query has 1 parameters, 0 values were given"),
        ("SELECT 1", vec![json!(1)], "the query has 0 parameters, 1 values were given"),
        ("SELECT $1", vec![json!([1])], "parameter $1 must be a string, number, boolean or null"),
    ] {
        assert_eq!(ask(query, params).await.unwrap_err().to_string(), message);
    }
}

#[tokio::test]
async fn tables_without_rows_and_names_that_are_not_there() {
    let engine = engine_of(&[]);
    for table in ["spans", "logs", "metrics", "histograms", "public.spans", "telltale.public.logs"]
    {
        let found = rows(&engine, &format!("SELECT count(*) FROM {table}")).await.unwrap();
        assert_eq!(json!(found), json!([[0]]), "{table}");
    }
    let unknown = rows(&engine, "SELECT * FROM span").await.unwrap_err().to_string();
    assert_eq!(
        unknown,
        "there is no table \"span\"; the tables are spans, logs, metrics, histograms, calls"
    );
    let column = rows(&engine, "SELECT servicename FROM spans").await.unwrap_err().to_string();
    assert!(column.contains("servicename") && column.contains("service_name"), "{column}");
    let listed = rows(&engine, "SHOW TABLES").await.unwrap();
    assert!(json!(listed).to_string().contains("histograms"));
    let described = rows(&engine, "DESCRIBE spans").await.unwrap();
    assert!(json!(described).to_string().contains("start_unix_nano"));
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'spans'";
    let count = rows(&engine, columns).await.unwrap();
    let fields = telltale_schema::Table::Spans.sql_schema().fields().len();
    assert_eq!(json!(count), json!([[fields]]));
}

/// The engine's own optimiser takes a projection for a copy of the one below it when their texts
/// are equal, which is only true of plain columns.
#[tokio::test]
async fn equal_projections_on_each_other_all_count() {
    let engine = engine_of(&three());
    for (query, expect) in [
        (
            "SELECT t + 1 AS t FROM (SELECT t + 1 AS t FROM (SELECT t + 1 AS t FROM
                (SELECT value AS t FROM generate_series(1, 1))))",
            json!([[4]]),
        ),
        (
            "SELECT t + 1 AS t FROM (SELECT t + (2 - 1) AS t FROM (SELECT value AS t
                FROM generate_series(1, 1))) WHERE t > 0",
            json!([[3]]),
        ),
        (
            "SELECT b AS a, a AS b FROM (SELECT b AS a, a AS b FROM (SELECT 1 AS a, 2 AS b
                FROM generate_series(1, 1)))",
            json!([[1, 2]]),
        ),
        (
            "SELECT count(*) FROM (SELECT duration_ns * 2 AS duration_ns FROM
                (SELECT duration_ns * 2 AS duration_ns FROM spans)) WHERE duration_ns = 4000000",
            json!([[3]]),
        ),
        (
            "SELECT x.t, y.t FROM (SELECT t + 1 AS t FROM (SELECT t + 1 AS t FROM
                (SELECT value AS t FROM generate_series(1, 1)))) x,
                (SELECT t + 1 AS t FROM (SELECT t + 1 AS t FROM
                (SELECT value AS t FROM generate_series(5, 5)))) y",
            json!([[3, 7]]),
        ),
        (
            "SELECT concat(t, t) AS t FROM (SELECT concat(t, t) AS t FROM
                (SELECT concat(t, t) AS t FROM (SELECT 'a' AS t)))",
            json!([["aaaaaaaa"]]),
        ),
        ("SELECT name FROM (SELECT name FROM (SELECT name FROM spans)) LIMIT 1", json!([["op"]])),
    ] {
        assert_eq!(json!(rows(&engine, query).await.unwrap()), expect, "{query}");
    }
}
