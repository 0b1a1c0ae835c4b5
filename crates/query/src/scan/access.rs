//! Which row groups can hold matching rows, by bloom filters and attribute indexes that stay in
//! memory between queries.

use std::sync::Arc;

use datafusion::datasource::physical_plan::parquet::ParquetAccessPlan;
use telltale_schema::Table;
use telltale_store::DataFile;

use super::filters::Lookups;
use crate::cache::{FileCache, OpenFile};

/// A file to scan, and the part of it when that is not all.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) file: Arc<DataFile>,
    pub(crate) plan: Option<ParquetAccessPlan>,
}

impl Picked {
    pub(crate) fn whole(file: Arc<DataFile>) -> Self {
        Self { file, plan: None }
    }
}

/// Picks row groups of `files`; files without any are left out. A file that cannot be opened is
/// kept whole: the scan reports it. Blocks on disk for what is not cached.
pub(crate) fn pick(
    cache: &FileCache,
    table: Table,
    lookups: &Lookups,
    files: Vec<Arc<DataFile>>,
) -> Vec<Picked> {
    let picked = files.into_iter().filter_map(|file| match cache.open(&file.path) {
        Ok(open) => pick_file(&open, table, lookups, file),
        Err(_) => Some(Picked::whole(file)),
    });
    let picked = picked.collect();
    cache.shrink();
    picked
}

fn pick_file(
    open: &OpenFile,
    table: Table,
    lookups: &Lookups,
    file: Arc<DataFile>,
) -> Option<Picked> {
    let groups = open.metadata().num_row_groups();
    let keep: Vec<bool> = (0..groups).map(|group| may_match(open, table, lookups, group)).collect();
    if keep.iter().all(|keep| *keep) {
        return Some(Picked::whole(file));
    }
    if !keep.contains(&true) {
        return None;
    }
    let mut plan = ParquetAccessPlan::new_all(groups);
    for (group, keep) in keep.iter().enumerate() {
        if !keep {
            plan.skip(group);
        }
    }
    Some(Picked { file, plan: Some(plan) })
}

fn may_match(open: &OpenFile, table: Table, lookups: &Lookups, group: usize) -> bool {
    let id = table.bloom_columns().first();
    lookups.ids.iter().all(|values| id.is_none_or(|column| open.may_hold(group, column, values)))
        && lookups.attributes.iter().all(|hashes| open.may_have_attribute(group, hashes))
}
