//! A data file that turns out to be damaged while it is read.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use telltale_base::UnixNanos;
use telltale_schema::Table;

use crate::testing::*;
use crate::{Detail, Engine, QueryError, SqlRequest, TraceRequest, TraceSearch};

/// Two files: spans 1 to 8 of the first trace, then of the second. The path of the first.
async fn two_files() -> (RealStore, PathBuf) {
    let store = RealStore::new().await;
    for trace in 1..=2_u8 {
        let spans: Vec<Span> = (1..=8_u8)
            .map(|n| {
                let mut span = span(trace, n, 0, i64::from(trace) * 60 + i64::from(n));
                span.attributes = format!(r#"{{"text":"{}"}}"#, "prompt ".repeat(50));
                span
            })
            .collect();
        store.append(&project(), &spans).await;
        store.store.flush().await.unwrap();
    }
    let files = store.store.snapshot(&project(), Table::Spans).files;
    let path = files.iter().min_by_key(|file| file.record_min).unwrap().path.clone();
    (store, path)
}

/// Turns one bit in every compressed page.
fn flip_bits(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == [0x28, 0xb5, 0x2f, 0xfd] {
            bytes[at] ^= 1;
        }
    }
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
}

fn cut(path: &Path) {
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(100).unwrap();
}

fn problems(store: &RealStore) -> Vec<String> {
    store.store.health().problems(UnixNanos::default(), Duration::MAX)
}

const COUNT: &str = "SELECT count(DISTINCT span_id), min(attributes) IS NOT NULL FROM spans";

#[tokio::test]
async fn a_query_is_answered_from_the_rest_and_the_file_is_reported() {
    for spoil in [flip_bits, cut] {
        for opened_before in [false, true] {
            let (store, path) = two_files().await;
            let engine = store.engine();
            if opened_before {
                assert_eq!(rows(&engine, COUNT).await.unwrap()[0][0], 8);
            }
            spoil(&path);
            for _ in 0..2 {
                let left =
                    rows(&engine, "SELECT count(attributes) FROM spans WHERE attributes <> ''");
                assert_eq!(left.await.unwrap()[0][0], 8);
                let problems = problems(&store);
                assert_eq!(problems.len(), 1, "{problems:?}");
                assert!(problems[0].contains(path.to_str().unwrap()), "{problems:?}");
            }
            assert!(path.exists(), "damaged files are evidence");
        }
    }
}

#[tokio::test]
async fn every_kind_of_question_finds_damage() {
    let search = TraceSearch { limit: 10, ..TraceSearch::default() };
    let request = TraceRequest {
        trace_id: telltale_base::TraceId([1; 16]),
        detail: Detail::Full,
        limit: 100,
        cursor: None,
    };
    for searching in [true, false] {
        let (store, path) = two_files().await;
        let engine = store.engine();
        flip_bits(&path);
        if searching {
            let page = engine.search_traces(&project(), search.clone()).await.unwrap();
            assert_eq!(page.traces.len(), 1);
        } else {
            let error = engine.trace(&project(), request.clone()).await.unwrap_err();
            assert!(matches!(error, QueryError::TraceNotFound { .. }), "{error}");
        }
        assert_eq!(problems(&store).len(), 1, "{searching}");
    }
}

/// Rows of the newest file come first, so that damage of the other is met when some are out.
#[tokio::test]
async fn an_answer_that_has_begun_breaks_off_and_names_the_file_once() {
    let (store, path) = two_files().await;
    let config = crate::QueryConfig { threads: 1, ..config() };
    let engine = Engine::new(Arc::clone(&store.store), config).unwrap();
    flip_bits(&path);
    let ask = || async {
        let query = "SELECT attributes FROM spans".into();
        let stream = engine.sql(&project(), SqlRequest { query, ..SqlRequest::default() }).await?;
        let batches: Vec<_> = stream.try_collect().await?;
        Ok::<usize, QueryError>(batches.iter().map(arrow::array::RecordBatch::num_rows).sum())
    };
    let error = ask().await.unwrap_err();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(matches!(&error, QueryError::SetAside { file, .. } if file == name), "{error}");
    assert_eq!(ask().await.unwrap(), 8);
}

#[tokio::test]
async fn limits_and_mistakes_are_not_taken_for_damage() {
    let (store, _) = two_files().await;
    let engine = store.engine();
    for query in [
        "SELECT nothing FROM spans",
        "SELECT 1 / 0 FROM spans",
        "SELECT CAST(name AS int) FROM spans",
    ] {
        rows(&engine, query).await.unwrap_err();
    }
    let tight = crate::QueryConfig { query_memory_bytes: 1, memory_bytes: 1, ..config() };
    let tight = Engine::new(Arc::clone(&store.store), tight).unwrap();
    rows(&tight, "SELECT name FROM spans ORDER BY duration_ns, name").await.unwrap_err();
    assert!(problems(&store).is_empty());
    assert_eq!(rows(&engine, COUNT).await.unwrap()[0][0], 8);
}
