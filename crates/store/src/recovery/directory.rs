//! The data directory itself: who holds it, which version wrote it, what in it is damaged.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use telltale_schema::{SCHEMA_VERSION, Table};
use telltale_wal::{Fs, write_atomic};

use crate::fsync_store::OBJECT_PREFIX;
use crate::shared::Paths;
use crate::{DataFile, StoreError};

/// Version of the layout of a data directory. A later one is refused, an earlier one is read.
const FORMAT: u32 = 1;

/// How the names of the folders begin that `DataFusion` makes to spill.
const SPILL_PREFIX: &str = "datafusion-";

#[derive(Debug, Serialize, Deserialize)]
struct VersionFile {
    format: u32,
    schema: u32,
}

/// A directory that is ours until `lock` is dropped.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) paths: Paths,
    pub(super) lock: File,
}

/// Takes the directory and brings it into shape.
pub(super) fn open(fs: &dyn Fs, directory: &Path) -> Result<Opened, StoreError> {
    fs.create_dir_all(directory).map_err(StoreError::io("create", directory))?;
    let root = directory.canonicalize().map_err(StoreError::io("find", directory))?;
    let paths = Paths { root };
    must_be_ours(fs, &paths)?;
    let lock = lock(&paths)?;
    version(fs, &paths)?;
    let parts =
        [paths.root.join("tables"), paths.corrections(), paths.quarantine(), paths.temporary()];
    for path in parts.into_iter().chain(Table::ALL.map(|table| paths.catalogues(table))) {
        fs.create_dir_all(&path).map_err(StoreError::io("create", &path))?;
    }
    clear(fs, &paths.temporary())?;
    Ok(Opened { paths, lock })
}

/// What may stand in a directory that no store was opened in yet: the metadata of keys made before
/// the first start, what a start leaves that is killed before it writes the version, and what an
/// empty file system has.
const BEFORE_FIRST_START: [&str; 8] = [
    "lock",
    "lost+found",
    "meta.db",
    "meta.db-journal",
    "meta.db-shm",
    "meta.db-wal",
    "version.json",
    "version.json.tmp",
];

/// Refuses somebody else's directory before anything is written to it.
fn must_be_ours(fs: &dyn Fs, paths: &Paths) -> Result<(), StoreError> {
    let names = fs.list(&paths.root).map_err(StoreError::io("list", &paths.root))?;
    if names.iter().any(|name| name == "version.json") {
        return Ok(());
    }
    match names.into_iter().find(|name| !BEFORE_FIRST_START.contains(&name.as_str())) {
        None => Ok(()),
        Some(found) => Err(StoreError::Foreign { dir: paths.root.clone(), found }),
    }
}

fn lock(paths: &Paths) -> Result<File, StoreError> {
    let path = paths.lock();
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StoreError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { dir: paths.root.clone() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path)(error)),
    }
}

fn version(fs: &dyn Fs, paths: &Paths) -> Result<(), StoreError> {
    let path = paths.version();
    let found = match fs.read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(StoreError::io("read", &path)(error)),
    };
    let found: Option<VersionFile> = found
        .map(|bytes| serde_json::from_slice(&bytes))
        .transpose()
        .map_err(|e| StoreError::Corrupt { path: path.clone(), reason: e.to_string() })?;
    match found {
        Some(found) if found.format > FORMAT => Err(StoreError::TooNew {
            dir: paths.root.clone(),
            found: found.format,
            supported: FORMAT,
        }),
        Some(found) if found.format == FORMAT && found.schema >= SCHEMA_VERSION => Ok(()),
        Some(_) | None => {
            let current = VersionFile { format: FORMAT, schema: SCHEMA_VERSION };
            let json = serde_json::to_vec(&current)
                .map_err(|e| StoreError::internal(format!("version file: {e}")))?;
            write_atomic(fs, &path, &json).map_err(StoreError::io("write", &path))
        }
    }
}

/// Removes what a killed process left. Anything else is somebody's and stays.
fn clear(fs: &dyn Fs, directory: &Path) -> Result<(), StoreError> {
    for name in fs.list(directory).map_err(StoreError::io("list", directory))? {
        let path = directory.join(&name);
        // What is temporary need not be removed durably.
        let removed = match path.is_dir() {
            false if name.starts_with(OBJECT_PREFIX) => fs.remove_file(&path),
            true if name.starts_with(SPILL_PREFIX) => std::fs::remove_dir_all(&path),
            _ => Ok(()),
        };
        removed.map_err(StoreError::io("remove", &path))?;
    }
    Ok(())
}

/// Files that were found damaged while the server ran. The list is relative to the directory.
pub(super) fn quarantined_files(
    fs: &dyn Fs,
    paths: &Paths,
) -> Result<BTreeMap<PathBuf, String>, StoreError> {
    let path = paths.quarantined_files();
    match fs.read(&path) {
        // A list that cannot be read only means that its files are found damaged again.
        Ok(bytes) => {
            let listed: BTreeMap<PathBuf, String> =
                serde_json::from_slice(&bytes).unwrap_or_default();
            Ok(listed.into_iter().map(|(path, why)| (paths.root.join(path), why)).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(StoreError::io("read", &path)(error)),
    }
}

/// What is wrong with a data file as far as its length tells; its content is not looked at.
pub(super) fn damage(fs: &dyn Fs, file: &DataFile) -> Result<Option<String>, StoreError> {
    match fs.metadata_len(&file.path) {
        Ok(bytes) if bytes == file.bytes => Ok(None),
        Ok(bytes) => Ok(Some(format!("it has {bytes} bytes, its table says {}", file.bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Some("it is missing".to_owned()))
        }
        Err(error) => Err(StoreError::io("look at", &file.path)(error)),
    }
}

/// Moves a damaged file to the quarantine; answers where it is now.
pub(super) fn set_aside(fs: &dyn Fs, paths: &Paths, path: &Path) -> Result<PathBuf, StoreError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
    let directory = paths.quarantine();
    let taken = fs.list(&directory).map_err(StoreError::io("list", &directory))?.len();
    let aside = directory.join(format!("{name}.{taken}"));
    fs.rename(path, &aside).map_err(StoreError::io("set aside", path))?;
    fs.sync_dir(&directory).map_err(StoreError::io("sync", &directory))?;
    Ok(aside)
}
