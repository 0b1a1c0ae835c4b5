//! Copying the files of a backup, durably, so that an interrupted copy is not taken for a whole one.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use telltale_wal::{Fs, write_atomic};

use super::VERSION;
use crate::backup::BackedUp;
use crate::error::CliError;

/// Bytes copied at once.
const COPY_BYTES: usize = 1 << 20;
/// The version file while the copy is not complete: servers cannot read a version from it.
const UNFINISHED: &[u8] =
    b"{\"unfinished\": \"remove this directory and run telltale restore again\"}\n";

/// Copies all files; the version file comes last.
pub(super) fn all(
    fs: &dyn Fs,
    from: &Path,
    to: &Path,
    files: &[BackedUp],
    version: &[u8],
) -> Result<(), CliError> {
    let mark = to.join(VERSION);
    write_atomic(fs, &mark, UNFINISHED).map_err(CliError::file("write", &mark))?;
    let mut folders = BTreeSet::new();
    for file in files.iter().filter(|file| file.path != Path::new(VERSION)) {
        let (source, target) = (from.join(&file.path), to.join(&file.path));
        let folder = target.parent().unwrap_or(to);
        if folders.insert(folder.to_owned()) {
            fs.create_dir_all(folder).map_err(CliError::file("create", folder))?;
        }
        let bytes = copy(fs, &source, &target).map_err(CliError::file("copy", &source))?;
        if bytes != file.bytes {
            let reason = format!("{} changed while it was copied", file.path.display());
            return Err(CliError::Backup { path: from.to_owned(), reason });
        }
    }
    for folder in &folders {
        fs.sync_dir(folder).map_err(CliError::file("sync", folder))?;
    }
    write_atomic(fs, &mark, version).map_err(CliError::file("write", &mark))
}

fn copy(fs: &dyn Fs, from: &Path, to: &Path) -> io::Result<u64> {
    let source = fs.open_read(from)?;
    let mut target = fs.create_new(to)?;
    let mut buffer = vec![0; COPY_BYTES];
    let mut done = 0;
    loop {
        let read = source.read_full_at(&mut buffer, done)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        target.write_all(part)?;
        done += read as u64;
    }
    target.sync_data()?;
    Ok(done)
}
