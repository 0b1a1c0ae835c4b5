//! Replacing a small file as a whole. Knows no format.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::Fs;

/// Replaces the file at `path` by `bytes`: after a crash at any moment it holds either the former
/// or the new content, whole. When it returns `Ok`, the new content is durable.
///
/// The bytes go to `<path>.tmp`, which is synced and renamed; a leftover of that name is
/// overwritten. At most one writer a path at a time.
///
/// # Errors
/// The file system's. When the rename went through and only the directory's sync failed, readers
/// already see the new content, which may not survive a crash; calling again is the remedy.
pub fn write_atomic(fs: &dyn Fs, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_name(path);
    if fs.exists(&temporary)? {
        fs.remove_file(&temporary)?;
    }
    if let Err(e) = write_synced(fs, &temporary, bytes).and_then(|()| fs.rename(&temporary, path)) {
        // The leftover is harmless: the next call replaces it.
        fs.remove_file(&temporary).ok();
        return Err(e);
    }
    fs.sync_dir(path.parent().unwrap_or(Path::new("")))
}

fn write_synced(fs: &dyn Fs, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs.create_new(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(".tmp");
    PathBuf::from(name)
}
