//! The catalogue of attributes: what it says is what the tables have, through restarts, crashes,
//! damage, retention and corrections.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use telltale_base::{Clock, Project};
use telltale_schema::{RECORD_ORDINAL_BITS, Table};
use telltale_store::{
    AttributeCatalogue, CatalogueConfig, Change, CompactionConfig, Correction, RetentionRule,
    Scalar, Store, StoreConfig, StoredCatalogue, Task,
};
use telltale_testkit::{Fault, FaultFs};
use telltale_wal::RealFs;

use crate::support::{Record, TODAY, append, clock, config, open, open_at, project, span};

/// Rows by key, of files and memory together, as a reader puts them together.
pub(crate) fn rows_by_key(store: &Store, project: &Project, table: Table) -> BTreeMap<String, u64> {
    let snapshot = store.snapshot(project, table);
    let StoredCatalogue { mut catalogue, position, .. } = store.catalogue(project, table);
    for batch in &snapshot.memory {
        catalogue.read_memory(table, batch, position);
    }
    catalogue.keys().iter().map(|key| (key.name().to_owned(), key.rows())).collect()
}

fn counts(numbers: u64) -> BTreeMap<String, u64> {
    ["number", "parity"].map(|key| (key.to_owned(), numbers)).into()
}

fn file(dir: &Path) -> PathBuf {
    dir.join("catalogue/spans/p.attributes")
}

async fn flushed(store: &Store, numbers: std::ops::Range<i64>) {
    append(store, &project("p"), &numbers.map(span).collect::<Vec<_>>()).await.unwrap();
    store.flush().await.unwrap();
}

fn complete(store: &Store) -> bool {
    store.catalogue(&project("p"), Table::Spans).complete
}

#[tokio::test]
async fn every_row_is_counted_once_in_memory_and_in_files() {
    let dir = tempfile::tempdir().unwrap();
    let (p, q) = (project("p"), project("q"));
    let store = open(config(dir.path()), RealFs).await.unwrap();
    let read = |store: &Store, project: &Project| rows_by_key(store, project, Table::Spans);
    assert!(read(&store, &p).is_empty() && complete(&store));
    append(&store, &p, &[span(1), span(2)]).await.unwrap();
    assert_eq!(read(&store, &p), counts(2));
    let version = store.catalogue_version(&p, Table::Spans);
    store.flush().await.unwrap();
    assert_eq!(read(&store, &p), counts(2));
    assert!(store.catalogue_version(&p, Table::Spans) > version && complete(&store));
    append(&store, &p, &[span(3)]).await.unwrap();
    append(&store, &q, &[span(4)]).await.unwrap();
    for _ in 0..2 {
        assert_eq!((read(&store, &p), read(&store, &q)), (counts(3), counts(1)));
        store.flush().await.unwrap();
    }
    store.close().await;
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!((read(&store, &p), read(&store, &q)), (counts(3), counts(1)));
    assert!(complete(&store) && read(&store, &project("r")).is_empty());
    let found = store.catalogue(&p, Table::Spans);
    let parity = found.catalogue.keys().iter().find(|key| key.name() == "parity").unwrap();
    let values: Vec<_> = parity.values().iter().map(|v| (v.text.to_owned(), v.count)).collect();
    assert_eq!(values, [("1".to_owned(), 2), ("0".to_owned(), 1)]);
    assert_eq!((parity.types(), parity.first_day()), (vec!["string"], TODAY));
    store.close().await;
}

/// Scenario: the server dies between the commit of a flush and the writing of the catalogue, and
/// the file is merged with others before the catalogue catches up. Guarantees: each row counts once.
#[tokio::test]
async fn what_a_crash_kept_from_it_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let compaction = CompactionConfig { files_max: 2, ..CompactionConfig::default() };
    let settings = StoreConfig { compaction, ..config(dir.path()) };
    let store = open(settings.clone(), RealFs).await.unwrap();
    flushed(&store, 0..10).await;
    let before = std::fs::read(file(dir.path())).unwrap();
    flushed(&store, 10..15).await;
    store.close().await;
    std::fs::write(file(dir.path()), before).unwrap();
    let store = open(settings, RealFs).await.unwrap();
    assert!(!complete(&store), "it knows that it lacks rows");
    assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(10));
    // A flush meanwhile is no reason to forget the gap.
    flushed(&store, 15..17).await;
    assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(12));
    // Compaction comes before the catalogue in a round.
    store.maintain().await.unwrap();
    assert_eq!(store.snapshot(&p, Table::Spans).files.len(), 1);
    assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(17));
    assert!(complete(&store));
    store.close().await;
}

