//! Each limit at its edge, with the message that the caller gets.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde_json::json;
use telltale_base::ErrorKind;

use crate::encode::Format;
use crate::testing::*;
use crate::{Engine, QueryConfig, QueryError, SqlLimits, SqlRequest};

fn with(change: impl FnOnce(&mut QueryConfig)) -> Arc<Engine> {
    let mut config = config();
    change(&mut config);
    let source = ByHand::default();
    let spans: Vec<Span> = (0..10).map(|n| span(1, n, 0, i64::from(n))).collect();
    source.spans(&project(), vec![batch_of(1, &spans)], Vec::new(), []);
    Engine::new(Arc::new(source), config).unwrap()
}

#[tokio::test]
async fn rows_are_cut_off_and_the_answer_says_so() {
    let engine = with(|config| config.rows_max = 10);
    let whole = json(&engine, &project(), "SELECT name FROM spans", Vec::new()).await.unwrap();
    assert_eq!((&whole["row_count"], &whole["truncated"]), (&json!(10), &json!(false)));
    let request = SqlRequest {
        query: "SELECT span_id FROM spans ORDER BY start_time".into(),
        limits: SqlLimits { rows_max: Some(9), timeout: None },
        ..SqlRequest::default()
    };
    let mut stream = engine.sql(&project(), request).await.unwrap();
    let truncated = stream.truncated();
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        rows += batch.unwrap().num_rows();
    }
    assert_eq!((rows, truncated.get()), (9, true));
    let many = "SELECT * FROM generate_series(1, 1000000)";
    let many = json(&engine, &project(), many, Vec::new()).await.unwrap();
    assert_eq!((&many["row_count"], &many["truncated"]), (&json!(10), &json!(true)));
}

/// A constant is stored once: only what is written out counts.
#[tokio::test]
async fn bytes_are_cut_off_and_the_answer_says_so() {
    let engine = with(|config| config.result_bytes_max = 10 << 20);
    let many = "SELECT repeat('x', 1000000) AS t FROM generate_series(1, 100000)";
    let cut = json(&engine, &project(), many, Vec::new()).await.unwrap();
    assert_eq!((&cut["row_count"], &cut["truncated"]), (&json!(10), &json!(true)));
    assert_eq!(cut["rows"].as_array().unwrap().len(), 10);
    for format in [Format::Csv, Format::Arrow] {
        let request = SqlRequest { query: many.into(), ..SqlRequest::default() };
        let stream = engine.sql(&project(), request).await.unwrap();
        let truncated = stream.truncated();
        let sent = bytes(stream, format).await.unwrap().len();
        assert!((9 << 20..=10 << 20).contains(&sent) && truncated.get(), "{format:?} {sent}");
    }
    let one =
        "SELECT array_agg(t) FROM (SELECT repeat('x', 10000) t FROM generate_series(1, 2000))";
    let cut = json(&engine, &project(), one, Vec::new()).await.unwrap();
    assert_eq!((&cut["row_count"], &cut["truncated"]), (&json!(0), &json!(true)));
    let few = "SELECT repeat('x', 1000000) AS t FROM generate_series(1, 9)";
    let whole = json(&engine, &project(), few, Vec::new()).await.unwrap();
    assert_eq!((&whole["row_count"], &whole["truncated"]), (&json!(9), &json!(false)));
}

#[tokio::test]
async fn a_request_cannot_raise_the_limits() {
    let engine = with(|config| config.rows_max = 3);
    let request = SqlRequest {
        query: "SELECT name FROM spans".into(),
        limits: SqlLimits { rows_max: Some(1000), timeout: Some(Duration::MAX) },
        ..SqlRequest::default()
    };
    let stream = engine.sql(&project(), request).await.unwrap();
    let rows: usize =
        stream.map(|batch| batch.unwrap().num_rows()).collect::<Vec<_>>().await.iter().sum();
    assert_eq!(rows, 3);
}

