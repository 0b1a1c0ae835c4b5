//! A full disk costs appends, never the log.

#![expect(clippy::unwrap_used, reason = "in a test a failure is the test's failure")]

use std::sync::Arc;

use telltale_base::ErrorKind;
use telltale_testkit::{Fault, FaultFs, Kind};
use telltale_wal::{Fs, Wal, WalConfig, WalError};
use tempfile::TempDir;

const CONFIG: WalConfig = WalConfig { segment_bytes: 8192, frame_bytes_max: 4096, sync: true };

fn open(fs: &FaultFs, dir: &TempDir) -> (Wal, Vec<Vec<u8>>) {
    let mut payloads = Vec::new();
    let path = dir.path().join("wal");
    let (wal, recovery) = Wal::open(Arc::new(fs.clone()), path, CONFIG, 0, &mut |f| {
        payloads.push(f.payload.to_vec());
        Ok(())
    })
    .unwrap();
    assert!(recovery.damaged.is_empty());
    (wal, payloads)
}

fn append(wal: &mut Wal, payload: &[u8]) -> Result<(), WalError> {
    wal.append(&[&[payload]]).map(|_| ())
}

#[test]
fn appends_fail_as_busy_and_work_again_when_there_is_space() {
    let dir = TempDir::new().unwrap();
    let fs = FaultFs::new(1);
    let (mut wal, _) = open(&fs, &dir);
    append(&mut wal, b"before").unwrap();
    fs.set_full(true);
    for _ in 0..100 {
        assert_eq!(append(&mut wal, b"refused").unwrap_err().kind(), ErrorKind::Busy);
    }
    let files = fs.list(&dir.path().join("wal")).unwrap();
    assert_eq!(files.len(), 1, "failing appends leave nothing behind: {files:?}");
    assert_eq!(fs.metadata_len(&dir.path().join("wal").join(&files[0])).unwrap(), 4096 + 24 + 6);
    fs.set_full(false);
    append(&mut wal, b"after").unwrap();
    fs.crash(1).unwrap();
    assert_eq!(open(&fs, &dir).1, [b"before".to_vec(), b"after".to_vec()]);
}

#[test]
fn a_full_disk_does_not_keep_a_log_from_trimming() {
    let dir = TempDir::new().unwrap();
    let fs = FaultFs::new(1);
    let (mut wal, _) = open(&fs, &dir);
    for n in 0..4 {
        append(&mut wal, &[n; 3000]).unwrap();
    }
    fs.set_full(true);
    wal.trim(2).unwrap();
    assert_eq!(wal.segments(), 2);
    fs.set_full(false);
    drop(wal);
    assert_eq!(open(&fs, &dir).1.len(), 2);
}

#[test]
fn a_failed_sync_is_never_repeated_on_that_file() {
    let dir = TempDir::new().unwrap();
    let fs = FaultFs::new(1);
    let (mut wal, _) = open(&fs, &dir);
    append(&mut wal, b"good").unwrap();
    fs.inject(fs.operations() + 1, Fault::Io);
    append(&mut wal, b"failed").unwrap_err();
    let failed = fs.trace().pop().filter(|o| o.kind == Kind::Truncate).unwrap().path;
    let before = fs.trace().len();
    append(&mut wal, b"good again").unwrap();
    wal.trim(1).unwrap();
    let later = fs.trace().split_off(before);
    assert!(!later.iter().any(|o| o.kind == Kind::Sync && o.path == failed));
    assert_eq!(open(&fs, &dir).1.last().unwrap(), b"good again");
}