#[tokio::test]
async fn a_lost_or_damaged_catalogue_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let damages: [fn(&Path); 4] = [
        |path| std::fs::remove_file(path).unwrap(),
        |path| std::fs::write(path, b"nonsense").unwrap(),
        |path| std::fs::write(path, b"").unwrap(),
        |path| {
            let mut bytes = std::fs::read(path).unwrap();
            let last = bytes.len() - 20;
            bytes[last] ^= 1;
            std::fs::write(path, bytes).unwrap();
        },
    ];
    for (round, damage) in (1..).zip(damages) {
        let store = open(config(dir.path()), RealFs).await.unwrap();
        flushed(&store, round * 10..round * 10 + 10).await;
        store.close().await;
        damage(&file(dir.path()));
        let store = open(config(dir.path()), RealFs).await.unwrap();
        assert!(!complete(&store), "damage {round}");
        append(&store, &p, &[span(round)]).await.unwrap();
        assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(1));
        store.maintain().await.unwrap();
        let expected = counts(u64::try_from(round).unwrap() * 11);
        assert_eq!(rows_by_key(&store, &p, Table::Spans), expected, "damage {round}");
        assert!(complete(&store) && store.health().quarantined.is_empty());
        store.flush().await.unwrap();
        assert_eq!(rows_by_key(&store, &p, Table::Spans), expected, "damage {round}");
        store.close().await;
    }
}

#[tokio::test]
async fn damage_while_the_server_runs_is_noticed_and_made_good() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    flushed(&store, 0..10).await;
    std::fs::write(file(dir.path()), b"nonsense").unwrap();
    flushed(&store, 10..12).await;
    assert!(!complete(&store));
    assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(2));
    store.maintain().await.unwrap();
    assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(12));
    assert!(complete(&store));
    store.close().await;
}

/// Scenario: tables are replaced by older ones. Guarantees: a catalogue of frames that the tables do
/// not have is not believed.
#[tokio::test]
async fn a_catalogue_of_another_life_is_not_believed() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let p = project("p");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    flushed(&store, 0..1).await;
    store.close().await;
    let store = open(config(other.path()), RealFs).await.unwrap();
    for number in 0..9 {
        flushed(&store, number * 7..number * 7 + 7).await;
    }
    store.close().await;
    std::fs::copy(file(other.path()), file(dir.path())).unwrap();
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert!(!complete(&store));
    store.maintain().await.unwrap();
    assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(1));
    assert!(complete(&store));
    store.close().await;
}

#[tokio::test]
async fn a_catalogue_that_cannot_be_written_does_not_stop_the_flush() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let fs = FaultFs::new(1);
    let store = open(config(dir.path()), fs.clone()).await.unwrap();
    flushed(&store, 0..5).await;
    let writes = |operation: &telltale_testkit::Operation| {
        operation.path.to_string_lossy().contains("p.attributes")
    };
    // The next flush does what this one did.
    let before = fs.operations();
    flushed(&store, 5..7).await;
    let trace = fs.trace();
    let length = fs.operations() - before;
    let first = trace.iter().rposition(writes).unwrap() as u64 - before;
    fs.inject(before + length + first, Fault::Io);
    flushed(&store, 7..9).await;
    assert_eq!(fs.fired(), 1);
    let failed = |store: &Store| {
        let tasks = store.health().tasks;
        let (_, health) = tasks.into_iter().find(|(task, _)| *task == Task::Catalogue).unwrap();
        health.last_error
    };
    assert!(failed(&store).unwrap().contains("p.attributes"));
    assert_eq!(store.health().tables[&Table::Spans].rows, 9);
    assert!(!complete(&store));
    store.maintain().await.unwrap();
    assert_eq!(failed(&store), None);
    assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(9));
    assert!(complete(&store));
    store.close().await;
}

#[tokio::test]
async fn keys_leave_with_their_last_partition() {
    let dir = tempfile::tempdir().unwrap();
    let (p, clock) = (project("p"), clock());
    let age_max = Some(Duration::from_hours(72));
    let rule = RetentionRule { table: Some(Table::Spans), age_max, ..RetentionRule::default() };
    let settings = StoreConfig { retention: vec![rule], ..config(dir.path()) };
    let store = open_at(settings.clone(), RealFs, clock.clone()).await.unwrap();
    let old = Record { date: TODAY - 3, ..span(1) };
    let rows = |store: &Store| rows_by_key(store, &p, Table::Spans);
    append(&store, &p, &[old]).await.unwrap();
    store.flush().await.unwrap();
    store.maintain().await.unwrap();
    assert_eq!(rows(&store), counts(1));
    // A later partition has the keys as well: the count is an upper bound, and says since when.
    flushed(&store, 2..4).await;
    clock.advance(Duration::from_hours(24));
    store.maintain().await.unwrap();
    let found = store.catalogue(&p, Table::Spans);
    assert_eq!(rows(&store), counts(3));
    assert_eq!(found.catalogue.keys()[0].first_day(), TODAY - 3);
    assert_eq!(found.catalogue.rows_since(TODAY), 2);
    clock.advance(Duration::from_hours(72));
    store.maintain().await.unwrap();
    assert!(rows(&store).is_empty() && !file(dir.path()).exists());
    let today = Record { date: clock.now().day(), ..span(9) };
    append(&store, &p, &[today]).await.unwrap();
    store.flush().await.unwrap();
    assert_eq!(rows(&store), counts(1));
    store.close().await;
    let store = open_at(settings, RealFs, clock).await.unwrap();
    assert_eq!(rows(&store), counts(1));
    store.close().await;
}

