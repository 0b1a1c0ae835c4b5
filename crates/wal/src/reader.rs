//! Reads a segment through one window of bounded size. Knows offsets, not frames.

use std::io;

use crate::fs::FsFile;

const WINDOW: usize = 256 * 1024;

/// A buffered reader at offsets. Bytes at or beyond `limit` do not exist for it.
#[derive(Debug)]
pub(crate) struct Reader {
    file: Box<dyn FsFile>,
    limit: u64,
    window: Vec<u8>,
    start: u64,
}

impl Reader {
    pub(crate) fn new(file: Box<dyn FsFile>, limit: u64) -> Self {
        Self { file, limit, window: Vec::new(), start: 0 }
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Forgets what was read, so that the next look asks the file again.
    pub(crate) fn forget(&mut self) {
        self.window.clear();
    }

    /// The bytes from `offset` on: at least `want` of them (up to the window's size), fewer only at
    /// the end.
    pub(crate) fn peek(&mut self, offset: u64, want: usize) -> io::Result<&[u8]> {
        let want = usize::try_from(self.limit.saturating_sub(offset)).unwrap_or(want).min(want);
        if self.buffered(offset).len() < want.min(WINDOW) {
            self.load(offset)?;
        }
        Ok(self.buffered(offset))
    }

    /// Exactly `len` bytes at `offset`, or `None` when the file ends before. What is larger than
    /// the window is read straight into the result.
    pub(crate) fn bytes(&mut self, offset: u64, len: usize) -> io::Result<Option<Vec<u8>>> {
        if offset.saturating_add(len as u64) > self.limit {
            return Ok(None);
        }
        if len <= WINDOW {
            return Ok(self.peek(offset, len)?.get(..len).map(<[u8]>::to_vec));
        }
        let mut bytes = vec![0; len];
        let read = self.file.read_full_at(&mut bytes, offset)?;
        Ok((read == len).then_some(bytes))
    }

    fn buffered(&self, offset: u64) -> &[u8] {
        offset
            .checked_sub(self.start)
            .and_then(|skip| self.window.get(usize::try_from(skip).ok()?..))
            .unwrap_or_default()
    }

    fn load(&mut self, offset: u64) -> io::Result<()> {
        let left = usize::try_from(self.limit.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.window.resize(WINDOW.min(left), 0);
        let read = self.file.read_full_at(&mut self.window, offset);
        self.window.truncate(*read.as_ref().unwrap_or(&0));
        self.start = offset;
        read.map(|_| ())
    }
}
