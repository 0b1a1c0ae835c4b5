//! What readers see, behind one lock: rows in memory, files and corrections change together, so
//! that a snapshot never has a row twice or not at all.
//!
//! The lock is held for pointer moves only; no file is touched and no batch copied under it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::record_batch::RecordBatch;
use telltale_base::Project;
use telltale_schema::{Table, memory_bytes};

use crate::corrections::{Correction, Entry, Version, frame_of};
use crate::memtable::{Join, MemTable};
use crate::{Corrections, DataFile, Snapshot};

/// Everything of one table of one project.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) memory: MemTable,
    /// Rows on their way into files.
    pub(crate) frozen: Vec<RecordBatch>,
    pub(crate) files: Arc<Vec<Arc<DataFile>>>,
    pub(crate) corrections: Arc<Corrections>,
}

/// What is known of one table across projects.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// All rows of frames up to this one are in files, as the Delta log says.
    pub(crate) flushed: u64,
    /// First frame with rows in memory, frozen ones included.
    pub(crate) first: Option<u64>,
    /// When that frame came, in monotonic time.
    pub(crate) since: Duration,
    /// Bytes of rows in memory that are not frozen.
    pub(crate) active_bytes: usize,
    /// First and last frame with corrections that the snapshot file lacks.
    unsaved: Option<(u64, u64)>,
    /// The snapshot file has corrections that are in files by now: harmless, but worth replacing.
    stale: bool,
}

impl Progress {
    pub(crate) fn corrections_changed(&self) -> bool {
        self.unsaved.is_some() || self.stale
    }

    /// The snapshot file now has all corrections of frames up to `position`.
    pub(crate) fn corrections_saved(&mut self, position: u64) {
        self.stale = false;
        self.unsaved = self
            .unsaved
            .filter(|(_, last)| *last > position)
            .map(|(first, last)| (first.max(position + 1), last));
    }
}

/// Rows taken out of a memtable to become files.
#[derive(Debug)]
pub(crate) struct Frozen {
    pub(crate) table: Table,
    /// Frames up to this one are in here or in files.
    pub(crate) seq: u64,
    pub(crate) shelves: Vec<(Project, Vec<RecordBatch>, Arc<Corrections>)>,
}

/// Files that take the place of others.
#[derive(Debug)]
pub(crate) struct Replacement {
    pub(crate) project: Project,
    pub(crate) table: Table,
    pub(crate) removed: Vec<Arc<DataFile>>,
    pub(crate) added: Vec<Arc<DataFile>>,
    /// Rows whose corrections up to `version` are in `added`.
    pub(crate) settled: HashSet<i64>,
    pub(crate) version: Version,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) shelves: HashMap<(Project, Table), Shelf>,
    progress: BTreeMap<Table, Progress>,
    /// The last frame that is visible.
    pub(crate) applied: u64,
    /// Rows in memory, frozen ones included.
    pub(crate) memory_rows: usize,
    pub(crate) memory_bytes: usize,
    corrections_bytes: usize,
    pub(crate) quarantined: BTreeMap<PathBuf, String>,
}

impl State {
    pub(crate) fn progress(&self, table: Table) -> Progress {
        self.progress.get(&table).copied().unwrap_or_default()
    }

    pub(crate) fn progress_mut(&mut self, table: Table) -> &mut Progress {
        self.progress.entry(table).or_default()
    }

    pub(crate) fn snapshot(&self, project: &Project, table: Table) -> Snapshot {
        let shelf = self.shelves.get(&(project.clone(), table));
        Snapshot {
            project: project.clone(),
            table,
            memory: shelf.map_or_else(Vec::new, |shelf| {
                shelf.frozen.iter().chain(shelf.memory.batches()).cloned().collect()
            }),
            files: shelf.map(|shelf| shelf.files.to_vec()).unwrap_or_default(),
            corrections: shelf.map(|shelf| Arc::clone(&shelf.corrections)).unwrap_or_default(),
        }
    }

    fn shelf(&mut self, project: &Project, table: Table) -> &mut Shelf {
        self.shelves.entry((project.clone(), table)).or_default()
    }

