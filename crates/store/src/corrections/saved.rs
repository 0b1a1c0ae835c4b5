//! Pending corrections on disk: one file a table, replaced as a whole.

use std::path::Path;

use telltale_base::Project;
use telltale_schema::Table;
use telltale_wal::write_atomic;

use super::codec::{Saved, decode_snapshot, encode_snapshot};
use crate::StoreError;
use crate::shared::{Paths, Shared};

/// Writes the snapshots of tables whose pending corrections changed. Blocks.
pub(crate) fn save_corrections(shared: &Shared) -> Result<(), StoreError> {
    for table in Table::ALL {
        save(shared, table)?;
    }
    Ok(())
}

fn save(shared: &Shared, table: Table) -> Result<(), StoreError> {
    let (position, pending) = {
        let state = shared.read();
        if !state.progress(table).corrections_changed() {
            return Ok(());
        }
        (state.applied, state.corrections_of(table))
    };
    let entries = pending.iter().flat_map(|(project, corrections): &(Project, _)| {
        corrections.iter().map(move |(id, entry)| (project, *id, entry))
    });
    let bytes = encode_snapshot(position, entries);
    let path = shared.paths.corrections_of(table);
    write_atomic(shared.fs.as_ref(), &path, &bytes).map_err(StoreError::io("write", &path))?;
    shared.write().progress_mut(table).corrections_saved(position);
    Ok(())
}

/// Reads the snapshot of a table; `None` when there is none. Blocks.
///
/// # Errors
/// `Corrupt` for one that is damaged.
pub(crate) fn load_corrections(
    fs: &dyn telltale_wal::Fs,
    paths: &Paths,
    table: Table,
) -> Result<Option<Saved>, StoreError> {
    let path = paths.corrections_of(table);
    if !fs.exists(&path).map_err(StoreError::io("look at", &path))? {
        return Ok(None);
    }
    let bytes = fs.read(&path).map_err(StoreError::io("read", &path))?;
    let damaged = |reason: String| StoreError::Corrupt { path: Path::to_path_buf(&path), reason };
    decode_snapshot(&bytes).map(Some).map_err(damaged)
}
