//! The file system as durable storage sees it: few operations, each with a stated promise, behind a
//! trait so that tests can make every one of them fail. Knows nothing of logs, tables or formats.
//!
//! The rules that every user of this trait relies on:
//! - Written bytes are durable only after [`FsFile::sync_data`] of the same file returned `Ok`.
//! - A new, renamed, linked or removed name is durable only after [`Fs::sync_dir`] of its directory
//!   (both directories, for a rename across two) returned `Ok`.
//! - A failed `sync_data` is final for that file: the kernel may have dropped the dirty pages and
//!   marked them clean, so that a second call succeeds without the bytes being on disk. Never call
//!   it again; write another file.
//! - All calls block. Asynchronous callers run them on a thread for blocking work.

use std::fmt;
use std::io;
use std::path::Path;

mod atomic;
mod real;

pub use atomic::write_atomic;
pub use real::RealFs;

/// An open file. Writing goes through one owner; reading at an offset may be shared.
#[expect(clippy::len_without_is_empty, reason = "the length of a file is asked to read it whole")]
pub trait FsFile: Send + Sync + fmt::Debug {
    /// Writes all of `bytes` at the cursor, which starts at 0, and moves the cursor behind them.
    ///
    /// # Errors
    /// The operating system's; any prefix of the bytes may have been written.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset` without moving the cursor.
    ///
    /// # Errors
    /// The operating system's; any prefix of the bytes may have been written.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the bytes and the length durable (`fdatasync`). The name needs [`Fs::sync_dir`].
    ///
    /// # Errors
    /// The operating system's; final for this file, see the module's rules.
    fn sync_data(&mut self) -> io::Result<()>;

    /// Length in bytes, preallocated ones included.
    ///
    /// # Errors
    /// The operating system's.
    fn len(&self) -> io::Result<u64>;

    /// Reserves disk space so that the file is at least `len` bytes long; new bytes read as zero.
    /// A file system that cannot reserve does nothing and answers `Ok`. The cursor stays.
    ///
    /// # Errors
    /// The operating system's, `StorageFull` above all.
    fn preallocate(&mut self, len: u64) -> io::Result<()>;

    /// Cuts or extends (with zeros) the file to `len` bytes. The cursor stays.
    ///
    /// # Errors
    /// The operating system's.
    fn truncate(&mut self, len: u64) -> io::Result<()>;

    /// Reads up to `buf.len()` bytes at `offset`; fewer at the end of the file, 0 beyond it.
    ///
    /// # Errors
    /// The operating system's.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Reads at `offset` until `buf` is full or the file ends; answers the bytes read.
    ///
    /// # Errors
    /// The operating system's.
    fn read_full_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0_usize;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, offset.saturating_add(done as u64))? {
                0 => break,
                n => done += n,
            }
        }
        Ok(done)
    }
}

/// A file system. Paths are used as given; an implementation never creates missing parents.
pub trait Fs: Send + Sync + fmt::Debug {
    /// Creates a file for reading and writing.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken; else the operating system's.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn FsFile>>;

    /// Opens a file for reading; writing to it fails.
    ///
    /// # Errors
    /// `NotFound`; else the operating system's.
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn FsFile>>;

    /// Opens an existing file for reading and writing, cursor at 0, without cutting it.
    ///
    /// # Errors
    /// `NotFound`; else the operating system's.
    fn open_write(&self, path: &Path) -> io::Result<Box<dyn FsFile>>;

    /// The whole file.
    ///
    /// # Errors
    /// `NotFound`; else the operating system's.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Renames a file, replacing a file at the target, atomically.
    ///
    /// # Errors
    /// `NotFound`; else the operating system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name (hard link): the way to publish only if nobody else did.
    ///
    /// # Errors
    /// `AlreadyExists` when the target is taken; else the operating system's.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a name.
    ///
    /// # Errors
    /// `NotFound`; else the operating system's.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable: creations, renames, links and removals.
    ///
    /// # Errors
    /// The operating system's.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Creates a directory and its missing parents, durably: the directory that holds each new
    /// one is synced.
    ///
    /// # Errors
    /// The operating system's.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// The names in a directory, files and directories, sorted. Names that are not UTF-8 are left
    /// out: none of ours are.
    ///
    /// # Errors
    /// `NotFound`; else the operating system's.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Length of a file in bytes.
    ///
    /// # Errors
    /// `NotFound`; else the operating system's.
    fn metadata_len(&self, path: &Path) -> io::Result<u64>;

    /// Whether a file or directory stands at `path`.
    ///
    /// # Errors
    /// The operating system's; `NotFound` is `Ok(false)`.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Bytes that this process may still write on the file system of `dir`.
    ///
    /// # Errors
    /// The operating system's.
    fn available_bytes(&self, dir: &Path) -> io::Result<u64>;
}

#[cfg(test)]
mod tests;
