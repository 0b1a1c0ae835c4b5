//! The log: open, append, trim. The rules and the layout are in the crate's documentation.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chain::{self, Extent, Listed};
use crate::error::{BoxError, WalError, io_at};
use crate::frame::{FRAME_HEADER, Frame};
use crate::fs::Fs;
use crate::header::{Former, HEADER_BYTES};
use crate::recover::{Recovery, Replay, Visit, settle};
use crate::writer::{Creation, Writer, payload_len};

/// How a log is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalConfig {
    /// Size at which a segment is full; also the space reserved in advance. A larger group gets a
    /// segment of its own. Default 32 MiB.
    pub segment_bytes: u64,
    /// Longest payload that `append` takes, at most 4 GiB. Default 80 MiB. Replay takes any that is
    /// there, so the limit may be lowered.
    pub frame_bytes_max: u64,
    /// Whether a group is synced before `append` returns. `false` is for benchmarks: a crash then
    /// loses what was acknowledged.
    pub sync: bool,
}

impl Default for WalConfig {
    fn default() -> Self {
        Self { segment_bytes: 32 << 20, frame_bytes_max: 80 << 20, sync: true }
    }
}

/// A segment that takes no more groups.
#[derive(Debug)]
struct Sealed {
    path: PathBuf,
    /// Its last frame's number; when it has none, that of the name before its own.
    last: u64,
    end: u64,
}

/// A write-ahead log. One owner; all calls block. Dropping it loses nothing that was acknowledged.
#[derive(Debug)]
pub struct Wal {
    fs: Arc<dyn Fs>,
    dir: PathBuf,
    config: WalConfig,
    sealed: VecDeque<Sealed>,
    active: Option<Writer>,
    /// What the next segment's header says about the one before it.
    former: Option<Former>,
    next_seq: u64,
}

impl Wal {
    /// Opens the log in `dir`, which is created when missing, and gives every frame with a number
    /// above `from` to `visit`, in order, one at a time. Damaged bytes are copied to `quarantine/`
    /// beside `dir`. At most one open log a directory: the caller holds the lock.
    ///
    /// When it returns, all frames that `visit` took are durable, also those that were never
    /// acknowledged. New numbers start above `from` and above everything found.
    ///
    /// # Errors
    /// The file system's, a segment of an unknown version, and the refusal of `visit`.
    pub fn open(
        fs: Arc<dyn Fs>,
        dir: PathBuf,
        config: WalConfig,
        from: u64,
        visit: &mut dyn FnMut(Frame) -> Result<(), BoxError>,
    ) -> Result<(Self, Recovery), WalError> {
        io_at("create", &dir, fs.create_dir_all(&dir))?;
        let listed = chain::list(fs.as_ref(), &dir)?;
        let mut wal = Self {
            fs,
            dir,
            config,
            sealed: VecDeque::new(),
            active: None,
            former: None,
            next_seq: from.saturating_add(1),
        };
        let recovery = wal.replay(&listed, from, visit)?;
        if wal.config.sync {
            io_at("sync", &wal.dir, wal.fs.sync_dir(&wal.dir))?;
        }
        Ok((wal, recovery))
    }

    /// Appends a group of payloads, each given in parts, and answers their numbers. When it returns
    /// `Ok`, all of them are durable (with `sync` on). No payload: nothing happens.
    ///
    /// # Errors
    /// On any error nothing of the group is stored, but for the crash described in the crate's
    /// documentation, and the next append starts a new segment. The file system's errors; a payload
    /// over the limit is refused before anything is written.
    pub fn append(&mut self, payloads: &[&[&[u8]]]) -> Result<Range<u64>, WalError> {
        let bytes = self.measure(payloads)?;
        if payloads.is_empty() {
            return Ok(self.next_seq..self.next_seq);
        }
        let mut writer = self.writer_for(bytes)?;
        let first = self.next_seq;
        let next = first.saturating_add(payloads.len() as u64);
        self.next_seq = next;
        let result = writer.append(payloads, first, self.config.sync);
        let path = writer.path.clone();
        if result.is_ok() {
            self.active = Some(writer);
        } else {
            self.seal(writer, first);
        }
        io_at("append to", &path, result)?;
        Ok(first..next)
    }

