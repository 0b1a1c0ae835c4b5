//! One life of a log, decided by a seed, with faults at given operations.

use std::path::PathBuf;
use std::sync::Arc;

use telltale_testkit::{Fault, FaultFs, Kind, Rng};
use telltale_wal::{Fs, Recovery, Wal, WalConfig};
use tempfile::TempDir;

use super::model::{Model, Payload};

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) fired: u64,
    /// Everything that any opening reported.
    pub(crate) recovery: Recovery,
    pub(crate) lost: usize,
}

struct Life {
    fs: FaultFs,
    dir: PathBuf,
    wal: Option<Wal>,
    model: Model,
    rng: Rng,
    recovery: Recovery,
    payloads: u64,
}

pub(crate) fn run(seed: u64, faults: &[(u64, Fault)]) -> Outcome {
    let dir = TempDir::new().unwrap();
    let fs = FaultFs::new(seed);
    let mut model = Model::default();
    for (at, fault) in faults {
        fs.inject(*at, *fault);
        model.damage_allowed |= *fault == Fault::BitFlip;
    }
    let mut life = Life {
        fs,
        dir: dir.path().join("wal"),
        wal: None,
        model,
        rng: Rng::new(seed),
        recovery: Recovery::default(),
        payloads: 0,
    };
    life.open();
    for _ in 0..24 {
        life.step();
    }
    life.fs.kill();
    life.open();
    life.power_loss();
    life.append(3);
    life.power_loss();
    Outcome {
        kinds: life.fs.trace().iter().map(|o| o.kind).collect(),
        fired: life.fs.fired(),
        recovery: life.recovery,
        lost: life.model.lost.len(),
    }
}

impl Life {
    fn step(&mut self) {
        match self.rng.below(12) {
            0 => self.power_loss(),
            1 => {
                self.fs.kill();
                self.open();
            }
            2 => {
                let choice = self.rng.index(1000);
                let up_to = self.model.some_seq(choice);
                self.trim(up_to);
            }
            3 => self.trim(self.model.last_seq()),
            _ => {
                let frames = self.rng.within(1..=4);
                self.append(frames);
            }
        }
    }

    fn append(&mut self, frames: u64) {
        let group: Vec<Payload> = (0..frames).map(|_| self.payload()).collect();
        let parts: Vec<[&[u8]; 2]> = group.iter().map(|p| p.split_at(8).into()).collect();
        let payloads: Vec<&[&[u8]]> = parts.iter().map(<[&[u8]; 2]>::as_slice).collect();
        if let Ok(seqs) = self.wal.as_mut().unwrap().append(&payloads) {
            assert_eq!(seqs.end - seqs.start, frames);
            self.model.acked(seqs.start, &group);
        } else {
            self.model.failed(&group);
            self.revive();
        }
    }

    fn payload(&mut self) -> Payload {
        self.payloads += 1;
        let mut payload = self.payloads.to_le_bytes().to_vec();
        let len = self.rng.index(1800);
        payload.extend((0..len).map(|_| u8::try_from(self.rng.below(4)).unwrap()));
        payload
    }

    fn trim(&mut self, up_to: u64) {
        // What was asked for counts as trimmed even when it fails: the caller is past it.
        self.model.trimmed = self.model.trimmed.max(up_to);
        if self.wal.as_mut().unwrap().trim(up_to).is_err() {
            self.revive();
        }
    }

    /// After an error: goes on, unless the process died.
    fn revive(&mut self) {
        if self.fs.list(&self.dir).is_err() {
            self.die();
            self.open();
        }
    }

    /// With the process, the power may go. When it stays on, the next life reads what was written
    /// and not synced, and a later loss of power must not take it.
    fn die(&mut self) {
        if self.rng.chance(0.5) {
            self.fs.kill();
        } else {
            let seed = self.rng.bits();
            self.fs.crash(seed).unwrap();
        }
    }

    fn power_loss(&mut self) {
        let seed = self.rng.bits();
        self.fs.crash(seed).unwrap();
        self.open();
    }

    /// Opens until it works, as a supervisor would, and checks what is replayed.
    fn open(&mut self) {
        self.wal = None;
        for _ in 0..10 {
            let from = if self.rng.chance(0.5) { self.model.trimmed } else { 0 };
            let mut frames: Vec<(u64, Payload)> = Vec::new();
            let config = WalConfig { segment_bytes: 4096 + 6000, ..WalConfig::default() };
            let opened =
                Wal::open(Arc::new(self.fs.clone()), self.dir.clone(), config, from, &mut |f| {
                    frames.push((f.seq, f.payload.to_vec()));
                    Ok(())
                });
            match opened {
                Ok((wal, recovery)) => {
                    self.recovery.damaged.extend(recovery.damaged);
                    self.recovery.torn.extend(recovery.torn);
                    self.model.replayed(&frames, from, wal.next_seq());
                    self.wal = Some(wal);
                    return;
                }
                Err(_) if self.fs.list(&self.dir).is_err() => self.die(),
                Err(_) => self.fs.kill(),
            }
        }
        panic!("the log cannot be opened any more");
    }
}
