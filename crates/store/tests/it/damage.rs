//! What is damaged is set aside and reported; the rest is served.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch};
use bytes::Bytes;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::{StructField, StructType};
use deltalake_core::operations::create::CreateBuilder;
use telltale_base::{ErrorKind, UnixNanos};
use telltale_schema::{RECORD_ORDINAL_BITS, Table};
use telltale_store::{Append, Change, CompactionConfig, Correction, FileCheck, Store, StoreConfig};
use telltale_wal::RealFs;

use crate::support::{TODAY, append, config, numbers, open, project, span};

/// Spans 0..10 and 10..20, each in a file of its own.
async fn two_files(dir: &Path) -> (std::sync::Arc<Store>, PathBuf) {
    let store = open(config(dir), RealFs).await.unwrap();
    let p = project("p");
    for first in [0, 10] {
        append(&store, &p, &(first..first + 10).map(span).collect::<Vec<_>>()).await.unwrap();
        store.flush().await.unwrap();
    }
    let snapshot = store.snapshot(&p, Table::Spans);
    let first = snapshot.files.iter().min_by_key(|file| file.record_min).unwrap();
    let path = first.path.clone();
    (store, path)
}

fn problems(store: &Store) -> Vec<String> {
    store.health().problems(UnixNanos::default(), Duration::MAX)
}

fn overwrite(path: &Path, offset: u64) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[0x55; 64], offset).unwrap();
}

#[tokio::test]
async fn a_file_of_another_length_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (store, path) = two_files(dir.path()).await;
    store.close().await;
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!(numbers(&store, &project("p"), Table::Spans), (10..20).collect::<Vec<_>>());
    let problems = problems(&store);
    assert!(problems[0].contains("it has 100 bytes"), "{problems:?}");
    store.maintain().await.unwrap();
    assert!(path.exists(), "damaged files are evidence");
    store.close().await;
}

#[tokio::test]
async fn a_file_that_readers_find_damaged_stays_out() {
    let dir = tempfile::tempdir().unwrap();
    let (store, path) = two_files(dir.path()).await;
    store.quarantine(Path::new("/not/ours"), "whatever").await.unwrap();
    assert!(problems(&store).is_empty());
    store.quarantine(&path, "a page does not decompress").await.unwrap();
    for _ in 0..2 {
        assert_eq!(numbers(&store, &project("p"), Table::Spans), (10..20).collect::<Vec<_>>());
        assert_eq!(problems(&store).len(), 1, "{:?}", problems(&store));
    }
    store.close().await;
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!(numbers(&store, &project("p"), Table::Spans), (10..20).collect::<Vec<_>>());
    assert!(problems(&store)[0].contains("a page does not decompress"));
    store.close().await;
}

/// What `check_file` says of a file after `spoil`, twice; and the spans that are left.
async fn check(spoil: impl FnOnce(&Path), first: &str, second: FileCheck, left: usize) {
    let dir = tempfile::tempdir().unwrap();
    let (store, path) = two_files(dir.path()).await;
    spoil(&path);
    let found = format!("{:?}", store.check_file(&path).await.unwrap());
    assert!(found.starts_with(first), "{found} is not {first}");
    assert_eq!(store.check_file(&path).await.unwrap(), second);
    assert_eq!(numbers(&store, &project("p"), Table::Spans).len(), left);
    assert_eq!(problems(&store).len(), usize::from(left == 10), "{:?}", problems(&store));
    store.close().await;
}

/// Turns one bit in the header of the first data page.
fn flip_a_bit(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let zstd = bytes.windows(4).position(|window| window == [0x28, 0xb5, 0x2f, 0xfd]).unwrap();
    bytes[zstd] ^= 1;
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
}

