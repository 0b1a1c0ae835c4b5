//! Walks through the frames of one segment and finds its way behind damage. Decides nothing about
//! what damage means: that needs the neighbouring segments, see [`crate::recover`].

use std::io;
use std::ops::Range;

use crate::frame::{FRAME_HEADER, FrameHeader};
use crate::reader::Reader;

/// What bounds the frames of a segment.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// The segment's salt; `None` when its header is lost: the first whole frame tells it.
    pub(crate) salt: Option<u32>,
    /// Sequence numbers that may occur, given what was replayed before and what follows.
    pub(crate) seqs: Range<u64>,
}

/// The next thing in a segment.
#[derive(Debug)]
pub(crate) enum Item {
    Frame(Found),
    /// Bytes that are no frame, though a frame follows them.
    Gap(Range<u64>),
    /// No frame follows. When anything but zeros does, `junk` is where that ends.
    End {
        at: u64,
        junk: Option<u64>,
    },
}

/// A whole frame and where it stands.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) header: FrameHeader,
    pub(crate) at: Range<u64>,
    pub(crate) payload: Vec<u8>,
}

/// A walk through one segment.
#[derive(Debug)]
pub(crate) struct Scan {
    reader: Reader,
    bounds: Bounds,
    offset: u64,
    /// A frame that was found behind a gap, to be given out after the gap.
    ahead: Option<Found>,
}

impl Scan {
    pub(crate) fn new(reader: Reader, offset: u64, bounds: Bounds) -> Self {
        Self { reader, bounds, offset, ahead: None }
    }

