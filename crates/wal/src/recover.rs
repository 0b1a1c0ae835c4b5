//! Opening a log: replay of what counts, a verdict on what does not, and making sure that what was
//! replayed stays. The rules are in the crate's documentation.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::chain::{Extent, Listed};
use crate::error::{BoxError, WalError, io_at};
use crate::frame::{FRAME_HEADER, Frame, FrameHeader};
use crate::fs::{Fs, FsFile};
use crate::header::HEADER_BYTES;
use crate::quarantine;
use crate::reader::Reader;
use crate::scan::{Bounds, Found, Item, Scan};

/// What opening a log found.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// Frames given to the caller.
    pub frames: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Ends of groups that, by all that is known, a crash cut short; their bytes do not count.
    pub torn: Vec<Torn>,
    /// Damage, oldest first. The same damage is reported again until its segment is trimmed.
    pub damaged: Vec<Damage>,
}

/// The end of a segment that holds no whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The segment.
    pub path: PathBuf,
    /// Its bytes, up to the last that is not zero.
    pub range: Range<u64>,
    /// Whether a frame in it is all there but for its checksum, which a crash hardly leaves behind:
    /// it may have been acknowledged.
    pub broken: bool,
    /// Where the copy is, or why there is none.
    pub copy: Result<PathBuf, String>,
}

/// Bytes that should be frames and are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment.
    pub path: PathBuf,
    /// The damaged bytes of it.
    pub range: Range<u64>,
    /// Whether acknowledged records must have been there. Else they may belong to a group that a
    /// crash cut short in the middle.
    pub certain: bool,
    /// Where the copy is, or why there is none.
    pub copy: Result<PathBuf, String>,
}

/// The caller of a replay: takes a frame or stops the opening.
pub(crate) type Visit<'a> = dyn FnMut(Frame) -> Result<(), BoxError> + 'a;

/// What replay learnt about one segment.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// Its last frame's number, if it has frames.
    pub(crate) last: Option<u64>,
    /// Bytes of it that count.
    pub(crate) end: u64,
    /// Bytes behind the end that are not zeros.
    torn: u64,
    /// Where the frames of its last group stand.
    group: Vec<Range<u64>>,
    /// Damage (by place in the report) whose first missing number is given, of which it is not
    /// known whether it was ever acknowledged.
    doubts: Vec<(usize, u64)>,
}

impl Replayed {
    /// A number above all that this segment may have used, also for frames that are torn: one of
    /// them may have been acknowledged and damaged since.
    pub(crate) fn next_seq(&self, first: u64) -> u64 {
        let next = self.last.map_or(first, |last| last.saturating_add(1));
        let torn_frames = self.torn.div_ceil(FRAME_HEADER as u64);
        next.saturating_add(torn_frames)
    }
}

impl Default for Replayed {
    fn default() -> Self {
        Self { last: None, end: HEADER_BYTES, torn: 0, group: Vec::new(), doubts: Vec::new() }
    }
}

/// One replay over all segments.
pub(crate) struct Replay<'a> {
    pub(crate) fs: &'a dyn Fs,
    pub(crate) quarantine: &'a Path,
    /// Frames up to this number are not given to the caller.
    pub(crate) from: u64,
    pub(crate) visit: &'a mut Visit<'a>,
    /// The highest number found so far.
    pub(crate) seen: u64,
    pub(crate) recovery: Recovery,
}