#[tokio::test]
async fn a_file_that_a_reader_failed_on_is_looked_at() {
    check(|_| {}, "Sound", FileCheck::Sound, 20).await;
    check(flip_a_bit, "SetAside", FileCheck::Gone, 10).await;
    let cut = |path: &Path| {
        std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(200).unwrap();
    };
    check(cut, "SetAside(\"it has 200 bytes", FileCheck::Gone, 10).await;
    let footer = |path: &Path| overwrite(path, std::fs::metadata(path).unwrap().len() - 64);
    check(footer, "SetAside", FileCheck::Gone, 10).await;
    check(
        |path| std::fs::remove_file(path).unwrap(),
        "SetAside(\"it is missing\"",
        FileCheck::Gone,
        10,
    )
    .await;
}

#[tokio::test]
async fn a_disk_that_fails_for_the_moment_says_nothing_against_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let (store, path) = two_files(dir.path()).await;
    // What cannot be read as a file stands for a disk that answers with errors.
    let aside = dir.path().join("aside");
    std::fs::rename(&path, &aside).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(store.check_file(&path).await.unwrap_err().kind(), ErrorKind::Internal);
    assert!(problems(&store).is_empty());
    std::fs::remove_dir(&path).unwrap();
    std::fs::rename(&aside, &path).unwrap();
    assert_eq!(store.check_file(&path).await.unwrap(), FileCheck::Sound);
    assert_eq!(numbers(&store, &project("p"), Table::Spans).len(), 20);
    store.close().await;
}

#[tokio::test]
async fn a_file_that_no_table_has_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = two_files(dir.path()).await;
    assert_eq!(store.check_file(Path::new("/not/ours")).await.unwrap(), FileCheck::Gone);
    store.close().await;
}

#[tokio::test]
async fn merging_sets_a_damaged_file_aside_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (store, path) = two_files(dir.path()).await;
    store.close().await;
    let bytes = std::fs::metadata(&path).unwrap().len();
    overwrite(&path, bytes - 64);
    let compaction = CompactionConfig { files_max: 2, ..CompactionConfig::default() };
    let settings = StoreConfig { compaction, ..config(dir.path()) };
    let store = open(settings, RealFs).await.unwrap();
    assert!(problems(&store).is_empty(), "the length is right");
    assert_eq!(store.maintain().await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(numbers(&store, &project("p"), Table::Spans), (10..20).collect::<Vec<_>>());
    append(&store, &project("p"), &[span(20)]).await.unwrap();
    store.flush().await.unwrap();
    store.maintain().await.unwrap();
    assert_eq!(store.snapshot(&project("p"), Table::Spans).files.len(), 1);
    assert_eq!(numbers(&store, &project("p"), Table::Spans), (10..=20).collect::<Vec<_>>());
    assert!(path.exists());
    store.close().await;
}

#[tokio::test]
async fn a_frame_that_cannot_be_decoded_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let store = open(config(dir.path()), RealFs).await.unwrap();
    append(&store, &p, &[span(1)]).await.unwrap();
    let payload = vec![Bytes::from_static(b"p\nnonsense\n")];
    let odd = store
        .append(Append { project: p.clone(), payload, batches: Vec::new(), derive: None })
        .await
        .unwrap();
    append(&store, &p, &[span(2)]).await.unwrap();
    store.close().await;
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!(numbers(&store, &p, Table::Spans), [1, 2]);
    let [quarantined] = store.health().quarantined.try_into().unwrap();
    assert!(quarantined.reason.contains("not a record"), "{quarantined:?}");
    assert!(quarantined.path.ends_with(format!("frame-{odd}.bin")));
    assert_eq!(std::fs::read(&quarantined.path).unwrap(), b"\x01p\nnonsense\n");
    store.close().await;
}

#[tokio::test]
async fn damaged_corrections_are_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let (store, path) = two_files(dir.path()).await;
    let record_id = store.snapshot(&p, Table::Spans).files[0].record_min;
    let delete = Correction { record_id, date: TODAY, change: Change::Delete };
    store.correct(&p, Table::Spans, vec![delete]).await.unwrap();
    store.flush().await.unwrap();
    store.close().await;
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!(numbers(&store, &p, Table::Spans).len(), 19);
    store.close().await;
    let saved = dir.path().join("corrections/spans.corrections");
    overwrite(&saved, 10);
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!(numbers(&store, &p, Table::Spans).len(), 20);
    assert!(problems(&store)[0].contains("pending corrections"));
    assert!(!saved.exists() && path.exists());
    store.close().await;
}

