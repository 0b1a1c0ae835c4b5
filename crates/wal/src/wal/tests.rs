//! What appending, rotating and trimming promise when nothing fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use telltale_base::ErrorKind;
use tempfile::TempDir;

use super::{Wal, WalConfig};
use crate::fs::RealFs;
use crate::{Recovery, WalError};

pub(crate) fn small() -> WalConfig {
    WalConfig { segment_bytes: 4096 + 1000, frame_bytes_max: 2000, sync: true }
}

pub(crate) type Frames = Vec<(u64, Vec<u8>)>;

pub(crate) fn open_at(dir: &Path, from: u64) -> Result<(Wal, Recovery, Frames), WalError> {
    let mut frames = Frames::new();
    let (wal, recovery) = Wal::open(Arc::new(RealFs), dir.join("wal"), small(), from, &mut |f| {
        frames.push((f.seq, f.payload.to_vec()));
        Ok(())
    })?;
    Ok((wal, recovery, frames))
}

pub(crate) fn open(dir: &Path) -> (Wal, Recovery, Frames) {
    open_at(dir, 0).unwrap()
}

pub(crate) fn append(wal: &mut Wal, payloads: &[&[u8]]) -> u64 {
    let parts: Vec<[&[u8]; 1]> = payloads.iter().map(|p| [*p]).collect();
    let group: Vec<&[&[u8]]> = parts.iter().map(<[&[u8]; 1]>::as_slice).collect();
    wal.append(&group).unwrap().start
}

pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir.join("wal")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

fn seqs(frames: &Frames) -> Vec<u64> {
    frames.iter().map(|f| f.0).collect()
}

#[test]
fn comes_back_in_order_across_segments_and_restarts() {
    let dir = TempDir::new().unwrap();
    let (mut wal, ..) = open(dir.path());
    assert_eq!(wal.append(&[]).unwrap(), 1..1);
    assert_eq!(wal.append(&[&[b"a", b"", b"bc"], &[]]).unwrap(), 1..3);
    assert_eq!(append(&mut wal, &[&[7; 900]]), 3);
    assert_eq!(append(&mut wal, &[&[8; 900], &[9; 2000]]), 4);
    assert_eq!(wal.segments(), 2, "a group that is larger than a segment gets its own");
    drop(wal);
    let expect: Frames = vec![
        (1, b"abc".into()),
        (2, vec![]),
        (3, vec![7; 900]),
        (4, vec![8; 900]),
        (5, vec![9; 2000]),
    ];
    for _ in 0..2 {
        let (mut wal, recovery, frames) = open(dir.path());
        assert_eq!(frames.get(..5).unwrap(), expect);
        assert_eq!(
            (recovery.frames, recovery.torn, recovery.damaged.len()),
            (frames.len() as u64, vec![], 0)
        );
        append(&mut wal, &[b"after a restart"]);
    }
}

#[test]
fn a_segment_is_filled_to_the_byte() {
    let dir = TempDir::new().unwrap();
    let (mut wal, ..) = open(dir.path());
    append(&mut wal, &[&[1; 476]]);
    append(&mut wal, &[&[1; 476]]);
    assert_eq!((wal.segments(), wal.bytes()), (1, 1000));
    append(&mut wal, &[&[]]);
    assert_eq!((wal.segments(), wal.bytes()), (2, 1024));
    drop(wal);
    let (wal, ..) = open(dir.path());
    assert_eq!((wal.segments(), wal.bytes()), (2, 1024));
}

#[test]
fn a_payload_over_the_limit_is_refused_before_anything_is_written() {
    let dir = TempDir::new().unwrap();
    let (mut wal, ..) = open(dir.path());
    let e = wal.append(&[&[b"small"], &[&[0; 1000], &[0; 1001]]]).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::TooLarge);
    assert_eq!(e.to_string(), "write-ahead log: a payload of 2001 bytes is over the limit of 2000");
    assert_eq!(append(&mut wal, &[&[0; 2000]]), 1);
    assert_eq!(open(dir.path()).2.len(), 1);
}

#[test]
fn payloads_larger_than_every_buffer_come_back() {
    let dir = TempDir::new().unwrap();
    let config = WalConfig { segment_bytes: 1 << 20, ..WalConfig::default() };
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let (mut wal, _) =
        Wal::open(Arc::new(RealFs), dir.path().join("wal"), config.clone(), 0, &mut |_| Ok(()))
            .unwrap();
    wal.append(&[&[b"x"], &[b"head", &large, b"tail"], &[&large[..70_000], &large[..300]]])
        .unwrap();
    let mut lens = Vec::new();
    Wal::open(Arc::new(RealFs), dir.path().join("wal"), config, 0, &mut |f| {
        if f.seq == 2 {
            assert!(f.payload[4..3_000_004] == large);
        }
        lens.push(f.payload.len());
        Ok(())
    })
    .unwrap();
    assert_eq!(lens, [1, 3_000_008, 70_300]);
}

