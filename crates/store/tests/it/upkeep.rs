//! Background work: merging, dropping, removing, and the loop that does it.

use std::time::Duration;

use telltale_base::{Clock, ErrorKind};
use telltale_schema::Table;
use telltale_store::{
    Change, CompactionConfig, Correction, RetentionRule, Store, StoreConfig, Task,
};
use telltale_wal::RealFs;
use tokio_util::sync::CancellationToken;

use crate::support::{Record, TODAY, append, clock, config, numbers, open, open_at, project, span};

async fn files(store: &Store, count: i64) {
    for number in 0..count {
        append(store, &project("p"), &[span(number)]).await.unwrap();
        store.flush().await.unwrap();
    }
}

#[tokio::test]
async fn merged_files_stay_for_their_readers() {
    let dir = tempfile::tempdir().unwrap();
    let (p, clock) = (project("p"), clock());
    let compaction = CompactionConfig { files_max: 4, ..CompactionConfig::default() };
    let settings =
        StoreConfig { compaction, vacuum_grace: Duration::from_mins(10), ..config(dir.path()) };
    let store = open_at(settings, RealFs, clock.clone()).await.unwrap();
    files(&store, 5).await;
    let before = store.snapshot(&p, Table::Spans);
    assert_eq!(before.files.len(), 5);
    let exist = || before.files.iter().filter(|file| file.path.exists()).count();
    store.maintain().await.unwrap();
    let after = store.snapshot(&p, Table::Spans);
    assert_eq!(after.files.len(), 1);
    assert_eq!(numbers(&store, &p, Table::Spans), [0, 1, 2, 3, 4]);
    assert_eq!((exist(), store.health().vacuum_pending_bytes > 0), (5, true));
    clock.advance(Duration::from_secs(601));
    store.maintain().await.unwrap();
    assert_eq!(exist(), 5, "a snapshot still has them");
    let paths: Vec<_> = before.files.iter().map(|file| file.path.clone()).collect();
    drop(before);
    store.maintain().await.unwrap();
    assert!(paths.iter().all(|path| !path.exists()));
    assert_eq!(store.health().vacuum_pending_bytes, 0);
    assert_eq!(numbers(&store, &p, Table::Spans), [0, 1, 2, 3, 4]);
    store.close().await;
}

#[tokio::test]
async fn merging_many_rows_keeps_every_one() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let compaction = CompactionConfig { files_max: 3, ..CompactionConfig::default() };
    let store = open(StoreConfig { compaction, ..config(dir.path()) }, RealFs).await.unwrap();
    for round in 0..3 {
        let records: Vec<_> = (0..7000).map(|n| span(n * 3 + round)).collect();
        append(&store, &p, &records).await.unwrap();
        store.flush().await.unwrap();
    }
    store.maintain().await.unwrap();
    let snapshot = store.snapshot(&p, Table::Spans);
    let [file] = snapshot.files.as_slice() else { panic!("{} files", snapshot.files.len()) };
    assert_eq!(file.rows, 21_000);
    assert_eq!(numbers(&store, &p, Table::Spans), (0..21_000).collect::<Vec<_>>());
    store.close().await;
}

#[tokio::test]
async fn old_partitions_are_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let (p, clock) = (project("p"), clock());
    let rule = RetentionRule {
        table: Some(Table::Spans),
        age_max: Some(Duration::from_hours(72)),
        ..RetentionRule::default()
    };
    let settings = StoreConfig { retention: vec![rule], ..config(dir.path()) };
    let store = open_at(settings.clone(), RealFs, clock.clone()).await.unwrap();
    let of = |table, number, date| Record { table, number, date };
    let records = [
        of(Table::Spans, 1, TODAY - 9),
        of(Table::Spans, 2, TODAY - 3),
        of(Table::Spans, 3, TODAY),
        of(Table::Logs, 4, TODAY - 9),
    ];
    append(&store, &p, &records).await.unwrap();
    store.flush().await.unwrap();
    store.maintain().await.unwrap();
    assert_eq!(numbers(&store, &p, Table::Spans), [2, 3]);
    assert_eq!(numbers(&store, &p, Table::Logs), [4]);
    clock.advance(Duration::from_hours(24));
    store.maintain().await.unwrap();
    assert_eq!(numbers(&store, &p, Table::Spans), [3]);
    store.close().await;
    let store = open_at(settings, RealFs, clock).await.unwrap();
    assert_eq!(numbers(&store, &p, Table::Spans), [3]);
    assert!(store.health().quarantined.is_empty());
    store.close().await;
}

