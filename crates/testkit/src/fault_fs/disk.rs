//! The model of what is on disk, beside the real files, which play the page cache.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::rng::Rng;

const SECTOR: u64 = 512;

/// A change of a file that was not synced yet.
#[derive(Clone, Debug)]
pub(super) enum DataChange {
    Write {
        offset: u64,
        bytes: Vec<u8>,
    },
    Length(u64),
    /// At least this long.
    Reserve(u64),
}

/// A change of names that was not synced yet.
#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Add { to: PathBuf, inode: u64 },
    Move { from: PathBuf, to: PathBuf, inode: u64 },
    Remove { from: PathBuf },
}

#[derive(Debug, Default)]
struct Inode {
    durable: Vec<u8>,
    pending: Vec<DataChange>,
}

#[derive(Debug, Default)]
pub(super) struct Disk {
    inodes: BTreeMap<u64, Inode>,
    next_inode: u64,
    /// Names as the running system sees them.
    live: BTreeMap<PathBuf, u64>,
    /// Names on disk.
    durable: BTreeMap<PathBuf, u64>,
    /// By directory, in order.
    pending: BTreeMap<PathBuf, Vec<NameChange>>,
}

impl Disk {
    /// A new, empty, unsynced file.
    pub(super) fn create(&mut self, path: &Path) -> u64 {
        let inode = self.add_inode(Vec::new());
        self.change(path, NameChange::Add { to: path.to_path_buf(), inode });
        inode
    }

    /// The inode of a real file; one that was written behind our back is taken over as durable.
    pub(super) fn inode(&mut self, path: &Path) -> io::Result<u64> {
        if let Some(inode) = self.live.get(path) {
            return Ok(*inode);
        }
        let content = fs::read(path)?;
        let inode = self.add_inode(content);
        self.live.insert(path.to_path_buf(), inode);
        self.durable.insert(path.to_path_buf(), inode);
        Ok(inode)
    }

    /// A name that the file has now.
    pub(super) fn name_of(&self, inode: u64) -> Option<&Path> {
        self.live.iter().find(|(_, i)| **i == inode).map(|(path, _)| path.as_path())
    }

    pub(super) fn change(&mut self, path: &Path, change: NameChange) {
        apply_name(&mut self.live, &change);
        self.pending.entry(parent(path)).or_default().push(change);
    }

    pub(super) fn write(&mut self, inode: u64, change: DataChange) {
        self.inodes.entry(inode).or_default().pending.push(change);
    }

    pub(super) fn sync(&mut self, inode: u64) {
        let inode = self.inodes.entry(inode).or_default();
        for change in std::mem::take(&mut inode.pending) {
            apply_data(&mut inode.durable, &change);
        }
    }

    /// A failed sync: some of it reached the disk, and nothing is dirty any more.
    pub(super) fn forget(&mut self, inode: u64, rng: &mut Rng) {
        self.inodes.entry(inode).or_default().settle(rng);
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) {
        for change in self.pending.remove(dir).unwrap_or_default() {
            apply_name(&mut self.durable, &change);
        }
    }

    /// A failed sync of a directory.
    pub(super) fn forget_dir(&mut self, dir: &Path, rng: &mut Rng) {
        for change in self.pending.remove(dir).unwrap_or_default() {
            if rng.chance(0.5) {
                apply_name(&mut self.durable, &change);
            }
        }
    }

    /// Rewrites the real files to what survives a loss of power.
    #[expect(clippy::disallowed_methods, reason = "this plays the disk under wal::Fs")]
    pub(super) fn crash(&mut self, rng: &mut Rng) -> io::Result<()> {
        let dirs: Vec<PathBuf> = self.pending.keys().cloned().collect();
        for dir in dirs {
            self.forget_dir(&dir, rng);
        }
        for inode in self.inodes.values_mut() {
            inode.settle(rng);
        }
        for path in self.live.keys() {
            match fs::remove_file(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                Ok(()) | Err(_) => {}
            }
        }
        let mut written: BTreeMap<u64, PathBuf> = BTreeMap::new();
        for (path, inode) in &self.durable {
            if let Some(first) = written.get(inode) {
                fs::hard_link(first, path)?;
                continue;
            }
            let content = self.inodes.get(inode).map(|i| i.durable.as_slice());
            fs::write(path, content.unwrap_or_default())?;
            written.insert(*inode, path.clone());
        }
        self.inodes.retain(|inode, _| written.contains_key(inode));
        self.live = self.durable.clone();
        Ok(())
    }

    fn add_inode(&mut self, durable: Vec<u8>) -> u64 {
        self.next_inode += 1;
        self.inodes.insert(self.next_inode, Inode { durable, pending: Vec::new() });
        self.next_inode
    }
}

impl Inode {
    /// Lets chance decide over every pending change.
    fn settle(&mut self, rng: &mut Rng) {
        for change in std::mem::take(&mut self.pending) {
            match (rng.below(3), change) {
                (0, _) => {}
                (1, DataChange::Write { offset, bytes }) => {
                    for part in torn(offset, &bytes, rng) {
                        apply_data(&mut self.durable, &part);
                    }
                }
                (_, change) => apply_data(&mut self.durable, &change),
            }
        }
    }
}

/// Some of the sectors of a write.
pub(super) fn torn(offset: u64, bytes: &[u8], rng: &mut Rng) -> Vec<DataChange> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    let mut at = offset;
    while !rest.is_empty() {
        let room = usize::try_from(SECTOR - at % SECTOR).unwrap_or(usize::MAX);
        let (sector, tail) = rest.split_at(room.min(rest.len()));
        if rng.chance(0.5) {
            parts.push(DataChange::Write { offset: at, bytes: sector.to_vec() });
        }
        at += sector.len() as u64;
        rest = tail;
    }
    parts
}

fn apply_data(content: &mut Vec<u8>, change: &DataChange) {
    let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    match change {
        DataChange::Length(len) => content.resize(size(*len), 0),
        DataChange::Reserve(len) => content.resize(content.len().max(size(*len)), 0),
        DataChange::Write { offset, bytes } => {
            let start = size(*offset);
            let end = start + bytes.len();
            content.resize(content.len().max(end), 0);
            if let Some(target) = content.get_mut(start..end) {
                target.copy_from_slice(bytes);
            }
        }
    }
}

fn apply_name(names: &mut BTreeMap<PathBuf, u64>, change: &NameChange) {
    match change {
        NameChange::Add { to, inode } => {
            names.insert(to.clone(), *inode);
        }
        NameChange::Move { from, to, inode } => {
            names.remove(from);
            names.insert(to.clone(), *inode);
        }
        NameChange::Remove { from } => {
            names.remove(from);
        }
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_path_buf()
}