#[tokio::test]
async fn a_later_format_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    open(config(dir.path()), RealFs).await.unwrap().close().await;
    let version = dir.path().join("version.json");
    std::fs::write(&version, r#"{"format":2,"schema":9}"#).unwrap();
    let error = open(config(dir.path()), RealFs).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("has format 2"), "{error}");
    assert_eq!(std::fs::read(&version).unwrap(), br#"{"format":2,"schema":9}"#);
}

/// Scenario: a misspelt path names a directory with files of somebody else, one of them in a folder
/// of a name that the store uses too. Guarantees: it is refused, and nothing in it is touched.
#[tokio::test]
async fn somebody_elses_directory_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("tmp/holiday")).unwrap();
    std::fs::write(dir.path().join("tmp/holiday/photo.jpg"), "irreplaceable").unwrap();
    std::fs::write(dir.path().join("tmp/object-1"), "theirs").unwrap();
    let error = open(config(dir.path()), RealFs).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("is not a data directory of Telltale"), "{error}");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left, [dir.path().join("tmp")], "not even a lock is left");
    for (name, content) in [("holiday/photo.jpg", "irreplaceable"), ("object-1", "theirs")] {
        assert_eq!(std::fs::read_to_string(dir.path().join("tmp").join(name)).unwrap(), content);
    }
}

/// Scenario: keys were made before the first start, on the root of an empty file system; later
/// somebody keeps a file of theirs among the temporary ones. Guarantees: the first start works, a
/// later one removes what queries and unfinished commits left, and no more.
#[tokio::test]
async fn only_what_is_ours_is_cleaned() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("lost+found")).unwrap();
    for name in ["meta.db", "meta.db-wal", "meta.db-shm"] {
        std::fs::write(dir.path().join(name), "keys").unwrap();
    }
    open(config(dir.path()), RealFs).await.unwrap().close().await;
    let tmp = dir.path().join("tmp");
    std::fs::create_dir_all(tmp.join("datafusion-x1")).unwrap();
    std::fs::create_dir_all(tmp.join("notes")).unwrap();
    for name in ["datafusion-x1/spill", "object-7", "notes/a", "b.txt"] {
        std::fs::write(tmp.join(name), "x").unwrap();
    }
    open(config(dir.path()), RealFs).await.unwrap().close().await;
    for (name, stays) in
        [("datafusion-x1", false), ("object-7", false), ("notes/a", true), ("b.txt", true)]
    {
        assert_eq!(tmp.join(name).exists(), stays, "{name}");
    }
}

/// Scenario: the last frame of the log has a flipped bit. Guarantees: that it does not count is
/// counted, told with its place, and a copy is kept.
#[tokio::test]
async fn a_broken_end_of_the_log_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(config(dir.path()), RealFs).await.unwrap();
    append(&store, &project("p"), &[span(0)]).await.unwrap();
    store.close().await;
    let segments = std::fs::read_dir(dir.path().join("wal")).unwrap();
    let path = segments.map(|entry| entry.unwrap().path()).max().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[last] ^= 0x10;
    std::fs::write(&path, &bytes).unwrap();
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!(store.health().log_dropped_bytes, (last + 1 - 4096) as u64);
    let problems = problems(&store);
    assert!(problems[0].contains("have a wrong checksum"), "{problems:?}");
    let copies = std::fs::read_dir(dir.path().join("quarantine")).unwrap();
    let copies: Vec<_> =
        copies.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(copies, [bytes[4096..=last].to_vec()]);
    store.close().await;
}

