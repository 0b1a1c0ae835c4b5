//! Keeps a copy of damaged bytes for people to look at. Never reads meaning into them.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::fs::{Fs, FsFile};

const CHUNK: u64 = 1 << 20;

/// Copies `range` of `source` into `dir`, durably, and answers the copy's path. A copy that exists
/// is kept: the segment is found damaged again at every start until it is trimmed.
///
/// # Errors
/// The file system's. The damaged bytes then stand in the segment only, until it is trimmed.
pub(crate) fn copy(
    fs: &dyn Fs,
    dir: &Path,
    source: &Path,
    range: &Range<u64>,
) -> io::Result<PathBuf> {
    let stem = source.file_stem().and_then(|s| s.to_str()).unwrap_or("unknown");
    let target = dir.join(format!("wal-{stem}-{}-{}.bin", range.start, range.end));
    if fs.exists(&target)? {
        return Ok(target);
    }
    fs.create_dir_all(dir)?;
    let temporary = target.with_extension("bin.tmp");
    if fs.exists(&temporary)? {
        fs.remove_file(&temporary)?;
    }
    let from = fs.open_read(source)?;
    let mut to = fs.create_new(&temporary)?;
    let copied = copy_bytes(from.as_ref(), to.as_mut(), range)
        .and_then(|()| to.sync_data())
        .and_then(|()| fs.rename(&temporary, &target));
    if let Err(e) = copied {
        // The leftover is harmless: the next copy replaces it.
        fs.remove_file(&temporary).ok();
        return Err(e);
    }
    fs.sync_dir(dir)?;
    Ok(target)
}

fn copy_bytes(from: &dyn FsFile, to: &mut dyn FsFile, range: &Range<u64>) -> io::Result<()> {
    let mut offset = range.start;
    while offset < range.end {
        let want = usize::try_from(CHUNK.min(range.end - offset)).unwrap_or(usize::MAX);
        let mut chunk = vec![0; want];
        let read = from.read_full_at(&mut chunk, offset)?;
        to.write_all(chunk.get(..read).unwrap_or_default())?;
        if read < want {
            break;
        }
        offset = offset.saturating_add(read as u64);
    }
    Ok(())
}
