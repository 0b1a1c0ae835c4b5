//! What is known about open data files: footers, bloom filters and attribute indexes, kept between
//! queries up to a number of bytes.

mod open_file;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parquet::errors::Result;

pub(crate) use open_file::OpenFile;

/// Open files, least recently used first out. Data files never change, so nothing is invalidated.
#[derive(Debug)]
pub(crate) struct FileCache {
    state: Mutex<State>,
    bytes_max: usize,
    files_max: usize,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<PathBuf, Entry>,
    tick: u64,
}

#[derive(Debug)]
struct Entry {
    file: Arc<OpenFile>,
    used: u64,
}

impl FileCache {
    pub(crate) fn new(bytes_max: usize, files_max: usize) -> Self {
        Self { state: Mutex::default(), bytes_max, files_max }
    }

    /// The file if it is open already. Never blocks on disk.
    pub(crate) fn get(&self, path: &Path) -> Option<Arc<OpenFile>> {
        let mut state = self.lock();
        state.tick += 1;
        let tick = state.tick;
        let entry = state.files.get_mut(path)?;
        entry.used = tick;
        Some(Arc::clone(&entry.file))
    }

    /// The file, opened and its footer read if need be. Blocks on disk.
    pub(crate) fn open(&self, path: &Path) -> Result<Arc<OpenFile>> {
        if let Some(file) = self.get(path) {
            return Ok(file);
        }
        let file = Arc::new(OpenFile::open(path)?);
        let mut state = self.lock();
        state.tick += 1;
        let used = state.tick;
        let entry = Entry { file: Arc::clone(&file), used };
        state.files.insert(path.to_path_buf(), entry);
        drop(state);
        self.shrink();
        Ok(file)
    }

    /// Closes what is over the limits. Files grow as their filters are read, so readers of filters
    /// call it too. A file in use stays open until its last reader is done.
    pub(crate) fn shrink(&self) {
        let mut state = self.lock();
        let mut bytes: usize = state.files.values().map(|entry| entry.file.memory_bytes()).sum();
        while bytes > self.bytes_max || state.files.len() > self.files_max {
            let oldest = state.files.iter().min_by_key(|(_, entry)| entry.used);
            let Some(path) = oldest.map(|(path, _)| path.clone()) else { return };
            let closed = state.files.remove(&path);
            bytes -= closed.map_or(0, |entry| entry.file.memory_bytes()).min(bytes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().files.len()
    }
}

#[cfg(test)]
mod tests;
