//! The segments of a directory, and what each one's successor says about it. Reads headers only.

use std::path::{Path, PathBuf};

use crate::error::{WalError, io_at};
use crate::fs::Fs;
use crate::header::{self, Former, Found, HEADER_BYTES, Header, VERSION};

/// How much of a segment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Up to this byte, as the successor's header says.
    Exact(u64),
    /// As far as whole frames are found: no successor tells.
    Open,
    /// Nothing: its creation failed.
    Void,
}

/// A segment as found in the directory.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The sequence number in its name.
    pub(crate) first: u64,
    pub(crate) path: PathBuf,
    pub(crate) header: Option<Header>,
    pub(crate) extent: Extent,
    pub(crate) file_len: u64,
}

/// All segments, oldest first.
///
/// # Errors
/// The file system's, and an unknown version of any segment.
pub(crate) fn list(fs: &dyn Fs, dir: &Path) -> Result<Vec<Listed>, WalError> {
    let names = io_at("list", dir, fs.list(dir))?;
    let mut segments = Vec::new();
    for first in names.iter().filter_map(|name| header::parse_name(name)) {
        segments.push(read_one(fs, dir.join(header::file_name(first)), first)?);
    }
    segments.sort_unstable_by_key(|s| s.first);
    assign_extents(&mut segments);
    Ok(segments)
}

fn read_one(fs: &dyn Fs, path: PathBuf, first: u64) -> Result<Listed, WalError> {
    let file = io_at("open", &path, fs.open_read(&path))?;
    let file_len = io_at("measure", &path, file.len())?;
    let mut block = vec![0; usize::try_from(HEADER_BYTES).unwrap_or(0)];
    let read = io_at("read", &path, file.read_full_at(&mut block, 0))?;
    block.truncate(read);
    let header = match Header::decode(&block, first) {
        Found::Header(header) => Some(header),
        Found::Nothing => None,
        Found::Version(version) => {
            return Err(WalError::UnknownVersion { path, version, known: VERSION });
        }
    };
    Ok(Listed { first, path, header, extent: Extent::Open, file_len })
}

/// Newest to oldest: the nearest later header decides. A segment that was created without success,
/// which shows in a later header that passes over it, decides nothing.
fn assign_extents(segments: &mut [Listed]) {
    let mut successor: Option<Option<Former>> = None;
    for segment in segments.iter_mut().rev() {
        segment.extent = match successor {
            Some(Some(former)) if former.first == segment.first => Extent::Exact(former.end),
            Some(Some(former)) if former.first < segment.first => Extent::Void,
            // The very first segment of a log has no former one: what stands before it failed.
            Some(None) => Extent::Void,
            Some(Some(_)) | None => Extent::Open,
        };
        if let (Some(header), true) = (&segment.header, segment.extent != Extent::Void) {
            successor = Some(header.former);
        }
    }
}

#[cfg(test)]
mod tests;
