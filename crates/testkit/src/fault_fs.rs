//! A file system that fails on demand and forgets what was not synced. Knows nothing of the formats
//! that are written through it.
//!
//! It works on real files, so that code which reads paths by itself (Parquet readers, other
//! processes) sees the same bytes, and keeps a model beside them of what the disk would hold if the
//! power failed now:
//! - Writes, truncations and reservations are lost, kept or torn by sector (512 bytes), each by
//!   itself and in any order, until [`FsFile::sync_data`] of that file succeeded.
//! - Names (create, rename, link, remove) are lost or kept, each by itself, until [`Fs::sync_dir`]
//!   of their directory succeeded. A rename within a directory is atomic.
//! - A failed sync writes back an arbitrary part and forgets the rest: the pages look clean, the
//!   next sync succeeds, and readers see bytes that are not on disk.
//!
//! [`FaultFs::crash`] rewrites the real files to what survived. Every operation is counted and can
//! be made to fail by its number ([`FaultFs::inject`]); all randomness comes from seeds. Files that
//! are written behind its back survive as they are. Directories are never lost.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use telltale_wal::{Fs, FsFile, RealFs};

use crate::rng::Rng;
use disk::{Disk, NameChange};
use file::FaultFile;

mod disk;
mod file;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full. A write leaves a prefix behind.
    NoSpace,
    /// The device fails. A write leaves a prefix behind, a sync an arbitrary part; other operations
    /// do nothing.
    Io,
    /// A write leaves arbitrary sectors behind and fails; other operations fail as with `Io`.
    TornWrite,
    /// One bit is wrong, silently: in what a read returns, or in what a write stores. Other
    /// operations are not affected.
    BitFlip,
    /// The power fails: this operation is cut short and all later ones fail, until
    /// [`FaultFs::crash`].
    PowerLoss,
}

/// A kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as the operations of the trait")]
pub enum Kind {
    Create,
    OpenRead,
    OpenWrite,
    Read,
    Write,
    Sync,
    Preallocate,
    Truncate,
    Rename,
    Link,
    Remove,
    SyncDir,
    CreateDir,
    List,
}

/// An operation that was counted; its number is its place in [`FaultFs::trace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it was.
    pub kind: Kind,
    /// On which file, by the name that it had then, or directory. For a rename or link, the target.
    pub path: PathBuf,
}

/// A file system that fails on demand. Clones share one state.
#[derive(Clone, Debug)]
pub struct FaultFs {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    disk: Disk,
    rng: Rng,
    trace: Vec<Operation>,
    faults: BTreeMap<u64, Fault>,
    fired: u64,
    full: bool,
    dead: bool,
    /// Open files of former generations are stale.
    generation: u64,
}

impl FaultFs {
    /// A file system without faults. The seed decides how far failing operations get.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            disk: Disk::default(),
            rng: Rng::new(seed),
            trace: Vec::new(),
            faults: BTreeMap::new(),
            fired: 0,
            full: false,
            dead: false,
            generation: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Makes the operation with this number fail, counting from 0 over the life of this value.
    pub fn inject(&self, at: u64, fault: Fault) {
        self.lock().faults.insert(at, fault);
    }

    /// Operations counted so far: the number of the next one.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().trace.len() as u64
    }

    /// All operations so far, failed ones included.
    #[must_use]
    pub fn trace(&self) -> Vec<Operation> {
        self.lock().trace.clone()
    }

    /// How many injected faults took effect.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.lock().fired
    }

    /// While on, everything that needs space fails, and no space is available.
    pub fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    /// The process is killed: open files become useless, the page cache stays.
    pub fn kill(&self) {
        let mut state = self.lock();
        state.dead = false;
        state.generation += 1;
    }

    /// The power fails: open files become useless, and the real files are rewritten to what was on
    /// disk, which `seed` decides where nothing was promised. Pending faults stay.
    ///
    /// # Errors
    /// The real file system's.
    pub fn crash(&self, seed: u64) -> io::Result<()> {
        let mut state = self.lock();
        state.dead = false;
        state.generation += 1;
        state.disk.crash(&mut Rng::new(seed))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, kind: Kind, path: &Path, writable: bool) -> io::Result<Box<dyn FsFile>> {
        let mut state = self.lock();
        state.plain(kind, path)?;
        let real = if writable { RealFs.open_write(path) } else { RealFs.open_read(path) }?;
        let inode = state.disk.inode(path)?;
        let generation = state.generation;
        drop(state);
        Ok(Box::new(FaultFile::new(self.clone(), real, inode, path, generation)))
    }

    /// A change of names: checked for faults, done for real, then noted in the model.
    fn rename_or_link(&self, kind: Kind, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.plain(kind, to)?;
        let inode = state.disk.inode(from)?;
        if RealFs.exists(to)? {
            state.disk.inode(to)?;
        }
        if kind == Kind::Link {
            RealFs.link(from, to)?;
            state.disk.change(to, NameChange::Add { to: to.to_path_buf(), inode });
            return Ok(());
        }
        RealFs.rename(from, to)?;
        let (from, to) = (from.to_path_buf(), to.to_path_buf());
        if from.parent() == to.parent() {
            state.disk.change(&to.clone(), NameChange::Move { from, to, inode });
        } else {
            state.disk.change(&to.clone(), NameChange::Add { to, inode });
            state.disk.change(&from.clone(), NameChange::Remove { from });
        }
        Ok(())
    }
}

