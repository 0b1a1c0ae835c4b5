//! Appends, flushes, restarts, and what other readers see.

use std::collections::BTreeSet;
use std::time::Duration;

use telltale_base::{ErrorKind, UnixNanos};
use telltale_schema::Table;
use telltale_store::{AttributeIndex, StoreConfig};
use telltale_wal::RealFs;

use crate::support::{Record, TODAY, append, config, numbers, open, project, read, span};

fn log(number: i64, date: i32) -> Record {
    Record { table: Table::Logs, number, date }
}

#[tokio::test]
async fn an_append_is_visible_and_survives_restarts_and_flushes() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (project("a"), project("b"));
    let store = open(config(dir.path()), RealFs).await.unwrap();
    append(&store, &a, &[span(1), span(2), log(3, TODAY)]).await.unwrap();
    append(&store, &b, &[span(4), log(5, TODAY - 1), log(6, TODAY)]).await.unwrap();
    let check = |store: &telltale_store::Store| {
        assert_eq!(numbers(store, &a, Table::Spans), [1, 2]);
        assert_eq!(numbers(store, &a, Table::Logs), [3]);
        assert_eq!(numbers(store, &b, Table::Spans), [4]);
        assert_eq!(numbers(store, &b, Table::Logs), [5, 6]);
        assert_eq!(numbers(store, &project("c"), Table::Spans), [0; 0]);
        assert_eq!(store.projects(), [a.clone(), b.clone()]);
    };
    check(&store);
    let before = read(&store.snapshot(&b, Table::Logs));
    store.close().await;
    let store = open(config(dir.path()), RealFs).await.unwrap();
    check(&store);
    assert_eq!(read(&store.snapshot(&b, Table::Logs)), before, "ids are stable");
    store.flush().await.unwrap();
    check(&store);
    assert_eq!(store.snapshot(&b, Table::Logs).files.len(), 2);
    assert!(store.snapshot(&b, Table::Logs).memory.is_empty());
    append(&store, &a, &[log(7, TODAY)]).await.unwrap();
    store.close().await;
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!(numbers(&store, &a, Table::Logs), [3, 7]);
    assert_eq!(store.health().memory_rows, 1);
    assert_eq!(read(&store.snapshot(&b, Table::Logs)), before, "ids are stable");
    store.close().await;
}

#[tokio::test]
async fn a_second_server_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(config(dir.path()), RealFs).await.unwrap();
    let error = open(config(dir.path()), RealFs).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains(dir.path().file_name().unwrap().to_str().unwrap()));
    store.close().await;
    open(config(dir.path()), RealFs).await.unwrap();
}

#[tokio::test]
async fn other_readers_see_the_rows() {
    let dir = tempfile::tempdir().unwrap();
    let a = project("a");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    for round in 0..8 {
        let records: Vec<_> = (0..100).map(|n| span(round * 100 + n)).collect();
        append(&store, &a, &records).await.unwrap();
        store.flush().await.unwrap();
        store.maintain().await.unwrap();
    }
    let root = dir.path().canonicalize().unwrap().join("tables/spans");
    let url = url::Url::from_directory_path(&root).unwrap();
    let table = deltalake_core::open_table(url).await.unwrap();
    let state = table.snapshot().unwrap();
    let rows: usize = state.log_data().iter().map(|f| f.num_records().unwrap()).sum();
    assert_eq!(rows, 800);
    let listed: BTreeSet<_> =
        state.log_data().iter().map(|f| root.join(f.path().as_ref())).collect();
    let ours: BTreeSet<_> =
        store.snapshot(&a, Table::Spans).files.iter().map(|f| f.path.clone()).collect();
    assert_eq!(listed, ours);
    assert!(root.join("_delta_log/_last_checkpoint").exists());
    store.close().await;
}

#[tokio::test]
async fn many_single_rows_stay_few_batches() {
    let dir = tempfile::tempdir().unwrap();
    let a = project("a");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    let appends = (0..500).map(|n| {
        let (store, a) = (store.clone(), a.clone());
        tokio::spawn(async move { append(&store, &a, &[span(n)]).await.unwrap() })
    });
    let mut sequence = Vec::new();
    for task in appends.collect::<Vec<_>>() {
        sequence.push(task.await.unwrap());
    }
    sequence.sort_unstable();
    sequence.dedup();
    assert_eq!(sequence.len(), 500);
    // The committer tidies up after it answered; one more append waits for that.
    append(&store, &a, &[span(500)]).await.unwrap();
    let snapshot = store.snapshot(&a, Table::Spans);
    assert!(snapshot.memory.len() < 64, "{} batches", snapshot.memory.len());
    assert_eq!(numbers(&store, &a, Table::Spans), (0..=500).collect::<Vec<_>>());
    store.close().await;
}