#[tokio::test]
async fn leftovers_of_a_crash_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(config(dir.path()), RealFs).await.unwrap();
    files(&store, 1).await;
    let data = store.snapshot(&project("p"), Table::Spans).files[0].path.clone();
    store.close().await;
    let leftover = data.with_file_name("part-0123-000000.parquet");
    let foreign = data.with_file_name("notes.txt");
    let temporary = dir.path().join("tmp/object-7");
    for path in [&leftover, &foreign, &temporary] {
        std::fs::write(path, b"half of something").unwrap();
    }
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert!(!temporary.exists());
    files(&store, 1).await;
    store.maintain().await.unwrap();
    assert!(!leftover.exists() && data.exists() && foreign.exists());
    assert_eq!(store.snapshot(&project("p"), Table::Spans).files.len(), 2);
    store.close().await;
}

#[tokio::test]
async fn delta_logs_are_cut_behind_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let settings = StoreConfig { delta_log_kept: Duration::ZERO, ..config(dir.path()) };
    let store = open_at(settings.clone(), RealFs, clock.clone()).await.unwrap();
    // Ages of commits are real times; the clock is far behind them until it is set.
    clock.set(telltale_base::UnixNanos(i64::MAX / 2));
    for _ in 0..4 {
        files(&store, 3).await;
        store.maintain().await.unwrap();
    }
    let log = dir.path().join("tables/spans/_delta_log");
    let commits = std::fs::read_dir(&log)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "json"))
        .count();
    assert!(commits < 8, "{commits} commits");
    store.close().await;
    let store = open_at(settings, RealFs, clock).await.unwrap();
    assert_eq!(store.health().tables[&Table::Spans].rows, 12);
    store.close().await;
}

#[tokio::test]
async fn the_loop_flushes_when_due_and_when_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let settings = StoreConfig {
        flush_bytes: 1,
        flush_check: Duration::from_millis(20),
        maintenance_pause: Duration::from_millis(20),
        ..config(dir.path())
    };
    let store = open(settings, RealFs).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (store, shutdown) = (store.clone(), shutdown.clone());
        async move { store.run(shutdown).await }
    });
    append(&store, &p, &[span(1)]).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), async {
        while store.health().memory_rows > 0
            || store.health().tasks.iter().any(|(_, task)| task.last_progress.is_none())
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    let health = store.health();
    assert_eq!(health.tables[&Table::Spans].files, 1);
    assert_eq!(health.tasks.len(), Task::ALL.len());
    assert!(health.problems(clock().now(), Duration::from_mins(1)).is_empty());
    append(&store, &p, &[span(2)]).await.unwrap();
    shutdown.cancel();
    running.await.unwrap();
    assert_eq!((store.health().memory_rows, store.health().wal_bytes), (0, 0));
    assert_eq!(numbers(&store, &p, Table::Spans), [1, 2]);
    store.close().await;
}

#[tokio::test]
async fn a_backup_opens_with_everything_acknowledged_before_it() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let p = project("p");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    files(&store, 4).await;
    store.maintain().await.unwrap();
    let record_id = store.snapshot(&p, Table::Spans).files[0].record_min;
    append(&store, &p, &[span(100)]).await.unwrap();
    let delete = Correction { record_id, date: TODAY, change: Change::Delete };
    store.correct(&p, Table::Spans, vec![delete]).await.unwrap();
    let expected = numbers(&store, &p, Table::Spans);
    let target = other.path().join("copy");
    let report = store.backup(&target).await.unwrap();
    assert!(report.files > 8 && report.bytes > 0, "{report:?}");
    assert_eq!(store.backup(&target).await.unwrap_err().kind(), ErrorKind::Invalid);
    // What comes later is not in it, and what is removed later is.
    append(&store, &p, &[span(200)]).await.unwrap();
    store.flush().await.unwrap();
    store.maintain().await.unwrap();
    store.close().await;
    let copy = open(config(&target), RealFs).await.unwrap();
    assert_eq!(numbers(&copy, &p, Table::Spans), expected);
    assert!(copy.health().problems(clock().now(), Duration::MAX).is_empty());
    copy.maintain().await.unwrap();
    assert_eq!(numbers(&copy, &p, Table::Spans), expected);
    append(&copy, &p, &[span(300)]).await.unwrap();
    copy.close().await;
    let copy = open(config(&target), RealFs).await.unwrap();
    assert_eq!(numbers(&copy, &p, Table::Spans).len(), expected.len() + 1);
    copy.close().await;
}