#[tokio::test]
async fn a_query_that_runs_too_long_is_stopped() {
    let engine = with(|config| config.timeout = Duration::from_millis(200));
    let endless = "SELECT sum(a.value * b.value) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b";
    let error = rows(&engine, endless).await.unwrap_err();
    assert_eq!(error.to_string(), "query ran longer than its limit of 200ms and was stopped");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

/// One thread, so that a query that keeps it lets no other begin.
#[tokio::test]
async fn what_makes_much_of_little_ends_in_time_and_lets_others_begin() {
    let engine = with(|config| {
        config.threads = 1;
        config.timeout = Duration::from_secs(1);
    });
    for endless in [
        "SELECT a.value FROM generate_series(1, 100000) a, generate_series(1, 100000) b
            ORDER BY random()",
        "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b
            WHERE a.value + b.value < 0",
        "SELECT max(a.value - b.value) FROM generate_series(1, 100000) a
            LEFT JOIN generate_series(1, 100000) b ON a.value > b.value * random()",
        "SELECT count(*) FROM generate_series(1, 100000) a JOIN generate_series(1, 100000) b
            ON a.value % 1 = b.value % 1 ORDER BY 1",
        "SELECT count(*) FROM generate_series(1, 100000) a JOIN generate_series(1, 100000) b
            ON a.value % 1 = b.value % 1 AND a.value + b.value < 0",
        "SELECT count(*) FROM generate_series(1, 300000) a WHERE EXISTS
            (SELECT 1 FROM generate_series(1, 300000) b WHERE a.value % 1 = b.value % 1)",
        "SELECT max(u) FROM (SELECT unnest(l) u FROM
            (SELECT array_agg(value) l FROM generate_series(1, 1000)),
            generate_series(1, 10000000))",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t",
    ] {
        let began = tokio::time::Instant::now();
        let error = rows(&engine, endless).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "query ran longer than its limit of 1s and was stopped",
            "{endless}"
        );
        assert!(began.elapsed() < Duration::from_secs(4), "{endless}: {:?}", began.elapsed());
        let next = tokio::time::timeout(Duration::from_secs(1), rows(&engine, "SELECT 1")).await;
        assert_eq!(json!(next.expect(endless).unwrap()), json!([[1]]));
    }
}

#[tokio::test]
async fn a_query_nobody_waits_for_gives_its_thread_back() {
    let engine = with(|config| {
        config.threads = 1;
        config.timeout = Duration::from_hours(1);
    });
    for endless in [
        "SELECT a.value FROM generate_series(1, 100000) a, generate_series(1, 100000) b
            ORDER BY random()",
        "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b
            WHERE a.value + b.value < 0",
    ] {
        let wait = tokio::time::timeout(Duration::from_millis(500), rows(&engine, endless));
        wait.await.unwrap_err();
        let next = tokio::time::timeout(Duration::from_secs(5), rows(&engine, "SELECT 1")).await;
        assert_eq!(json!(next.expect(endless).unwrap()), json!([[1]]));
    }
}

#[tokio::test]
async fn a_reader_that_is_too_slow_gets_an_error_and_no_silent_end() {
    let engine = with(|config| config.timeout = Duration::from_millis(300));
    let request = SqlRequest {
        query: "SELECT * FROM generate_series(1, 100000)".into(),
        ..SqlRequest::default()
    };
    let mut stream = engine.sql(&project(), request).await.unwrap();
    stream.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let rest: Vec<_> = stream.collect().await;
    assert!(matches!(rest.last(), Some(Err(QueryError::Timeout { .. }))), "{}", rest.len());
}

#[tokio::test]
async fn a_query_that_eats_memory_is_refused() {
    let engine = with(|config| {
        config.query_memory_bytes = 4 << 20;
        config.spill_bytes_max = 64 << 20;
    });
    let greedy = "SELECT count(*) FROM (SELECT array_agg(a.value) OVER (), b.value
        FROM generate_series(1, 300000) a JOIN generate_series(1, 300000) b ON a.value = b.value)";
    let error = rows(&engine, greedy).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "query exceeded its memory limit of 4MiB; select fewer columns, filter more or aggregate"
    );
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    all_memory_returns(&engine).await;
}

