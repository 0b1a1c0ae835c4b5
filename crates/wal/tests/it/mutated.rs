//! Opening a log whose files were changed at random: it never panics, never loops, and never gives
//! out a frame that was not appended. `fuzz/` does the same with coverage as its guide.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "in a test a failure is the test's failure, and damage is done behind the back of Fs"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use telltale_testkit::Rng;
use telltale_wal::{RealFs, Wal, WalConfig, WalError};
use tempfile::TempDir;

type Frames = BTreeMap<u64, Vec<u8>>;

fn open(dir: &Path) -> Result<(Wal, Frames, bool), WalError> {
    let config = WalConfig { segment_bytes: 4096 + 2000, sync: false, ..WalConfig::default() };
    let mut frames = Frames::new();
    let mut last = 0;
    let (wal, recovery) = Wal::open(Arc::new(RealFs), dir.join("wal"), config, 0, &mut |f| {
        assert!(f.seq > last);
        last = f.seq;
        frames.insert(f.seq, f.payload.to_vec());
        Ok(())
    })?;
    let reported = !recovery.damaged.is_empty() || !recovery.torn.is_empty();
    Ok((wal, frames, reported))
}

fn byte(rng: &mut Rng) -> u8 {
    u8::try_from(rng.below(256)).unwrap()
}

/// A log of several segments, and what it holds.
fn written(dir: &Path, rng: &mut Rng) -> Frames {
    let mut frames = Frames::new();
    let (mut wal, ..) = open(dir).unwrap();
    for _ in 0..12 {
        let payload: Vec<u8> = (0..rng.below(700)).map(|_| byte(rng)).collect();
        let seqs = wal.append(&[&[&payload], &[&payload, b"!"]]).unwrap();
        frames.insert(seqs.start, payload.clone());
        frames.insert(seqs.start + 1, [payload, b"!".into()].concat());
    }
    frames
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(dir.join("wal")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths
}

/// One change of a file's bytes.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.index(bytes.len());
    let to = (at + rng.index(600)).min(bytes.len());
    match rng.below(6) {
        0 => bytes[at] ^= 1 << rng.below(8),
        1 => bytes[at..to].fill(0),
        2 => bytes[at..to].iter_mut().for_each(|b| *b = byte(rng)),
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..to)),
        _ => {
            let copy = bytes[at..to].to_vec();
            let target = rng.index(bytes.len());
            bytes.splice(target..target, copy);
        }
    }
}

#[test]
fn mutated_segments_give_out_only_what_was_appended() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let dir = TempDir::new().unwrap();
        let appended = written(dir.path(), &mut rng);
        for _ in 0..rng.within(1..=4) {
            let paths = segments(dir.path());
            let path = rng.pick(&paths).unwrap();
            let mut bytes = fs::read(path).unwrap();
            if !bytes.is_empty() {
                mutate(&mut bytes, &mut rng);
            }
            fs::write(path, bytes).unwrap();
        }
        let (mut wal, frames, reported) = match open(dir.path()) {
            Ok(opened) => opened,
            Err(e @ WalError::UnknownVersion { .. }) => {
                println!("seed {seed}: {e}");
                continue;
            }
            Err(e) => panic!("seed {seed}: {e}"),
        };
        for (seq, payload) in &frames {
            assert_eq!(appended.get(seq), Some(payload), "seed {seed}, frame {seq}");
        }
        // Only cutting the last segment at a frame's border leaves no trace.
        let last_whole = frames.keys().next_back().is_none_or(|last| {
            appended.keys().take_while(|seq| *seq <= last).all(|seq| frames.contains_key(seq))
        });
        assert!(reported || last_whole, "seed {seed}: frames are missing and nobody said so");
        let seq = wal.append(&[&[b"after"]]).unwrap().start;
        drop(wal);
        let (_, again, _) = open(dir.path()).unwrap();
        assert_eq!(again.get(&seq).map(Vec::as_slice), Some(b"after".as_slice()), "seed {seed}");
        assert!(frames.iter().all(|(seq, payload)| again.get(seq) == Some(payload)), "seed {seed}");
    }
}