#[test]
fn trimming_removes_whole_segments_and_keeps_the_numbers() {
    let dir = TempDir::new().unwrap();
    let (mut wal, ..) = open(dir.path());
    for n in 0..6 {
        append(&mut wal, &[&[n; 700]]);
    }
    assert_eq!(wal.segments(), 6);
    wal.trim(3).unwrap();
    assert_eq!((wal.segments(), files(dir.path()).len()), (3, 3));
    wal.trim(2).unwrap();
    assert_eq!(wal.segments(), 3, "trimming back changes nothing");
    wal.trim(6).unwrap();
    assert_eq!((wal.segments(), wal.bytes()), (1, 0));
    wal.trim(6).unwrap();
    assert_eq!(files(dir.path()).len(), 1);
    drop(wal);
    let (mut wal, _, frames) = open(dir.path());
    assert!(frames.is_empty());
    assert!(wal.next_seq() > 6);
    let next = append(&mut wal, &[b"x"]);
    assert_eq!(seqs(&open(dir.path()).2), [next]);
}

#[test]
fn trimming_after_a_restart_frees_what_was_replayed() {
    let dir = TempDir::new().unwrap();
    append(&mut open(dir.path()).0, &[b"a", b"b"]);
    let (mut wal, ..) = open(dir.path());
    wal.trim(1).unwrap();
    assert_eq!(wal.bytes(), 50);
    wal.trim(2).unwrap();
    assert_eq!((wal.bytes(), wal.segments()), (0, 1));
    assert_eq!(append(&mut wal, &[b"c"]), 3);
    assert_eq!(seqs(&open(dir.path()).2), [3]);
}

#[test]
fn frames_up_to_from_are_not_given_and_not_reused() {
    let dir = TempDir::new().unwrap();
    let (mut wal, ..) = open(dir.path());
    for n in 0..6 {
        append(&mut wal, &[&[n; 400]]);
    }
    drop(wal);
    for from in 0..=6 {
        let (wal, _, frames) = open_at(dir.path(), from).unwrap();
        assert_eq!(seqs(&frames), (from + 1..=6).collect::<Vec<_>>());
        assert_eq!((wal.next_seq(), wal.bytes()), (7, 6 * 424));
    }
    // The log was lost or moved away, but its owner knows how far it had come.
    let (mut wal, ..) = open_at(dir.path(), 100).unwrap();
    assert_eq!(append(&mut wal, &[b"x"]), 101);
    assert_eq!(open_at(&dir.path().join("new"), 100).unwrap().0.next_seq(), 101);
}

#[test]
fn skipped_segments_count_again_for_an_earlier_from() {
    let dir = TempDir::new().unwrap();
    let (mut wal, ..) = open(dir.path());
    for n in 0..4 {
        append(&mut wal, &[&[n; 700]]);
    }
    drop(wal);
    append(&mut open_at(dir.path(), 4).unwrap().0, &[b"x"]);
    assert_eq!(seqs(&open(dir.path()).2), [1, 2, 3, 4, 5]);
}

#[test]
fn without_sync_it_still_survives_a_restart() {
    let dir = TempDir::new().unwrap();
    let config = WalConfig { sync: false, ..small() };
    let (mut wal, _) =
        Wal::open(Arc::new(RealFs), dir.path().join("wal"), config, 0, &mut |_| Ok(())).unwrap();
    for n in 0..4 {
        append(&mut wal, &[&[n; 700]]);
    }
    wal.trim(1).unwrap();
    assert_eq!(seqs(&open(dir.path()).2), [2, 3, 4]);
}

#[test]
fn a_refusing_visitor_stops_the_opening() {
    let dir = TempDir::new().unwrap();
    append(&mut open(dir.path()).0, &[b"a", b"b"]);
    let refused = Wal::open(Arc::new(RealFs), dir.path().join("wal"), small(), 0, &mut |f| {
        if f.seq == 2 { Err("not mine".into()) } else { Ok(()) }
    });
    let e = refused.unwrap_err();
    assert_eq!(e.to_string(), "write-ahead log: replay stopped at frame 2: not mine");
    assert_eq!(open(dir.path()).2.len(), 2);
}