#[tokio::test]
async fn a_lost_log_never_reuses_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let (store, _) = two_files(dir.path()).await;
    let last = store.health().last_seq;
    store.close().await;
    std::fs::remove_dir_all(dir.path().join("wal")).unwrap();
    let store = open(config(dir.path()), RealFs).await.unwrap();
    let seq = append(&store, &p, &[span(20)]).await.unwrap();
    assert!(seq > last);
    store.close().await;
    let store = open(config(dir.path()), RealFs).await.unwrap();
    assert_eq!(numbers(&store, &p, Table::Spans), (0..=20).collect::<Vec<_>>());
    store.close().await;
}

/// Scenario: a directory of an earlier version, whose tables and files lack a column. Guarantees:
/// the tables gain it, the rows are served, and merging old with new files works.
#[tokio::test]
async fn tables_gain_columns_that_they_lack() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let lacking = "scope_schema_url";
    let root = dir.path().join("tables/spans");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(dir.path().join("version.json"), r#"{"format":1,"schema":0}"#).unwrap();
    let schema: StructType = Table::Spans.delta_schema().as_ref().try_into_kernel().unwrap();
    let old: Vec<StructField> =
        schema.fields().filter(|field| field.name() != lacking).cloned().collect();
    CreateBuilder::new()
        .with_location(root.to_str().unwrap())
        .with_columns(old)
        .with_partition_columns(["project", "date"])
        .await
        .unwrap();
    let (store, path) = two_files(dir.path()).await;
    let columns = || async {
        let url = url::Url::from_directory_path(root.canonicalize().unwrap()).unwrap();
        let table = deltalake_core::open_table(url).await.unwrap();
        let schema = table.snapshot().unwrap().schema();
        schema.fields().map(|field| field.name().clone()).collect::<Vec<_>>()
    };
    assert!(columns().await.contains(&lacking.to_owned()));
    store.close().await;
    // The first file as the earlier version would have written it.
    let batch = crate::support::read_file(Table::Spans, &path).remove(0);
    let schema = batch.schema();
    let columns = schema.fields().iter().map(|f| f.name().clone()).zip(batch.columns());
    let without: Vec<(String, ArrayRef)> =
        columns.filter(|(n, _)| n != lacking).map(|(n, c)| (n, c.clone())).collect();
    let without = RecordBatch::try_from_iter(without).unwrap();
    assert_eq!(without.num_columns(), batch.num_columns() - 1);
    rewrite(&path, &without, dir.path());
    let compaction = CompactionConfig { files_max: 2, ..CompactionConfig::default() };
    let store = open(StoreConfig { compaction, ..config(dir.path()) }, RealFs).await.unwrap();
    store.maintain().await.unwrap();
    assert_eq!(store.snapshot(&p, Table::Spans).files.len(), 1);
    assert_eq!(numbers(&store, &p, Table::Spans), (0..20).collect::<Vec<_>>());
    store.close().await;
}

/// Writes a file in place of another and corrects its length in the table's log.
fn rewrite(path: &Path, batch: &RecordBatch, dir: &Path) {
    let before = std::fs::metadata(path).unwrap().len();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    let after = std::fs::metadata(path).unwrap().len();
    let name = path.file_name().unwrap().to_str().unwrap();
    for entry in std::fs::read_dir(dir.join("tables/spans/_delta_log")).unwrap() {
        let log = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&log) else { continue };
        if text.contains(name) {
            let size = |bytes: u64| format!("\"size\":{bytes}");
            std::fs::write(&log, text.replace(&size(before), &size(after))).unwrap();
        }
    }
}

#[tokio::test]
async fn a_correction_of_a_row_in_a_damaged_file_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let p = project("p");
    let (store, path) = two_files(dir.path()).await;
    let first = store.snapshot(&p, Table::Spans).files.iter().map(|f| f.record_min).min().unwrap();
    store.quarantine(&path, "not readable for the moment").await.unwrap();
    let delete = Correction { record_id: first, date: TODAY, change: Change::Delete };
    store.correct(&p, Table::Spans, vec![delete]).await.unwrap();
    store.flush().await.unwrap();
    store.maintain().await.unwrap();
    assert!(store.snapshot(&p, Table::Spans).corrections.touches(first, first));
    assert!(first >> RECORD_ORDINAL_BITS > 0);
    store.close().await;
}
