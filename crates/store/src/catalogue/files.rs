//! Catalogues on disk, one small file a project and table, and what is known of each in memory.
//!
//! Whatever happens to a file, it is no error of those who store or ask: a catalogue that cannot be
//! read or written is forgotten, and all its rows are missing until they are read again. All of
//! this blocks.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use telltale_base::Project;
use telltale_schema::Table;
use telltale_wal::{Fs, write_atomic};

use super::codec::{self, HEAD_BYTES_MAX, Head};
use super::coverage::{Coverage, Missing};
use super::keys::AttributeCatalogue;
use crate::corrections::frame_of;
use crate::shared::Paths;
use crate::{CatalogueConfig, DataFile, StoreError};

const EXTENSION: &str = ".attributes";

/// What is stored about the attributes of one table of one project.
#[derive(Clone, Debug)]
pub struct StoredCatalogue {
    /// See [`crate::Store::catalogue_version`].
    pub version: u64,
    /// Rows of frames up to this one are counted, later ones are not.
    pub position: u64,
    /// Whether all of those are: false while the catalogue is being made anew.
    pub complete: bool,
    /// Whether counted rows may have changed or gone by corrections since.
    pub corrected: bool,
    /// The keys.
    pub catalogue: AttributeCatalogue,
}

type Key = (Project, Table);

#[derive(Clone, Debug, Default)]
struct Known {
    head: Head,
    /// Position of the file on disk; `None` when there is none that counts.
    saved: Option<u64>,
    version: u64,
}

