//! Faults and losses of power at every operation of the log, the flush, the commit and the trim.
//! What was acknowledged is there once; what was refused is not there, or was never promised.

use std::collections::BTreeSet;
use std::path::Path;

use telltale_schema::{RECORD_ORDINAL_BITS, Table};
use telltale_store::{Change, CompactionConfig, Correction, Scalar, StoreConfig};
use telltale_testkit::{Fault, FaultFs};

use crate::catalogue::rows_by_key;
use crate::support::{Record, TODAY, append, config, open, project, read, span};

/// What the callers were told.
#[derive(Debug, Default)]
struct Told {
    acknowledged: BTreeSet<i64>,
    refused: BTreeSet<i64>,
    /// Rows whose correction was acknowledged.
    corrected: BTreeSet<i64>,
}

fn settings(dir: &Path) -> StoreConfig {
    let compaction = CompactionConfig { files_max: 2, ..CompactionConfig::default() };
    let mut settings = StoreConfig { compaction, ..config(dir) };
    settings.wal.segment_bytes = 8 << 10;
    settings
}

/// Appends, corrects, flushes, merges; every failure is fine, none may be silent.
async fn work(dir: &Path, fs: &FaultFs, told: &mut Told) {
    let Ok(store) = open(settings(dir), fs.clone()).await else { return };
    let p = project("p");
    let mut next = 0;
    for round in 0..4 {
        for _ in 0..3 {
            let numbers = [next, next + 1];
            next += 2;
            let log = Record { table: Table::Logs, number: numbers[0], date: TODAY };
            let records = [span(numbers[0]), span(numbers[1]), log];
            match append(&store, &p, &records).await {
                Ok(seq) => {
                    told.acknowledged.extend(numbers);
                    let record_id = i64::try_from(seq).unwrap() << RECORD_ORDINAL_BITS;
                    let value = Scalar::Int(numbers[0]);
                    let change = Change::Set(vec![("flags".to_owned(), value)]);
                    let correction = Correction { record_id, date: TODAY, change };
                    if store.correct(&p, Table::Spans, vec![correction]).await.is_ok() {
                        told.corrected.insert(numbers[0]);
                    }
                }
                Err(_) => told.refused.extend(numbers),
            }
        }
        if round > 0 {
            store.flush().await.ok();
        }
        if round > 1 {
            store.maintain().await.ok();
        }
    }
    store.close().await;
}

/// Opens again, without faults, and compares with what was told. Then goes on with one more span.
async fn check(dir: &Path, fs: &FaultFs, told: &mut Told, extra: i64, what: &str) {
    let store = open(settings(dir), fs.clone()).await.unwrap_or_else(|e| panic!("{what}: {e:?}"));
    let p = project("p");
    let problems = store.health().quarantined;
    assert!(problems.is_empty(), "{what}: {problems:?}");
    let spans = read(&store.snapshot(&p, Table::Spans));
    for (number, rows) in &spans {
        assert_eq!(rows.len(), 1, "{what}: span {number} is there {} times", rows.len());
        let known = told.acknowledged.contains(number) || told.refused.contains(number);
        assert!(known, "{what}: span {number} was never sent");
        if told.corrected.contains(number) {
            assert_eq!(rows[0].flags, Some(*number), "{what}: correction of {number} is lost");
        }
    }
    for number in &told.acknowledged {
        assert!(spans.contains_key(number), "{what}: span {number} is lost");
    }
    let logs = read(&store.snapshot(&p, Table::Logs));
    assert!(logs.values().all(|rows| rows.len() == 1), "{what}: a log is there twice");
    // Every even span came with a log.
    for number in told.acknowledged.iter().filter(|number| **number % 2 == 0) {
        assert!(logs.contains_key(number), "{what}: log {number} is lost");
    }
    // The store goes on working.
    append(&store, &p, &[span(extra)]).await.unwrap_or_else(|e| panic!("{what}: {e:?}"));
    store.flush().await.unwrap_or_else(|e| panic!("{what}: {e:?}"));
    let after = read(&store.snapshot(&p, Table::Spans));
    assert_eq!(after.len(), spans.len() + 1, "{what}");
    told.acknowledged.insert(extra);
    // The catalogue has caught up, and counts each row once.
    store.maintain().await.unwrap_or_else(|e| panic!("{what}: {e:?}"));
    for (table, rows) in [(Table::Spans, after.len()), (Table::Logs, logs.len())] {
        let found = rows_by_key(&store, &p, table);
        let found = found.get("number").copied().unwrap_or(0);
        assert_eq!(found, rows as u64, "{what}: {table:?}");
        assert!(store.catalogue(&p, table).complete, "{what}: {table:?}");
    }
    store.close().await;
}

/// One life with a fault at operation `at`, then a second without. Answers whether it fired.
async fn live(at: u64, fault: Fault, power_fails: bool, seed: u64) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let fs = FaultFs::new(seed);
    fs.inject(at, fault);
    let mut told = Told::default();
    work(dir.path(), &fs, &mut told).await;
    if fs.fired() == 0 {
        // This life was shorter than the one that was measured.
        return false;
    }
    let what = format!(
        "{fault:?} at operation {at} ({:?}), power fails: {power_fails}, seed {seed}",
        fs.trace().get(usize::try_from(at).unwrap())
    );
    if power_fails || fault == Fault::PowerLoss {
        fs.crash(seed).unwrap();
    } else {
        fs.kill();
    }
    check(dir.path(), &fs, &mut told, 1_000_001, &what).await;
    // What the second life relied on must last as well.
    fs.crash(seed + 1).unwrap();
    check(dir.path(), &fs, &mut told, 1_000_003, &format!("{what}, then power fails")).await;
    true
}

/// How many operations a life without faults has.
async fn operations() -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let fs = FaultFs::new(0);
    let mut told = Told::default();
    work(dir.path(), &fs, &mut told).await;
    assert!(told.refused.is_empty() && told.corrected.len() == 12, "{told:?}");
    let operations = fs.operations();
    check(dir.path(), &fs, &mut told, 1_000_001, "no fault").await;
    operations
}

fn run(lives: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(lives);
}

/// Tries a fault at a sample of operations: all of them take minutes, and are for the long mode.
fn every(step: u64, fault: Fault, power_fails: bool) {
    run(async move {
        let operations = operations().await;
        let mut fired = 0;
        for at in (0..operations).filter(|at| (at + fault as u64).is_multiple_of(step)) {
            fired += u64::from(live(at, fault, power_fails, at).await);
        }
        // Background work makes the number of operations vary a little.
        assert!(fired > operations / step / 2, "{fired} faults in {operations} operations");
    });
}

#[test]
fn power_may_fail_at_any_operation() {
    every(13, Fault::PowerLoss, true);
}

#[test]
fn an_io_error_at_any_operation_loses_nothing() {
    every(17, Fault::Io, false);
}

#[test]
fn an_io_error_and_a_loss_of_power_after_it_lose_nothing() {
    every(19, Fault::Io, true);
}

#[test]
fn a_full_disk_at_any_operation_loses_nothing() {
    every(23, Fault::NoSpace, false);
}

#[test]
#[ignore = "minutes; run in the long mode"]
fn every_fault_at_every_operation() {
    for fault in [Fault::PowerLoss, Fault::Io, Fault::NoSpace, Fault::TornWrite] {
        every(1, fault, true);
        every(1, fault, false);
    }
}
