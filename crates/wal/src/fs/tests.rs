//! The machine's file system keeps the promises of the trait.

use std::io::ErrorKind;

use super::{Fs, RealFs, write_atomic};

#[test]
fn cursor_position_and_length_are_separate() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let mut file = RealFs.create_new(&path).unwrap();
    file.preallocate(4096).unwrap();
    file.write_all(b"hello ").unwrap();
    file.write_all_at(b"J", 0).unwrap();
    file.write_all(b"world").unwrap();
    file.sync_data().unwrap();
    let mut buf = [9; 16];
    assert_eq!(file.read_full_at(&mut buf, 0).unwrap(), 16);
    assert_eq!(&buf, b"Jello world\0\0\0\0\0");
    file.truncate(11).unwrap();
    assert_eq!(RealFs.metadata_len(&path).unwrap(), 11);
    assert_eq!(file.read_full_at(&mut buf, 6).unwrap(), 5);
    assert_eq!(file.read_at(&mut buf, 11).unwrap(), 0);
    assert_eq!(file.len().unwrap(), 11);
}

#[test]
fn names_are_exclusive_where_promised() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    RealFs.create_new(&a).unwrap().write_all(b"x").unwrap();
    assert_eq!(RealFs.create_new(&a).unwrap_err().kind(), ErrorKind::AlreadyExists);
    RealFs.link(&a, &b).unwrap();
    assert_eq!(RealFs.link(&a, &b).unwrap_err().kind(), ErrorKind::AlreadyExists);
    RealFs.remove_file(&a).unwrap();
    assert_eq!(RealFs.read(&b).unwrap(), b"x");
    assert_eq!(RealFs.open_write(&a).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(RealFs.list(dir.path()).unwrap(), ["b"]);
    assert!(RealFs.open_read(&b).unwrap().write_all(b"y").is_err());
    assert!(RealFs.available_bytes(dir.path()).unwrap() > 0);
}

#[test]
fn directories_are_created_with_their_parents() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b/c");
    RealFs.create_dir_all(&deep).unwrap();
    RealFs.create_dir_all(&deep).unwrap();
    assert!(RealFs.exists(&deep).unwrap());
}

#[test]
fn atomic_write_replaces_and_ignores_a_leftover() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    RealFs.create_new(&dir.path().join("state.tmp")).unwrap().write_all(b"left over").unwrap();
    write_atomic(&RealFs, &path, b"one").unwrap();
    write_atomic(&RealFs, &path, b"two").unwrap();
    assert_eq!(RealFs.read(&path).unwrap(), b"two");
    assert_eq!(RealFs.list(dir.path()).unwrap(), ["state"]);
}