#[tokio::test]
async fn what_can_spill_does_up_to_a_limit() {
    let sort = "SELECT count(*) FROM (SELECT value, repeat('x', 200) t FROM generate_series(1, 200000) ORDER BY value % 1000, t OFFSET 1)";
    let dir = tempfile::tempdir().unwrap();
    let spilling = |bytes: u64| {
        let dir = dir.path().to_owned();
        with(move |config| {
            config.query_memory_bytes = 24 << 20;
            config.spill_dir = dir;
            config.spill_bytes_max = bytes;
        })
    };
    let found = rows(&spilling(1 << 30), sort).await.unwrap();
    assert_eq!(json!(found), json!([[199_999]]));
    let error = rows(&spilling(1 << 20), sort).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "query exceeded the limit of 1MiB for temporary files; filter more or aggregate"
    );
}

#[tokio::test]
async fn functions_do_not_make_texts_of_any_size() {
    let engine = with(|_| {});
    for query in [
        "SELECT repeat('x', 100000000) FROM generate_series(1, 100)",
        "SELECT repeat('x', 1000000000)",
        "SELECT repeat(name, 1000000000) FROM spans",
        "SELECT lpad('x', 2000000000)",
        "SELECT rpad(name, 2000000000, 'abc') FROM spans",
        "SELECT repeat('abc', value * 100000000) FROM generate_series(1, 8)",
        "SELECT repeat(repeat('x', 20000), 20000)",
        "SELECT replace(repeat('x', 20000), '', repeat('y', 20000))",
        "SELECT regexp_replace(repeat('x', 20000), 'x', repeat('y', 20000), 'g')",
    ] {
        let error = rows(&engine, query).await.unwrap_err();
        assert!(error.to_string().contains(" bytes of text for "), "{query}: {error}");
        assert!(error.to_string().contains(", the limit is "), "{query}: {error}");
        assert_eq!(error.kind(), ErrorKind::Invalid, "{query}: {error}");
    }
    for query in ["SELECT range(1, 10000000000)", "SELECT array_repeat(1, 10000000000)"] {
        let error = rows(&engine, query).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{query}: {error}");
    }
    for join in ["concat(t, t)", "t || t", "concat_ws('', t, t)"] {
        let doubled = (0..14).fold("SELECT repeat('x', 100000) AS t".to_owned(), |inner, _| {
            format!("SELECT {join} AS t FROM ({inner})")
        });
        let found = rows(&engine, &doubled).await.map(|rows| json!(rows).to_string().len());
        let error = found.unwrap_err();
        assert!(error.to_string().contains(", the limit is "), "{join}: {error}");
    }
    let joined = rows(
        &engine,
        "SELECT 'a' || 1 || name, 'a' || NULL, [1] || [2], trace_id || '!' FROM spans LIMIT 1",
    );
    let id = format!("{}!", "01".repeat(16));
    assert_eq!(json!(joined.await.unwrap()), json!([["a1op", null, [1, 2], id]]));
    let replaced = rows(
        &engine,
        "SELECT replace(attributes, '{', '['), regexp_replace('aXbX', 'X', '-', 'g')
            FROM spans LIMIT 1",
    );
    assert_eq!(json!(replaced.await.unwrap()), json!([["[}", "a-b-"]]));
    let fine = rows(&engine, "SELECT repeat('ab', 2), lpad('7', 3, '0'), rpad('x', 2)").await;
    assert_eq!(json!(fine.unwrap()), json!([["abab", "007", "x "]]));
}