impl State {
    /// Counts an operation and answers the fault that hits it.
    fn count(&mut self, kind: Kind, path: &Path) -> io::Result<Option<Fault>> {
        if self.dead {
            return Err(dead());
        }
        let number = self.trace.len() as u64;
        self.trace.push(Operation { kind, path: path.to_path_buf() });
        let injected = self.faults.remove(&number);
        self.fired += u64::from(injected.is_some());
        if injected == Some(Fault::PowerLoss) {
            self.dead = true;
        }
        let needs_space =
            matches!(kind, Kind::Create | Kind::Write | Kind::Preallocate | Kind::Link);
        Ok(injected.or_else(|| (self.full && needs_space).then_some(Fault::NoSpace)))
    }

    /// An operation that happens or does not, with nothing between.
    fn plain(&mut self, kind: Kind, path: &Path) -> io::Result<()> {
        match self.count(kind, path)? {
            None | Some(Fault::BitFlip) => Ok(()),
            Some(fault) => Err(error(fault)),
        }
    }
}

impl Fs for FaultFs {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn FsFile>> {
        let mut state = self.lock();
        state.plain(Kind::Create, path)?;
        let real = RealFs.create_new(path)?;
        let inode = state.disk.create(path);
        let generation = state.generation;
        drop(state);
        Ok(Box::new(FaultFile::new(self.clone(), real, inode, path, generation)))
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn FsFile>> {
        self.open(Kind::OpenRead, path, false)
    }

    fn open_write(&self, path: &Path) -> io::Result<Box<dyn FsFile>> {
        self.open(Kind::OpenWrite, path, true)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open_read(path)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX)];
        let read = file.read_full_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.rename_or_link(Kind::Rename, from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.rename_or_link(Kind::Link, from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.plain(Kind::Remove, path)?;
        state.disk.inode(path)?;
        RealFs.remove_file(path)?;
        state.disk.change(path, NameChange::Remove { from: path.to_path_buf() });
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.lock();
        match state.count(Kind::SyncDir, dir)? {
            None | Some(Fault::BitFlip) => {
                state.disk.sync_dir(dir);
                Ok(())
            }
            Some(fault) => {
                // Split borrow: the model draws from the file system's own randomness.
                let State { disk, rng, .. } = &mut *state;
                disk.forget_dir(dir, rng);
                Err(error(fault))
            }
        }
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.lock().plain(Kind::CreateDir, dir)?;
        RealFs.create_dir_all(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.lock().plain(Kind::List, dir)?;
        RealFs.list(dir)
    }

    fn metadata_len(&self, path: &Path) -> io::Result<u64> {
        RealFs.metadata_len(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        RealFs.exists(path)
    }

    fn available_bytes(&self, dir: &Path) -> io::Result<u64> {
        if self.lock().full { Ok(0) } else { RealFs.available_bytes(dir) }
    }
}

fn error(fault: Fault) -> io::Error {
    match fault {
        Fault::NoSpace => io::Error::new(io::ErrorKind::StorageFull, "injected: no space left"),
        Fault::PowerLoss => dead(),
        Fault::Io | Fault::TornWrite | Fault::BitFlip => io::Error::other("injected: i/o error"),
    }
}

fn dead() -> io::Error {
    io::Error::other("injected: the power is off")
}

#[cfg(test)]
mod tests;