    /// Removes the segments whose frames all have numbers up to `up_to`. When the segment being
    /// written is among them, an empty one takes its place. A frame that was trimmed may come back
    /// if the power fails meanwhile, never one above `up_to` twice.
    ///
    /// # Errors
    /// The file system's. The log goes on working; a later trim removes what is left.
    pub fn trim(&mut self, up_to: u64) -> Result<(), WalError> {
        if self.needs_segment_to_trim(up_to) {
            if let Some(former) = self.active.take() {
                self.retire(former);
            }
            self.active = Some(self.create(HEADER_BYTES)?);
        }
        while let Some(oldest) = self.sealed.front().filter(|s| s.last <= up_to) {
            match self.fs.remove_file(&oldest.path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return io_at("remove", &oldest.path, Err(e));
                }
                Ok(()) | Err(_) => {}
            }
            self.sealed.pop_front();
            if self.config.sync {
                io_at("sync", &self.dir, self.fs.sync_dir(&self.dir))?;
            }
        }
        Ok(())
    }

    /// Bytes of all frames not trimmed yet. What is reserved in advance is not counted.
    pub fn bytes(&self) -> u64 {
        let sealed = self.sealed.iter().map(|s| s.end);
        let ends = sealed.chain(self.active.iter().map(|w| w.end));
        ends.fold(0, |sum, end| sum.saturating_add(end.saturating_sub(HEADER_BYTES)))
    }

    /// Files not trimmed yet.
    pub fn segments(&self) -> usize {
        self.sealed.len() + usize::from(self.active.is_some())
    }

    /// The number that the next payload gets; above every number ever given out.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The directory of the segments.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Wal {
    fn replay<'a>(
        &mut self,
        listed: &[Listed],
        from: u64,
        visit: &'a mut Visit<'a>,
    ) -> Result<Recovery, WalError> {
        let fs = Arc::clone(&self.fs);
        let quarantine = self.dir.with_file_name("quarantine");
        let mut replay = Replay {
            fs: fs.as_ref(),
            quarantine: &quarantine,
            from,
            visit,
            seen: 0,
            recovery: Recovery::default(),
        };
        for (index, segment) in listed.iter().enumerate() {
            let below = listed.get(index + 1).map_or(u64::MAX, |next| next.first);
            self.next_seq = self.next_seq.max(segment.first.saturating_add(1));
            if below <= from.saturating_add(1) && self.skip(segment, below) {
                continue;
            }
            let replayed = replay.segment(segment, below)?;
            // One that holds no frame and that no other names may be a creation that failed, whose
            // name is not on disk: the next segment must not rest on it.
            let counts = match segment.extent {
                Extent::Exact(_) => true,
                Extent::Open => replayed.last.is_some(),
                Extent::Void => false,
            };
            if counts && segment.extent == Extent::Open && self.config.sync {
                settle(fs.as_ref(), segment, &replayed)?;
            }
            if counts {
                self.former = Some(Former { first: segment.first, end: replayed.end });
            }
            self.next_seq = self.next_seq.max(replayed.next_seq(segment.first));
            self.sealed.push_back(Sealed {
                path: segment.path.clone(),
                last: replayed.last.unwrap_or(segment.first.saturating_sub(1)),
                end: replayed.end,
            });
        }
        Ok(replay.recovery)
    }

    /// Takes over a segment without reading it, as the caller is past all its frames. Not possible
    /// where only reading tells the end.
    fn skip(&mut self, segment: &Listed, below: u64) -> bool {
        let Extent::Exact(end) = segment.extent else { return false };
        self.former = Some(Former { first: segment.first, end });
        self.sealed.push_back(Sealed {
            path: segment.path.clone(),
            last: below.saturating_sub(1),
            end,
        });
        true
    }

    /// Refuses what is too large; else the bytes of the group with its headers.
    fn measure(&self, payloads: &[&[&[u8]]]) -> Result<u64, WalError> {
        let limit = self.config.frame_bytes_max.min(u64::from(u32::MAX));
        if u32::try_from(payloads.len()).is_err() {
            return Err(WalError::GroupTooLarge { frames: payloads.len() });
        }
        payloads.iter().try_fold(0_u64, |sum, parts| {
            let bytes = payload_len(parts);
            if bytes > limit {
                return Err(WalError::FrameTooLarge { bytes, limit });
            }
            Ok(sum.saturating_add(bytes).saturating_add(FRAME_HEADER as u64))
        })
    }

    /// The active segment if a group of `bytes` fits in, else a new one.
    fn writer_for(&mut self, bytes: u64) -> Result<Writer, WalError> {
        let Some(writer) = self.active.take() else {
            return self.create(HEADER_BYTES.saturating_add(bytes));
        };
        let has_frames = writer.end > HEADER_BYTES;
        if !has_frames || writer.end.saturating_add(bytes) <= self.config.segment_bytes {
            return Ok(writer);
        }
        self.retire(writer);
        self.create(HEADER_BYTES.saturating_add(bytes))
    }

    /// A new, durable segment that takes at least `bytes` without growing. The former one must be
    /// put away before: its frames have numbers below the new name, whether or not this succeeds.
    /// A failure costs one number, so that the name is not tried again.
    fn create(&mut self, bytes: u64) -> Result<Writer, WalError> {
        let first = self.next_seq;
        let how = Creation {
            salt: new_salt(),
            first,
            former: self.former,
            reserve: self.config.segment_bytes.max(bytes),
            sync: self.config.sync,
        };
        let created = Writer::create(self.fs.as_ref(), &self.dir, how);
        if created.is_err() {
            self.next_seq = first.saturating_add(1);
        }
        io_at("create a segment in", &self.dir, created)
    }

    /// Puts a segment away that is full or trimmed: all its groups succeeded.
    fn retire(&mut self, writer: Writer) {
        let next = self.next_seq;
        self.seal(writer, next);
    }

    /// Puts a segment away whose frames that count have numbers below `next`.
    fn seal(&mut self, writer: Writer, next: u64) {
        self.former = Some(Former { first: writer.first, end: writer.end });
        self.sealed.push_back(Sealed {
            path: writer.path.clone(),
            last: next.saturating_sub(1),
            end: writer.end,
        });
        writer.cut();
    }

    /// Whether a new segment must be made before trimming: because the active one is past too, or
    /// because none was made in this life. The name of one that was merely found may not be
    /// durable, and something must remain that keeps the numbers.
    fn needs_segment_to_trim(&self, up_to: u64) -> bool {
        match &self.active {
            Some(active) => active.end > HEADER_BYTES && self.next_seq.saturating_sub(1) <= up_to,
            None => self.sealed.front().is_some_and(|oldest| oldest.last <= up_to),
        }
    }
}

/// A random salt; never 0. The seed of the standard library's hash maps is random enough to keep
/// payloads from guessing it.
fn new_salt() -> u32 {
    let random = RandomState::new().build_hasher().finish();
    u32::try_from(random >> 32).unwrap_or(1).max(1)
}

#[cfg(test)]
pub(crate) mod tests;