#[tokio::test]
async fn corrections_make_counts_upper_bounds_and_bring_their_keys() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    let seq = append(&store, &p, &[span(1), span(2), span(3)]).await.unwrap();
    store.flush().await.unwrap();
    let first = i64::try_from(seq).unwrap() << RECORD_ORDINAL_BITS;
    let correct = async |change| {
        let correction = Correction { record_id: first, date: TODAY, change };
        store.correct(&p, Table::Spans, vec![correction]).await.unwrap();
        let pending = store.snapshot(&p, Table::Spans).corrections.change_attributes();
        store.flush().await.unwrap();
        store.maintain().await.unwrap();
        (pending, store.catalogue(&p, Table::Spans).corrected)
    };
    let set = |column: &str, value| Change::Set(vec![(column.to_owned(), value)]);
    assert_eq!(correct(set("flags", Scalar::Int(7))).await, (false, false));
    let text = Scalar::Text(r#"{"team":"a"}"#.to_owned());
    assert_eq!(correct(set("attributes", text)).await, (true, true));
    let mut expected = counts(3);
    expected.insert("team".to_owned(), 1);
    assert_eq!(rows_by_key(&store, &p, Table::Spans), expected);
    assert_eq!(correct(Change::Delete).await, (true, true));
    store.close().await;
    // Made anew it is exact.
    std::fs::remove_file(file(dir.path())).unwrap();
    let store = open(config(dir.path()), RealFs).await.unwrap();
    store.maintain().await.unwrap();
    assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(2));
    assert!(!store.catalogue(&p, Table::Spans).corrected);
    store.close().await;
}

#[tokio::test]
async fn making_anew_is_bounded_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    for number in 0..4 {
        flushed(&store, number * 5..number * 5 + 5).await;
    }
    store.close().await;
    std::fs::remove_file(file(dir.path())).unwrap();
    let catalogue = CatalogueConfig { rebuild_rows_max: 10, ..CatalogueConfig::default() };
    let store = open(StoreConfig { catalogue, ..config(dir.path()) }, RealFs).await.unwrap();
    store.maintain().await.unwrap();
    assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(10));
    assert!(!complete(&store));
    let version = store.catalogue_version(&p, Table::Spans);
    store.maintain().await.unwrap();
    assert_eq!(store.catalogue_version(&p, Table::Spans), version, "it is left at that");
    store.close().await;
}

#[tokio::test]
async fn keys_beyond_the_limit_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let catalogue = CatalogueConfig { key_bytes_max: 6, ..CatalogueConfig::default() };
    let store = open(StoreConfig { catalogue, ..config(dir.path()) }, RealFs).await.unwrap();
    flushed(&store, 0..2).await;
    assert_eq!(store.catalogue(&p, Table::Spans).catalogue.keys_left_out(), 0);
    store.close().await;
    let catalogue = CatalogueConfig { key_bytes_max: 5, ..CatalogueConfig::default() };
    let store = open(StoreConfig { catalogue, ..config(dir.path()) }, RealFs).await.unwrap();
    append(&store, &project("q"), &[span(1), span(2)]).await.unwrap();
    store.flush().await.unwrap();
    let found: AttributeCatalogue = store.catalogue(&project("q"), Table::Spans).catalogue;
    assert_eq!((found.keys().len(), found.keys_left_out()), (0, 2));
    store.close().await;
}

/// Scenario: the background loop runs while rows come and go to files. Guarantees: whoever takes a
/// snapshot and then the catalogue never misses a row and never counts one twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_row_is_missed_or_doubled_while_flushes_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    let flushing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for _ in 0..25 {
                store.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    for number in 0..60 {
        append(&store, &p, &[span(number)]).await.unwrap();
        let expected = u64::try_from(number).unwrap() + 1;
        assert_eq!(rows_by_key(&store, &p, Table::Spans), counts(expected));
    }
    flushing.await.unwrap();
    store.close().await;
}
