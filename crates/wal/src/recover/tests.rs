//! What opening does about damage of each kind.

#![expect(clippy::disallowed_methods, reason = "damage is done behind the back of Fs")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::recover::Damage;
use crate::wal::tests::{Frames, append, files, open, open_at};

/// Four groups of two frames of 100 bytes in one segment; frame `n` (from 1) stands at
/// `4096 + 124 * (n - 1)`.
fn written(dir: &Path) -> Frames {
    let (mut wal, ..) = open(dir);
    for n in 0..4_u8 {
        append(&mut wal, &[&[2 * n + 1; 100], &[2 * n + 2; 100]]);
    }
    open(dir).2
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn without(frames: &Frames, gone: &[u64]) -> Frames {
    frames.iter().filter(|f| !gone.contains(&f.0)).cloned().collect()
}

#[test]
fn a_damaged_frame_in_the_middle_is_quarantined_and_the_rest_replayed() {
    // In the payload, in the length (grown beyond the file, shrunk to nothing), in the salt.
    for (at, value) in [(50, 0xff), (7, 0xff), (4, 0), (0, 0)] {
        let dir = TempDir::new().unwrap();
        let frames = written(dir.path());
        let path = files(dir.path()).remove(0);
        edit(&path, |b| b[4096 + 2 * 124 + at] ^= value | 1);
        let damaged_bytes = fs::read(&path).unwrap()[4344..4468].to_vec();
        for _ in 0..2 {
            let (mut wal, recovery, replayed) = open(dir.path());
            assert_eq!(replayed.get(..7).unwrap(), without(&frames, &[3]), "byte {at}");
            assert_eq!(recovery.torn, []);
            let [Damage { path: segment, range, certain, copy }] = recovery.damaged.as_slice()
            else {
                panic!("{:?}", recovery.damaged)
            };
            assert_eq!((segment, range, *certain), (&path, &(4344..4468), true));
            let copy = copy.as_ref().unwrap();
            assert_eq!(copy.parent().unwrap(), dir.path().join("quarantine"));
            assert_eq!(fs::read(copy).unwrap(), damaged_bytes);
            append(&mut wal, &[b"life goes on"]);
        }
    }
}

#[test]
fn several_damaged_places_are_told_apart() {
    let dir = TempDir::new().unwrap();
    let frames = written(dir.path());
    let path = files(dir.path()).remove(0);
    edit(&path, |b| {
        b[4096 + 30] ^= 1;
        b[4096 + 4 * 124..4096 + 6 * 124].fill(0);
    });
    let (_, recovery, replayed) = open(dir.path());
    assert_eq!(replayed, without(&frames, &[1, 5, 6]));
    let ranges: Vec<_> = recovery.damaged.iter().map(|d| (d.range.clone(), d.certain)).collect();
    assert_eq!(ranges, [(4096..4220, true), (4592..4840, true)]);
}

#[test]
fn a_torn_last_group_is_cut_silently_wherever_it_tears() {
    let dir = TempDir::new().unwrap();
    let frames = written(dir.path());
    let path = files(dir.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    for end in 4096 + 6 * 124..4096 + 8 * 124 {
        fs::write(&path, &whole[..end]).unwrap();
        let (_, recovery, replayed) = open(dir.path());
        let kept = (end - 4096) / 124;
        assert_eq!(replayed, frames[..kept], "cut at {end}");
        assert!(recovery.damaged.is_empty());
        let junk = (end - 4096) % 124 != 0;
        assert_eq!(recovery.torn.len(), usize::from(junk), "cut at {end}");
    }
}

#[test]
fn numbers_of_torn_frames_are_not_given_out_again() {
    let dir = TempDir::new().unwrap();
    written(dir.path());
    edit(&files(dir.path()).remove(0), |b| b[4096 + 7 * 124 + 60] ^= 1);
    let (mut wal, recovery, replayed) = open(dir.path());
    assert_eq!((replayed.len(), recovery.torn.len()), (7, 1));
    assert!(append(&mut wal, &[b"x"]) > 8);
    let (_, recovery, replayed) = open(dir.path());
    assert_eq!((replayed.len(), recovery.torn.len(), recovery.damaged.len()), (8, 0, 0));
}

/// Scenario: the last frame of the log, which had been acknowledged, has a flipped bit; or a crash
/// cut it short, at its end or with a sector in its middle. Guarantees: the bytes are kept and their
/// range is told each time, and the first is told from the others.
#[test]
fn a_broken_last_frame_is_told_from_a_cut_one() {
    type Change = fn(&mut Vec<u8>, usize);
    let cases: [(Change, bool); 5] = [
        (|b, at| b[at + 60] ^= 1, true),
        (|b, at| b[at + 9] ^= 1, true),
        (|b, _| b.truncate(b.len() - 1), false),
        (|b, at| b[at + 1500..].fill(0), false),
        (|b, at| b[(at + 100).next_multiple_of(512)..][..512].fill(0), false),
    ];
    for (case, (change, broken)) in cases.into_iter().enumerate() {
        let dir = TempDir::new().unwrap();
        written(dir.path());
        append(&mut open(dir.path()).0, &[&[9; 2000]]);
        drop(open(dir.path()));
        let path = files(dir.path()).pop().unwrap();
        edit(&path, |b| {
            b.truncate(4096 + 24 + 2000);
            change(b, 4096);
        });
        let bytes = fs::read(&path).unwrap();
        let (_, recovery, replayed) = open(dir.path());
        assert_eq!((replayed.len(), recovery.damaged.len()), (8, 0), "case {case}");
        let [torn] = recovery.torn.as_slice() else { panic!("{:?}", recovery.torn) };
        assert_eq!((&torn.path, torn.range.start, torn.broken), (&path, 4096, broken), "{case}");
        let end = usize::try_from(torn.range.end).unwrap();
        assert!(bytes[end..].iter().all(|byte| *byte == 0), "case {case}");
        assert_eq!(fs::read(torn.copy.as_ref().unwrap()).unwrap(), bytes[4096..end]);
    }
}

#[test]
fn a_hole_in_the_last_group_may_be_a_crash() {
    let dir = TempDir::new().unwrap();
    let frames = written(dir.path());
    edit(&files(dir.path()).remove(0), |b| b[4096 + 6 * 124 + 60] ^= 1);
    let (_, recovery, replayed) = open(dir.path());
    assert_eq!(replayed, without(&frames, &[7]));
    assert!(!recovery.damaged[0].certain);
}

#[test]
fn a_lost_header_does_not_lose_the_frames() {
    let dir = TempDir::new().unwrap();
    let frames = written(dir.path());
    append(&mut open(dir.path()).0, &[b"next"]);
    let files = files(dir.path());
    for (path, lost) in [(&files[0], vec![]), (&files[0], vec![1]), (&files[1], vec![])] {
        let before = fs::read(path).unwrap();
        edit(path, |b| {
            b[..4096].fill(0xaa);
            if !lost.is_empty() {
                b[4096 + 60] ^= 1;
            }
        });
        let (_, recovery, replayed) = open(dir.path());
        assert_eq!(without(&replayed, &[9]), without(&frames, &lost));
        assert_eq!(replayed.last().unwrap().1, b"next");
        assert!(recovery.damaged.iter().any(|d| d.range == (0..4096) && d.certain));
        fs::write(path, before).unwrap();
    }
}

#[test]
fn an_end_that_is_missing_is_damage_when_the_next_segment_knows_better() {
    let dir = TempDir::new().unwrap();
    let frames = written(dir.path());
    append(&mut open(dir.path()).0, &[b"next"]);
    edit(&files(dir.path())[0], |b| b.truncate(4096 + 7 * 124 + 3));
    let (mut wal, recovery, replayed) = open(dir.path());
    assert_eq!(without(&replayed, &[9]), without(&frames, &[8]));
    assert_eq!(recovery.damaged[0].range, 4096 + 7 * 124..4096 + 8 * 124);
    assert!(recovery.damaged[0].certain);
    wal.trim(9).unwrap();
    assert_eq!(open(dir.path()).1.damaged, [], "trimmed damage is not reported");
}

#[test]
fn a_payload_that_holds_log_bytes_is_not_taken_for_frames() {
    let (other, dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    written(other.path());
    let foreign = fs::read(files(other.path()).remove(0)).unwrap();
    let (mut wal, ..) = open(dir.path());
    append(&mut wal, &[&foreign[4096..4096 + 8 * 124]]);
    append(&mut wal, &[b"last"]);
    edit(&files(dir.path()).remove(0), |b| b[4096 + 8] ^= 1);
    let (_, recovery, replayed) = open(dir.path());
    assert_eq!(replayed, [(2, b"last".to_vec())]);
    assert_eq!(recovery.damaged.len(), 1);
}

#[test]
fn an_unknown_version_is_named_and_nothing_is_touched() {
    let dir = TempDir::new().unwrap();
    written(dir.path());
    let path = files(dir.path()).remove(0);
    edit(&path, |b| {
        b[8] = 9;
        b[2048 + 8] = 9;
    });
    let before = fs::read(&path).unwrap();
    let e = open_at(dir.path(), 0).unwrap_err();
    assert_eq!(e.kind(), telltale_base::ErrorKind::Corrupt);
    let text = e.to_string();
    assert!(text.contains("00000000000000000001.wal has format version 9"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(files(dir.path()).len(), 1);
}

#[test]
fn other_files_are_left_alone() {
    let dir = TempDir::new().unwrap();
    let frames = written(dir.path());
    fs::write(dir.path().join("wal/notes.txt"), "mine").unwrap();
    fs::write(dir.path().join("wal/00000000000000000099.wal"), "").unwrap();
    let (mut wal, recovery, replayed) = open(dir.path());
    assert_eq!((&replayed, recovery.torn.len(), recovery.damaged.len()), (&frames, 0, 0));
    assert_eq!(append(&mut wal, &[b"x"]), 100);
    assert_eq!(open(dir.path()).2.len(), 9);
    assert!(dir.path().join("wal/notes.txt").exists());
}