    /// Makes rows of frame `seq` visible.
    pub(crate) fn add_rows(
        &mut self,
        project: &Project,
        table: Table,
        batch: RecordBatch,
        seq: u64,
        now: Duration,
    ) {
        let rows = batch.num_rows();
        if rows == 0 {
            return;
        }
        let memory = &mut self.shelf(project, table).memory;
        let before = memory.bytes();
        memory.push(batch);
        let bytes = memory.bytes() - before;
        self.memory_rows += rows;
        self.memory_bytes += bytes;
        let progress = self.progress_mut(table);
        progress.active_bytes += bytes;
        if progress.first.is_none() {
            progress.first = Some(seq);
            progress.since = now;
        }
    }

    /// Makes corrections of frame `seq` visible. One that names a row of a later frame names no
    /// row that anybody has seen, and is left out.
    pub(crate) fn add_corrections(
        &mut self,
        project: &Project,
        table: Table,
        corrections: Vec<Correction>,
        seq: u64,
    ) {
        let entries: Vec<(i64, Entry)> = (0_u32..)
            .zip(corrections)
            .filter(|(_, correction)| frame_of(correction.record_id) < seq)
            .map(|(place, c)| (c.record_id, Entry::new(c, Version { seq, place })))
            .collect();
        self.change_corrections(project, table, |pending| pending.with(entries));
        let progress = self.progress_mut(table);
        progress.unsaved = Some((progress.unsaved.map_or(seq, |(first, _)| first), seq));
    }

    pub(crate) fn crowded(&self, project: &Project, table: Table) -> Option<Join> {
        self.shelves.get(&(project.clone(), table))?.memory.crowded()
    }

    pub(crate) fn joined(
        &mut self,
        project: &Project,
        table: Table,
        join: &Join,
        batch: RecordBatch,
    ) {
        let memory = &mut self.shelf(project, table).memory;
        let before = memory.bytes();
        memory.joined(join, batch);
        let after = memory.bytes();
        let change = |bytes: usize| (bytes + after).saturating_sub(before);
        self.memory_bytes = change(self.memory_bytes);
        let progress = self.progress_mut(table);
        progress.active_bytes = change(progress.active_bytes);
    }

    /// Bytes that rows in memory and pending corrections take.
    pub(crate) fn held_bytes(&self) -> usize {
        self.memory_bytes + self.corrections_bytes
    }

    /// Replaces the pending corrections of one table of one project.
    pub(crate) fn change_corrections(
        &mut self,
        project: &Project,
        table: Table,
        change: impl FnOnce(&Corrections) -> Corrections,
    ) {
        let shelf = self.shelf(project, table);
        let before = shelf.corrections.memory_bytes();
        shelf.corrections = Arc::new(change(&shelf.corrections));
        let after = shelf.corrections.memory_bytes();
        self.corrections_bytes = (self.corrections_bytes + after).saturating_sub(before);
    }

    fn of_table(&self, table: Table) -> impl Iterator<Item = &Shelf> {
        self.shelves.iter().filter(move |((_, t), _)| *t == table).map(|(_, shelf)| shelf)
    }

    /// Takes the rows of a table for flushing; they stay visible. `None` when there are none.
    pub(crate) fn freeze(&mut self, table: Table) -> Option<Frozen> {
        self.progress(table).first?;
        let mut shelves = Vec::new();
        for ((project, _), shelf) in self.shelves.iter_mut().filter(|((_, t), _)| *t == table) {
            // Rows of a flush that never came to an end.
            for batch in std::mem::take(&mut shelf.frozen) {
                shelf.memory.push(batch);
            }
            if shelf.memory.is_empty() {
                continue;
            }
            shelf.frozen = shelf.memory.drain();
            let corrections = Arc::clone(&shelf.corrections);
            shelves.push((project.clone(), shelf.frozen.clone(), corrections));
        }
        self.progress_mut(table).active_bytes = 0;
        Some(Frozen { table, seq: self.applied, shelves })
    }

    /// Gives the rows of a failed flush back to memory.
    pub(crate) fn thaw(&mut self, frozen: &Frozen) {
        let mut bytes = 0;
        for (project, _, _) in &frozen.shelves {
            let shelf = self.shelf(project, frozen.table);
            let before = shelf.memory.bytes();
            for batch in std::mem::take(&mut shelf.frozen) {
                shelf.memory.push(batch);
            }
            bytes += shelf.memory.bytes() - before;
        }
        self.progress_mut(frozen.table).active_bytes += bytes;
    }