impl Replay<'_> {
    /// Replays one segment whose frames all have numbers below `below`.
    pub(crate) fn segment(&mut self, listed: &Listed, below: u64) -> Result<Replayed, WalError> {
        let limit = match listed.extent {
            Extent::Exact(end) => listed.file_len.min(end),
            Extent::Open => listed.file_len,
            Extent::Void => 0,
        };
        let mut replayed = Replayed::default();
        let mut scan = self.scan(listed, limit, below)?;
        let (at, junk) = loop {
            match io_at("read", &listed.path, scan.next())? {
                Item::Frame(found) => self.frame(found, &mut replayed)?,
                Item::Gap(range) => {
                    let missing = replayed.last.map_or(listed.first, |last| last.saturating_add(1));
                    replayed.doubts.push((self.recovery.damaged.len(), missing));
                    self.damaged(listed, range, false);
                }
                Item::End { at, junk } => break (at, junk),
            }
        };
        match listed.extent {
            Extent::Exact(end) if at < end => {
                self.damaged(listed, at..end, true);
                replayed.end = end;
            }
            // A creation that a crash cut short leaves nothing behind the header's block.
            Extent::Open
                if junk.is_some() && listed.header.is_none() && replayed.last.is_none() =>
            {
                self.damaged(listed, at..limit, false);
            }
            Extent::Open => replayed.torn = junk.map_or(0, |end| end.saturating_sub(at)),
            Extent::Exact(_) | Extent::Void => {}
        }
        if replayed.torn > 0 {
            let range = at..at.saturating_add(replayed.torn);
            let broken = io_at("read", &listed.path, scan.has_broken_frame(&range))?;
            let copy = self.copy(listed, &range);
            self.recovery.torn.push(Torn { path: listed.path.clone(), range, broken, copy });
        }
        let must_have_header = replayed.last.is_some() || matches!(listed.extent, Extent::Exact(_));
        if listed.header.is_none() && must_have_header {
            self.damaged(listed, 0..HEADER_BYTES, true);
        }
        Ok(replayed)
    }

    fn scan(&self, listed: &Listed, limit: u64, below: u64) -> Result<Scan, WalError> {
        let file = io_at("open", &listed.path, self.fs.open_read(&listed.path))?;
        let bounds = Bounds {
            salt: listed.header.map(|h| h.salt),
            seqs: listed.first.max(self.seen.saturating_add(1))..below,
        };
        Ok(Scan::new(Reader::new(file, limit), HEADER_BYTES, bounds))
    }

    fn frame(&mut self, found: Found, replayed: &mut Replayed) -> Result<(), WalError> {
        let Found { header, at, payload } = found;
        let group = header.group();
        // A group is written only after the former one was synced: what is missing before it had
        // been acknowledged.
        for (damage, _) in replayed.doubts.extract_if(.., |(_, missing)| group > *missing) {
            if let Some(damage) = self.recovery.damaged.get_mut(damage) {
                damage.certain = true;
            }
        }
        if replayed.last.is_none_or(|last| group > last) {
            replayed.group.clear();
        }
        replayed.end = at.end;
        replayed.last = Some(header.seq);
        replayed.group.push(at);
        self.seen = header.seq;
        if header.seq <= self.from {
            return Ok(());
        }
        self.recovery.frames += 1;
        self.recovery.bytes += payload.len() as u64;
        let frame = Frame { seq: header.seq, payload: Bytes::from(payload) };
        (self.visit)(frame).map_err(|source| WalError::Visit { seq: header.seq, source })
    }

    fn damaged(&mut self, listed: &Listed, range: Range<u64>, certain: bool) {
        let copy = self.copy(listed, &range);
        self.recovery.damaged.push(Damage { path: listed.path.clone(), range, certain, copy });
    }

    fn copy(&self, listed: &Listed, range: &Range<u64>) -> Result<PathBuf, String> {
        quarantine::copy(self.fs, self.quarantine, &listed.path, range).map_err(|e| e.to_string())
    }
}

/// Makes the end of an unfinished segment as durable as it looks: writes header and last group
/// again, in place, before one sync. Earlier groups were synced when they were written. Writing
/// again is what makes the sync mean something: after a failed one, the pages may be clean in memory
/// without being on disk. Reserved space is given back; a torn tail is left for people to look at,
/// until the segment is trimmed.
///
/// # Errors
/// The file system's; the log must then not be opened.
pub(crate) fn settle(fs: &dyn Fs, listed: &Listed, replayed: &Replayed) -> Result<(), WalError> {
    let path = &listed.path;
    let mut file = io_at("open", path, fs.open_write(path))?;
    if listed.file_len > replayed.end && replayed.torn == 0 {
        // Only space: the next segment's header tells the end.
        file.truncate(replayed.end).ok();
    }
    if let Some(header) = &listed.header {
        io_at("write", path, file.write_all_at(&header.encode(), 0))?;
    }
    for at in &replayed.group {
        let len = usize::try_from(at.end.saturating_sub(at.start)).unwrap_or(usize::MAX);
        let bytes = reread(file.as_ref(), at.start, len);
        let bytes = io_at("read", path, bytes)?;
        io_at("write", path, file.write_all_at(&bytes, at.start))?;
    }
    io_at("sync", path, file.sync_data())
}

/// A frame that was whole a moment ago; one that is not any more must not be written back.
fn reread(file: &dyn FsFile, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    for _ in 0..2 {
        let mut bytes = vec![0; len];
        let read = file.read_full_at(&mut bytes, offset)?;
        let header = bytes.first_chunk().map(FrameHeader::decode);
        let payload = bytes.get(FRAME_HEADER..).unwrap_or_default();
        if read == len && header.is_some_and(|h| h.sum(&[payload]) == h.crc) {
            return Ok(bytes);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "a frame changed while it was read"))
}

#[cfg(test)]
mod tests;