#[tokio::test]
async fn subscribers_get_records_as_they_come() {
    let dir = tempfile::tempdir().unwrap();
    let a = project("a");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    append(&store, &a, &[span(1)]).await.unwrap();
    let mut tail = store.subscribe();
    let seq = append(&store, &a, &[span(2), span(3)]).await.unwrap();
    let appended = tail.recv().await.unwrap();
    assert_eq!((appended.seq, &appended.project), (seq, &a));
    let [(Table::Spans, batch)] = appended.batches.as_slice() else { panic!() };
    assert_eq!(batch.num_rows(), 2);
    store.close().await;
    assert_eq!(append(&store, &a, &[span(4)]).await.unwrap_err().kind(), ErrorKind::Busy);
}

#[tokio::test]
async fn pressure_is_refused_at_its_limits() {
    let dir = tempfile::tempdir().unwrap();
    let limited = StoreConfig { memory_bytes: 1 << 20, ..config(dir.path()) };
    let store = open(limited.clone(), RealFs).await.unwrap();
    store.admit_pressure(1 << 20).unwrap();
    let error = store.admit_pressure((1 << 20) + 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    append(&store, &project("a"), &[span(1)]).await.unwrap();
    assert!(store.admit_pressure(1 << 20).is_err());
    store.flush().await.unwrap();
    store.admit_pressure(1 << 20).unwrap();
    store.close().await;
    let store =
        open(StoreConfig { disk_reserve_bytes: u64::MAX, ..limited }, RealFs).await.unwrap();
    assert_eq!(store.admit_pressure(1).unwrap_err().kind(), ErrorKind::Busy);
    assert!(!store.health().problems(UnixNanos::default(), Duration::MAX).is_empty());
    store.close().await;
}

#[tokio::test]
async fn a_payload_over_the_limit_is_refused_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut limited = config(dir.path());
    limited.wal.frame_bytes_max = 100;
    let store = open(limited, RealFs).await.unwrap();
    let a = project("a");
    let many: Vec<_> = (0..50).map(span).collect();
    let one = [span(1)];
    let (large, small) = tokio::join!(append(&store, &a, &many), append(&store, &a, &one));
    assert_eq!(large.unwrap_err().kind(), ErrorKind::TooLarge);
    small.unwrap();
    assert_eq!(numbers(&store, &a, Table::Spans), [1]);
    store.close().await;
}

#[tokio::test]
async fn the_attribute_index_finds_row_groups() {
    let dir = tempfile::tempdir().unwrap();
    let a = project("a");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    let records: Vec<_> = (0..640).map(span).collect();
    append(&store, &a, &records).await.unwrap();
    store.flush().await.unwrap();
    let snapshot = store.snapshot(&a, Table::Spans);
    let [file] = snapshot.files.as_slice() else { panic!() };
    let index = AttributeIndex::read(&file.path).unwrap().unwrap();
    let hash = |key: &str, value: &str| {
        telltale_schema::attribute_hash(telltale_schema::AttributeScope::Record, key, value)
            .unwrap()
    };
    let groups = |hashes: &[u64]| (0..10).filter(|g| index.may_contain(*g, hashes)).count();
    assert_eq!(groups(&[hash("parity", "0")]), 10);
    // Ten groups, one has it, and one of the others may claim to at 10 % false positives.
    let found: usize = (0..640).map(|n| groups(&[hash("number", &n.to_string())])).sum();
    assert!((640..640 * 3).contains(&found), "{found}");
    let absent: usize = (1000..2000).map(|n| groups(&[hash("number", &n.to_string())])).sum();
    assert!(absent < 3000, "{absent} of 10000");
    store.close().await;
}

/// Guarantees: what is known of a file without opening it is the same from the log as when it was
/// written, for times at the edges too.
#[tokio::test]
async fn facts_about_files_survive_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let a = project("a");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    let of = |number, date| Record { table: Table::Spans, number, date };
    // 1969, 1970, today and 2200.
    let records = [of(1, -1), of(2, 0), of(3, TODAY), of(4, TODAY), of(5, 84_006)];
    append(&store, &a, &records).await.unwrap();
    store.flush().await.unwrap();
    let facts = |store: &telltale_store::Store| {
        let snapshot = store.snapshot(&a, Table::Spans);
        let mut files: Vec<_> = snapshot.files.iter().map(|file| (**file).clone()).collect();
        files.sort_by_key(|file| file.date);
        files
    };
    let before = facts(&store);
    let dates: Vec<_> = before.iter().map(|file| (file.date, file.rows)).collect();
    assert_eq!(dates, [(-1, 1), (0, 1), (TODAY, 2), (84_006, 1)]);
    let [_, _, today, _] = before.as_slice() else { panic!() };
    let midnight = i64::from(TODAY) * UnixNanos::DAY;
    assert_eq!((today.time_min, today.time_max), (midnight + 3, midnight + 4));
    assert_eq!(today.record_max - today.record_min, 1);
    assert_eq!(today.bytes, std::fs::metadata(&today.path).unwrap().len());
    store.close().await;
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!(facts(&store), before);
    store.close().await;
}
