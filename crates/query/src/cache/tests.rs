use std::sync::Arc;

use arrow::array::BinaryViewArray;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::*;

fn write(path: &Path, ids: &[u8], bloom: bool) {
    let schema = Arc::new(Schema::new(vec![Field::new("trace_id", DataType::BinaryView, false)]));
    let column = BinaryViewArray::from_iter_values(ids.iter().map(|id| [*id; 16]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(column)]).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(2))
        .set_bloom_filter_enabled(bloom)
        .build();
    let file =
        std::fs::OpenOptions::new().create(true).write(true).truncate(true).open(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_bloom_filter_rules_row_groups_out_and_counts_its_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    write(&path, &[1, 2, 3, 4], true);
    let file = FileCache::new(1 << 20, 8).open(&path).unwrap();
    let before = file.memory_bytes();
    assert!(file.may_hold(0, "trace_id", &[vec![1; 16]]));
    assert!(!file.may_hold(1, "trace_id", &[vec![1; 16]]));
    assert!(file.may_hold(1, "trace_id", &[vec![1; 16], vec![4; 16]]));
    assert!(file.memory_bytes() > before);
}

#[test]
fn without_a_filter_nothing_is_ruled_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    write(&path, &[1], false);
    let file = FileCache::new(1 << 20, 8).open(&path).unwrap();
    assert!(file.may_hold(0, "trace_id", &[vec![9; 16]]));
    assert!(file.may_hold(7, "trace_id", &[vec![9; 16]]), "a row group that does not exist");
}

#[test]
fn least_recently_used_files_are_closed_at_either_limit() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["a", "b", "c"].map(|name| dir.path().join(name));
    for path in &paths {
        write(path, &[1], false);
    }
    let [a, b, c] = &paths;
    let cache = FileCache::new(1 << 20, 2);
    cache.open(a).unwrap();
    cache.open(b).unwrap();
    cache.open(a).unwrap();
    cache.open(c).unwrap();
    assert!(cache.get(a).is_some() && cache.get(b).is_none() && cache.get(c).is_some());

    let one = cache.get(a).unwrap().memory_bytes();
    let small = FileCache::new(one + one / 2, 8);
    small.open(a).unwrap();
    small.open(b).unwrap();
    assert_eq!(small.len(), 1);
    assert!(small.get(b).is_some());
}

#[test]
fn a_damaged_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad.parquet");
    write(&path, &[1], false);
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 9] ^= 0xff;
    std::io::Write::write_all(
        &mut std::fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap(),
        &bytes[..end - 2],
    )
    .unwrap();
    let error = FileCache::new(1 << 20, 8).open(&path).unwrap_err();
    assert!(error.to_string().contains("bad.parquet"), "{error}");
}