    /// Puts the files of a committed flush in the place of its rows. Gives back what to drop
    /// outside of the lock.
    #[must_use]
    pub(crate) fn flushed(
        &mut self,
        frozen: &Frozen,
        files: Vec<(Project, Vec<Arc<DataFile>>)>,
        now: Duration,
    ) -> Vec<Vec<RecordBatch>> {
        let (table, seq) = (frozen.table, frozen.seq);
        let before = self.progress(table).flushed;
        let mut garbage = Vec::new();
        let (mut rows, mut bytes, mut folded) = (0, 0, false);
        for (project, _, _) in &frozen.shelves {
            let shelf = self.shelf(project, table);
            let batches = std::mem::take(&mut shelf.frozen);
            rows += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
            bytes += batches.iter().map(memory_bytes).sum::<usize>();
            garbage.push(batches);
            if !shelf.corrections.is_empty() {
                let in_flush = |id: i64| (before + 1..=seq).contains(&frame_of(id));
                let upto = Version { seq, place: u32::MAX };
                self.change_corrections(project, table, |pending| {
                    pending.without(|id, _| in_flush(id).then_some(upto))
                });
                folded = true;
            }
        }
        for (project, added) in files {
            let shelf = self.shelf(&project, table);
            let files = shelf.files.iter().cloned().chain(added).collect();
            shelf.files = Arc::new(files);
        }
        self.memory_rows = self.memory_rows.saturating_sub(rows);
        self.memory_bytes = self.memory_bytes.saturating_sub(bytes);
        let left = self.of_table(table).any(|shelf| !shelf.memory.is_empty());
        let progress = self.progress_mut(table);
        progress.flushed = seq;
        progress.stale |= folded;
        progress.first = left.then_some(seq + 1);
        progress.since = now;
        garbage
    }

    /// Swaps files after a rewrite or a removal was committed.
    pub(crate) fn replace(&mut self, replacement: Replacement) {
        let Replacement { project, table, removed, added, settled, version } = replacement;
        let gone: HashSet<&Path> = removed.iter().map(|f| f.path.as_path()).collect();
        let shelf = self.shelf(&project, table);
        let stay = shelf.files.iter().filter(|f| !gone.contains(f.path.as_path())).cloned();
        shelf.files = Arc::new(stay.chain(added).collect());
        if !settled.is_empty() {
            self.change_corrections(&project, table, |pending| {
                pending.without(|id, _| settled.contains(&id).then_some(version))
            });
            self.progress_mut(table).stale = true;
        }
    }

    /// Pending corrections of a table, by project.
    pub(crate) fn corrections_of(&self, table: Table) -> Vec<(Project, Arc<Corrections>)> {
        let of_table = self.shelves.iter().filter(|((_, t), _)| *t == table);
        of_table
            .filter(|(_, shelf)| !shelf.corrections.is_empty())
            .map(|((project, _), shelf)| (project.clone(), Arc::clone(&shelf.corrections)))
            .collect()
    }

    /// A file that some table has.
    pub(crate) fn file(&self, path: &Path) -> Option<(Table, Arc<DataFile>)> {
        self.shelves.iter().find_map(|((_, table), shelf)| {
            let file = shelf.files.iter().find(|file| file.path == path)?;
            Some((*table, Arc::clone(file)))
        })
    }

    /// Excludes a damaged file from all later snapshots; answers whether it was there.
    pub(crate) fn quarantine(&mut self, path: &Path, reason: &str) -> bool {
        let mut found = false;
        for shelf in self.shelves.values_mut() {
            if shelf.files.iter().any(|f| f.path == path) {
                found = true;
                let stay = shelf.files.iter().filter(|f| f.path != path).cloned().collect();
                shelf.files = Arc::new(stay);
            }
        }
        if found {
            self.quarantined.insert(path.to_path_buf(), reason.to_owned());
        }
        found
    }

    /// The last frame that the log can lose: everything up to it is in files, in corrections
    /// snapshots, or was never ours.
    pub(crate) fn trimmable(&self) -> u64 {
        let needed = self
            .progress
            .values()
            .flat_map(|p| [p.first, p.unsaved.map(|(first, _)| first)])
            .flatten()
            .min();
        needed.map_or(self.applied, |first| first.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests;
