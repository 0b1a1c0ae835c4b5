//! The segment that is being written. A writer that failed once is only good for telling its end.

use std::io;
use std::path::{Path, PathBuf};

use crate::frame::FrameHeader;
use crate::fs::{Fs, FsFile};
use crate::header::{Former, HEADER_BYTES, Header, file_name};

/// Parts at least this long are written without being copied.
const DIRECT: usize = 64 * 1024;
/// Shorter ones are gathered up to this size.
const GATHER: usize = 256 * 1024;
/// The name of a segment that is not complete yet.
const TEMPORARY: &str = "next.tmp";

/// A segment that takes groups.
#[derive(Debug)]
pub(crate) struct Writer {
    file: Box<dyn FsFile>,
    pub(crate) path: PathBuf,
    pub(crate) first: u64,
    /// Bytes of it that count: header and acknowledged groups.
    pub(crate) end: u64,
    salt: u32,
    gathered: Vec<u8>,
}

/// How to create a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Creation {
    pub(crate) salt: u32,
    pub(crate) first: u64,
    pub(crate) former: Option<Former>,
    /// Bytes to reserve.
    pub(crate) reserve: u64,
    pub(crate) sync: bool,
}

impl Writer {
    /// Creates a segment; when this returns `Ok`, its name and header are durable. It gets its name
    /// only when it is complete, and a name is never taken back: one whose removal was not synced
    /// could return after newer segments were numbered, and contradict them. So after a failure the
    /// name may be taken and must not be tried again.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn create(fs: &dyn Fs, dir: &Path, how: Creation) -> io::Result<Self> {
        let temporary = dir.join(TEMPORARY);
        if fs.exists(&temporary)? {
            fs.remove_file(&temporary)?;
        }
        let mut file = fs.create_new(&temporary)?;
        if let Err(e) = begin(file.as_mut(), how) {
            // It may hold space that others wait for. A leftover is replaced by the next creation.
            drop(file);
            fs.remove_file(&temporary).ok();
            return Err(e);
        }
        let path = dir.join(file_name(how.first));
        fs.rename(&temporary, &path)?;
        if how.sync {
            fs.sync_dir(dir)?;
        }
        let (first, salt) = (how.first, how.salt);
        Ok(Self { file, path, first, end: HEADER_BYTES, salt, gathered: Vec::new() })
    }

    /// Writes a group whose first frame gets the number `seq`, and syncs it. `end` moves only on
    /// success. After an error this writer must not be asked for anything but [`Self::cut`].
    ///
    /// # Errors
    /// The file system's, and `InvalidInput` for lengths that the caller should have refused.
    pub(crate) fn append(&mut self, payloads: &[&[&[u8]]], seq: u64, sync: bool) -> io::Result<()> {
        self.gathered.clear();
        let mut written = 0_u64;
        for (index, parts) in (0_u32..).zip(payloads) {
            let len = u32::try_from(payload_len(parts)).map_err(io::Error::other)?;
            let seq = seq.saturating_add(u64::from(index));
            let header = FrameHeader::new(self.salt, len, index, seq, parts).encode();
            self.put(&header)?;
            parts.iter().try_for_each(|part| self.put(part))?;
            written = written.saturating_add(header.len() as u64).saturating_add(u64::from(len));
        }
        self.drain()?;
        if sync {
            self.file.sync_data()?;
        }
        self.end = self.end.saturating_add(written);
        Ok(())
    }

    /// Gives back reserved space and, after a failed group, takes that group out of sight of a
    /// restart. Not synced: the next segment's header is what counts.
    pub(crate) fn cut(mut self) {
        self.file.truncate(self.end).ok();
    }

    fn put(&mut self, part: &[u8]) -> io::Result<()> {
        if part.len() >= DIRECT {
            self.drain()?;
            return self.file.write_all(part);
        }
        if self.gathered.len() + part.len() > GATHER {
            self.drain()?;
        }
        self.gathered.extend_from_slice(part);
        Ok(())
    }

    fn drain(&mut self) -> io::Result<()> {
        if !self.gathered.is_empty() {
            self.file.write_all(&self.gathered)?;
            self.gathered.clear();
        }
        Ok(())
    }
}

/// Reserves space and writes the header.
fn begin(file: &mut dyn FsFile, how: Creation) -> io::Result<()> {
    file.preallocate(how.reserve)?;
    let header = Header { salt: how.salt, first_seq: how.first, former: how.former };
    file.write_all(&header.encode())?;
    if how.sync { file.sync_data() } else { Ok(()) }
}

/// Bytes of a payload that is given in parts.
pub(crate) fn payload_len(parts: &[&[u8]]) -> u64 {
    parts.iter().fold(0, |sum, part| sum.saturating_add(part.len() as u64))
}