/// Arrow panics when offsets overflow.
#[tokio::test]
async fn what_is_too_large_for_an_array_is_the_querys_fault_and_is_counted() {
    let engine = with(|_| {});
    let long = "arrow_cast(repeat('x', 1000000), 'Utf8')";
    for (count, query) in [
        format!("SELECT {long} FROM generate_series(1, 100000)"),
        format!("SELECT array_agg({long}) FROM generate_series(1, 100000)"),
    ]
    .iter()
    .enumerate()
    {
        let error = rows(&engine, query).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{query}: {error}");
        let said = error.to_string();
        assert!(said.starts_with("an intermediate result of the query is too large"), "{said}");
        assert_eq!(engine.panics(), count as u64 + 1, "{query}");
    }
    assert_eq!(json!(rows(&engine, "SELECT 1").await.unwrap()), json!([[1]]));
}

#[tokio::test]
async fn only_so_many_queries_run_at_once() {
    let engine = with(|config| config.concurrent_max = 1);
    let request = SqlRequest { query: "SELECT name FROM spans".into(), ..SqlRequest::default() };
    let running = engine.sql(&project(), request.clone()).await.unwrap();
    let error = engine.sql(&project(), request.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), "1 queries are running already; try again in a moment");
    assert_eq!(error.kind(), ErrorKind::Busy);
    drop(running);
    engine.sql(&project(), request).await.unwrap();
}

#[tokio::test]
async fn dropping_the_stream_stops_the_query() {
    let engine = with(|config| config.timeout = Duration::from_hours(1));
    let request = SqlRequest {
        query: "SELECT a.value, b.value FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b".into(),
        limits: SqlLimits { rows_max: Some(100_000), timeout: None },
        ..SqlRequest::default()
    };
    let mut stream = engine.sql(&project(), request).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    all_memory_returns(&engine).await;
}

async fn all_memory_returns(engine: &Engine) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while engine.memory_used() > 0 {
        assert!(tokio::time::Instant::now() < deadline, "the query still holds memory");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_text_is_bounded() {
    let engine = with(|config| {
        config.text_bytes_max = 100;
        config.operators_max = 9;
    });
    let padded = |bytes: usize| format!("{:bytes$}", "SELECT 1");
    rows(&engine, &padded(100)).await.unwrap();
    let error = rows(&engine, &padded(101)).await.unwrap_err();
    assert_eq!(error.to_string(), "the query text has 101 bytes, the limit is 100");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    rows(&engine, "SELECT 1+1+1+1+1+1+1+1+1").await.unwrap();
    rows(&engine, "SELECT 1 IN (1,2,3,4,5,6,7,8,9,10,11,12,13,14)").await.unwrap();
    let error = rows(&engine, "SELECT 1+1+1+1+1+1+1+1+1+1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the query has 10 operators and keywords, the limit is 9 (names and values do not count)"
    );
}

#[tokio::test]
async fn depth_up_to_the_limits_neither_overflows_nor_hangs() {
    let engine = with(|_| {});
    let most = QueryConfig::default().operators_max;
    for (first, rest) in [("1", "+1"), ("true", " AND true"), ("'a'", "||'a'"), ("1", "::int")] {
        let words = if matches!(rest, "::int" | " AND true") { 2 } else { 1 };
        let chain = format!("SELECT {first}{}", rest.repeat((most - 2) / words));
        if let Err(error) = rows(&engine, &chain).await {
            assert_ne!(error.kind(), ErrorKind::Internal, "{rest}: {error}");
        }
    }
    for (open, close) in
        [("upper(", ")"), ("concat('a', ", ")"), ("coalesce(", ", 'x')"), ("('a' || ", ")")]
    {
        let nested = format!("SELECT {}'y'{}", open.repeat(10), close.repeat(10));
        if let Err(error) = rows(&engine, &nested).await {
            assert_ne!(error.kind(), ErrorKind::Internal, "{open}: {error}");
        }
    }
    let unions = format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(200));
    rows(&engine, &unions).await.unwrap();
    let nested = format!("SELECT {}1{}", "CASE WHEN true THEN ".repeat(70), " END".repeat(70));
    let error = rows(&engine, &nested).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}