    /// The next frame, gap or the end. After the end it answers the end again.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn next(&mut self) -> io::Result<Item> {
        if let Some(found) = self.ahead.take() {
            return Ok(self.accept(found));
        }
        if let Some(found) = self.frame_at(self.offset)? {
            return Ok(self.accept(found));
        }
        // A bit may have flipped on the way and not on the disk: look once more.
        self.reader.forget();
        let gap_start = self.offset;
        let (found, junk) = self.search(gap_start)?;
        let Some(found) = found else { return Ok(Item::End { at: gap_start, junk }) };
        if found.at.start == gap_start {
            return Ok(self.accept(found));
        }
        let gap = gap_start..found.at.start;
        self.ahead = Some(found);
        Ok(Item::Gap(gap))
    }

    fn accept(&mut self, found: Found) -> Item {
        self.bounds.salt = Some(found.header.salt);
        self.bounds.seqs.start = found.header.seq.saturating_add(1);
        self.offset = found.at.end;
        Item::Frame(found)
    }

    /// The first whole frame at or behind `from`; without one, where the last byte that is not zero
    /// ends, if there is any.
    fn search(&mut self, from: u64) -> io::Result<(Option<Found>, Option<u64>)> {
        let mut offset = from;
        let mut junk = None;
        loop {
            let salt = self.bounds.salt;
            let window = self.reader.peek(offset, SEARCH_STEP)?;
            if window.is_empty() {
                return Ok((None, junk));
            }
            let len = window.len();
            let last = window.iter().rposition(|b| *b != 0);
            junk = last.map(|last| offset.saturating_add(last as u64 + 1)).or(junk);
            let candidates = candidates(window, salt);
            for candidate in candidates {
                let at = offset.saturating_add(candidate as u64);
                if let Some(found) = self.frame_at(at)? {
                    return Ok((Some(found), junk));
                }
            }
            // A header may lie across the border of two windows.
            let step = if len > FRAME_HEADER { len - FRAME_HEADER } else { len };
            offset = offset.saturating_add(step as u64);
        }
    }

    /// The frame at `offset`, if a whole one that fits the bounds stands there.
    fn frame_at(&mut self, offset: u64) -> io::Result<Option<Found>> {
        let header = self.reader.peek(offset, FRAME_HEADER)?.first_chunk().map(FrameHeader::decode);
        let Some(header) = header.filter(|h| self.is_plausible(h)) else { return Ok(None) };
        let start = offset.saturating_add(FRAME_HEADER as u64);
        let end = start.saturating_add(u64::from(header.len));
        let Ok(len) = usize::try_from(header.len) else { return Ok(None) };
        if end > self.reader.limit() {
            return Ok(None);
        }
        let Some(payload) = self.reader.bytes(start, len)? else { return Ok(None) };
        if header.sum(&[&payload]) != header.crc {
            return Ok(None);
        }
        Ok(Some(Found { header, at: offset..end, payload }))
    }

    /// Whether `range` has a frame that is all there, but for its checksum. One that a crash cut
    /// short ends behind the range or lacks sectors of the disk, which then read as zeros.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn has_broken_frame(&mut self, range: &Range<u64>) -> io::Result<bool> {
        if self.bounds.salt.is_none() {
            return Ok(false);
        }
        let mut offset = range.start;
        while offset < range.end {
            let window = self.reader.peek(offset, SEARCH_STEP)?;
            let len = window.len();
            for candidate in candidates(window, self.bounds.salt) {
                let at = offset.saturating_add(candidate as u64);
                if self.is_broken_frame(at, range.end)? {
                    return Ok(true);
                }
            }
            let step = if len > FRAME_HEADER { len - FRAME_HEADER } else { len.max(1) };
            offset = offset.saturating_add(step as u64);
        }
        Ok(false)
    }

    fn is_broken_frame(&mut self, offset: u64, limit: u64) -> io::Result<bool> {
        let header = self.reader.peek(offset, FRAME_HEADER)?.first_chunk().map(FrameHeader::decode);
        let Some(header) = header.filter(|h| self.is_plausible(h)) else { return Ok(false) };
        let start = offset.saturating_add(FRAME_HEADER as u64);
        let Ok(len) = usize::try_from(header.len) else { return Ok(false) };
        if start.saturating_add(u64::from(header.len)) > limit {
            return Ok(false);
        }
        let Some(payload) = self.reader.bytes(start, len)? else { return Ok(false) };
        let first = usize::try_from(start.next_multiple_of(SECTOR) - start).unwrap_or(usize::MAX);
        let sectors = payload.get(first..).unwrap_or_default().chunks(SECTOR_BYTES);
        Ok(sectors.into_iter().all(|sector| sector.iter().any(|byte| *byte != 0)))
    }

    fn is_plausible(&self, header: &FrameHeader) -> bool {
        let known = match self.bounds.salt {
            Some(salt) => salt == header.salt,
            // Without the salt, implausible jumps are refused before any checksum is computed:
            // otherwise nearly every offset of a long payload would ask for one.
            None => {
                header.salt != 0
                    && header.seq.saturating_sub(self.bounds.seqs.start) < u64::from(u32::MAX)
                    && u64::from(header.index) < header.seq
            }
        };
        known && self.bounds.seqs.contains(&header.seq)
    }
}

const SEARCH_STEP: usize = 64 * 1024;
/// What a disk writes whole or not at all.
const SECTOR: u64 = 512;
const SECTOR_BYTES: usize = 512;

/// Where in `window` a frame's header may begin: wherever the salt stands, or, when the salt is not
/// known, wherever four bytes are not all zero.
fn candidates(window: &[u8], salt: Option<u32>) -> Vec<usize> {
    let Some(salt) = salt else {
        return (0..window.len()).filter(|i| window.get(*i..*i + 4) != Some(&[0; 4])).collect();
    };
    let salt = salt.to_le_bytes();
    let finder = memchr::memmem::Finder::new(&salt);
    let mut places = Vec::new();
    let mut from = 0;
    // Step by step, because a salt may overlap itself.
    while let Some(place) = window.get(from..).and_then(|rest| finder.find(rest)) {
        places.push(from + place);
        from += place + 1;
    }
    places
}

#[cfg(test)]
mod tests;
