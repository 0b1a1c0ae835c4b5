//! An open file of the failing file system.

use std::io;
use std::path::{Path, PathBuf};

use telltale_wal::FsFile;

use super::disk::{DataChange, torn};
use super::{Fault, FaultFs, Kind, State, dead, error};

#[derive(Debug)]
pub(super) struct FaultFile {
    fs: FaultFs,
    real: Box<dyn FsFile>,
    inode: u64,
    path: PathBuf,
    cursor: u64,
    generation: u64,
}

impl FaultFile {
    pub(super) fn new(
        fs: FaultFs,
        real: Box<dyn FsFile>,
        inode: u64,
        path: &Path,
        generation: u64,
    ) -> Self {
        Self { fs, real, inode, path: path.to_path_buf(), cursor: 0, generation }
    }

    /// Runs one counted operation under the lock, unless the file outlived its process.
    fn counted<T>(
        &mut self,
        kind: Kind,
        work: impl FnOnce(&mut State, &mut dyn FsFile, u64, Option<Fault>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.fs.lock();
        if state.generation != self.generation {
            return Err(dead());
        }
        let path = state.disk.name_of(self.inode).unwrap_or(&self.path).to_path_buf();
        let fault = state.count(kind, &path)?;
        work(&mut state, self.real.as_mut(), self.inode, fault)
    }
}

/// Writes for real and notes it as not synced.
fn store(
    state: &mut State,
    real: &mut dyn FsFile,
    inode: u64,
    offset: u64,
    bytes: &[u8],
) -> io::Result<()> {
    real.write_all_at(bytes, offset)?;
    state.disk.write(inode, DataChange::Write { offset, bytes: bytes.to_vec() });
    Ok(())
}

fn flip_bit(state: &mut State, bytes: &mut [u8]) {
    let at = state.rng.index(bytes.len());
    let bit = state.rng.below(8);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
}

impl FsFile for FaultFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let offset = self.cursor;
        self.cursor = offset.saturating_add(bytes.len() as u64);
        self.write_all_at(bytes, offset)
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.counted(Kind::Write, |state, real, inode, fault| match fault {
            None => store(state, real, inode, offset, bytes),
            Some(Fault::BitFlip) => {
                let mut flipped = bytes.to_vec();
                flip_bit(state, &mut flipped);
                store(state, real, inode, offset, &flipped)
            }
            Some(fault @ (Fault::TornWrite | Fault::PowerLoss)) => {
                for part in torn(offset, bytes, &mut state.rng) {
                    if let DataChange::Write { offset, bytes } = part {
                        store(state, real, inode, offset, &bytes)?;
                    }
                }
                Err(error(fault))
            }
            Some(fault @ (Fault::NoSpace | Fault::Io)) => {
                let written = state.rng.index(bytes.len() + 1);
                let prefix = bytes.get(..written).unwrap_or_default();
                store(state, real, inode, offset, prefix)?;
                Err(error(fault))
            }
        })
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.counted(Kind::Sync, |state, _, inode, fault| match fault {
            None | Some(Fault::BitFlip) => {
                state.disk.sync(inode);
                Ok(())
            }
            Some(fault) => {
                state.disk.forget(inode, &mut state.rng);
                Err(error(fault))
            }
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.real.len()
    }

    fn preallocate(&mut self, len: u64) -> io::Result<()> {
        self.counted(Kind::Preallocate, |state, real, inode, fault| match fault {
            None | Some(Fault::BitFlip) => {
                // Sparse: tests should not wait for, or run out of, real blocks.
                if real.len()? < len {
                    real.truncate(len)?;
                }
                state.disk.write(inode, DataChange::Reserve(len));
                Ok(())
            }
            Some(fault) => Err(error(fault)),
        })
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.counted(Kind::Truncate, |state, real, inode, fault| match fault {
            None | Some(Fault::BitFlip) => {
                real.truncate(len)?;
                state.disk.write(inode, DataChange::Length(len));
                Ok(())
            }
            Some(fault) => Err(error(fault)),
        })
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.fs.lock();
        if state.generation != self.generation {
            return Err(dead());
        }
        let path = state.disk.name_of(self.inode).unwrap_or(&self.path).to_path_buf();
        match state.count(Kind::Read, &path)? {
            None => self.real.read_at(buf, offset),
            Some(Fault::BitFlip) => {
                let read = self.real.read_at(buf, offset)?;
                flip_bit(&mut state, buf.get_mut(..read).unwrap_or_default());
                Ok(read)
            }
            Some(fault) => Err(error(fault)),
        }
    }
}