impl Known {
    /// Of a catalogue whose content is lost, with rows up to `position`.
    fn lost(position: u64, version: u64) -> Self {
        let head = Head { coverage: Coverage::nothing_up_to(position), ..Head::default() };
        Self { head, saved: None, version }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Catalogues {
    fs: Arc<dyn Fs>,
    paths: Paths,
    limits: CatalogueConfig,
    known: Mutex<HashMap<Key, Known>>,
    /// Held from reading a file to writing it.
    writing: Mutex<()>,
}

/// What a flush adds to a catalogue.
#[derive(Debug)]
pub(crate) struct Learned {
    pub(crate) project: Project,
    pub(crate) catalogue: AttributeCatalogue,
}

impl Catalogues {
    /// Looks at the heads of all files.
    pub(crate) fn open(fs: Arc<dyn Fs>, paths: Paths, limits: CatalogueConfig) -> Self {
        let (known, writing) = (Mutex::default(), Mutex::default());
        let catalogues = Self { fs, paths, limits, known, writing };
        for table in Table::ALL {
            let names = catalogues.fs.list(&catalogues.paths.catalogues(table)).unwrap_or_default();
            let projects = names.iter().filter_map(|name| name.strip_suffix(EXTENSION));
            for project in projects.filter_map(|name| Project::new(name).ok()) {
                let key = (project, table);
                let found = catalogues.read_head(&key);
                let mut known = catalogues.known();
                known.insert(key, found);
            }
        }
        catalogues
    }

    fn read_head(&self, key: &Key) -> Known {
        let path = self.path(key);
        let head = self.fs.open_read(&path).map_err(|e| e.to_string()).and_then(|file| {
            let mut bytes = vec![0; HEAD_BYTES_MAX];
            let read = file.read_full_at(&mut bytes, 0).map_err(|e| e.to_string())?;
            bytes.truncate(read);
            codec::decode_head(&bytes)
        });
        match head {
            Ok(head) => {
                let saved = Some(head.coverage.position);
                Known { head, saved, version: 0 }
            }
            Err(reason) => {
                tracing::warn!(path = %path.display(), %reason, "a catalogue is made anew");
                Known::lost(0, 0)
            }
        }
    }

    /// Compares a catalogue with its table, at start: all rows of frames up to `flushed` are in
    /// `files`.
    pub(crate) fn settle(
        &self,
        project: &Project,
        table: Table,
        files: &[Arc<DataFile>],
        flushed: u64,
    ) {
        let mut known = self.known();
        let found = known.entry((project.clone(), table)).or_default();
        let position = found.head.coverage.position;
        // One from another life of the directory: numbers are given out anew in each.
        let foreign = position > flushed;
        let lacking = found.saved.is_none() && !files.is_empty();
        let behind = files.iter().any(|file| frame_of(file.record_max).min(flushed) > position);
        if foreign || lacking || !found.head.coverage.advance(flushed, !behind) {
            *found = Known::lost(if files.is_empty() { 0 } else { flushed }, 0);
        }
    }

    /// Adds the rows of a flush, which are all rows of these projects up to frame `upto` that the
    /// catalogues lack.
    pub(crate) fn learn(
        &self,
        table: Table,
        upto: u64,
        learned: Vec<Learned>,
    ) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        for Learned { project, catalogue } in learned {
            let done = self.change(&(project, table), |head, stored| {
                stored.merge(&catalogue);
                head.coverage.advance(upto, true)
            });
            if let Err(error) = done {
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Notes corrections that are about to go into files: counts are upper bounds from now on, and
    /// the rows as corrected, in `catalogue`, may have other keys.
    pub(crate) fn corrected(
        &self,
        project: &Project,
        table: Table,
        catalogue: &AttributeCatalogue,
    ) -> Result<(), StoreError> {
        let key = (project.clone(), table);
        if catalogue.keys().is_empty()
            && self.known().get(&key).is_some_and(|known| known.head.corrected)
        {
            return Ok(());
        }
        self.change(&key, |head, stored| {
            stored.merge(catalogue);
            head.corrected = true;
            true
        })
    }

    /// Adds rows of `ranges`, which were missing. `partial` says that some were left out.
    pub(crate) fn fill(
        &self,
        project: &Project,
        table: Table,
        ranges: &[Missing],
        catalogue: &AttributeCatalogue,
        partial: bool,
    ) -> Result<(), StoreError> {
        self.change(&(project.clone(), table), |head, stored| {
            if head.coverage.filled(ranges) {
                stored.merge(catalogue);
                head.partial |= partial;
            }
            true
        })
    }

    /// Lets go of keys whose rows are all of partitions before `day`, and of a whole catalogue
    /// when there is none. Answers whether anything changed. No flush may run meanwhile.
    pub(crate) fn prune(
        &self,
        project: &Project,
        table: Table,
        day: Option<i32>,
    ) -> Result<bool, StoreError> {
        let key = (project.clone(), table);
        let Some(known) = self.known().get(&key).cloned() else { return Ok(false) };
        let Some(day) = day else {
            if known.saved.is_none() && known.head.coverage.missing.is_empty() {
                return Ok(false);
            }
            return self.remove(&key).map(|()| true);
        };
        if known.saved.is_none() || known.head.first_day >= day {
            return Ok(false);
        }
        self.change(&key, |_, stored| {
            stored.prune(day);
            true
        })?;
        Ok(true)
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(key);
        let removed = self.fs.remove_file(&path);
        let mut known = self.known();
        if let Some(known) = known.get_mut(key) {
            let position = known.head.coverage.position;
            let coverage = Coverage { position, ..Coverage::default() };
            let head = Head { coverage, ..Head::default() };
            *known = Known { head, saved: None, version: known.version + 1 };
        }
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// What is missing, by project and table.
    pub(crate) fn missing(&self) -> BTreeMap<(Project, Table), Vec<Missing>> {
        let known = self.known();
        let missing = known.iter().filter(|(_, known)| !known.head.coverage.missing.is_empty());
        missing.map(|(key, known)| (key.clone(), known.head.coverage.missing.clone())).collect()
    }

    /// The projects and tables that have one.
    pub(crate) fn keys(&self) -> Vec<(Project, Table)> {
        self.known().keys().cloned().collect()
    }

    /// Grows with every change.
    pub(crate) fn version(&self, project: &Project, table: Table) -> u64 {
        self.known().get(&(project.clone(), table)).map_or(0, |known| known.version)
    }

    pub(crate) fn load(&self, project: &Project, table: Table) -> StoredCatalogue {
        let key = (project.clone(), table);
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.known().get(&key).cloned().unwrap_or_default();
        let (known, catalogue) = self.read(&key, before);
        let found = StoredCatalogue {
            version: known.version,
            position: known.head.coverage.position,
            complete: known.head.coverage.missing.is_empty() && !known.head.partial,
            corrected: known.head.corrected,
            catalogue,
        };
        self.known().insert(key, known);
        found
    }

    /// Reads, changes and writes a catalogue. `change` answers whether its coverage can still be
    /// told.
    fn change(
        &self,
        key: &Key,
        change: impl FnOnce(&mut Head, &mut AttributeCatalogue) -> bool,
    ) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.known().get(key).cloned().unwrap_or_default();
        let (mut known, mut catalogue) = self.read(key, before);
        let told = change(&mut known.head, &mut catalogue);
        let (version, position) = (known.version + 1, known.head.coverage.position);
        known.head.first_day = catalogue.first_day().unwrap_or(i32::MAX);
        let path = self.path(key);
        let bytes = codec::encode(&known.head, &catalogue);
        let written = if told { write_atomic(self.fs.as_ref(), &path, &bytes) } else { Ok(()) };
        let now = match &written {
            Ok(()) if told => Known { head: known.head, saved: Some(position), version },
            // What stands on disk now is not known.
            _ => Known::lost(position, version),
        };
        self.known().insert(key.clone(), now);
        written.map_err(StoreError::io("write", &path))
    }

    /// The content of a catalogue, with what is known after reading it.
    fn read(&self, key: &Key, known: Known) -> (Known, AttributeCatalogue) {
        let nothing = AttributeCatalogue::new(self.limits);
        let Some(saved) = known.saved else { return (known, nothing) };
        let path = self.path(key);
        let read = self.fs.read(&path).map_err(|e| e.to_string());
        let found = read.and_then(|bytes| codec::decode(&bytes, self.limits));
        let found = found.and_then(|(head, catalogue)| {
            let same = head.coverage.position == saved;
            if same { Ok(catalogue) } else { Err("it is of another position".to_owned()) }
        });
        match found {
            Ok(catalogue) => (known, catalogue),
            Err(reason) => {
                tracing::warn!(path = %path.display(), %reason, "a catalogue is made anew");
                (Known::lost(known.head.coverage.position, known.version + 1), nothing)
            }
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.paths.catalogues(key.1).join(format!("{}{EXTENSION}", key.0))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
