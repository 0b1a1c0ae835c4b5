//! Entries of a Delta log for our files, both ways.

use std::collections::HashMap;
use std::path::Path;

use deltalake_core::kernel::{Action, Add, LogicalFileView, Remove};
use telltale_base::{Project, UnixNanos};
use telltale_schema::Table;

use crate::parquet_file::{LoggedStats, NewFile, date_of, date_text};
use crate::{DataFile, StoreError};

/// A file as the log lists it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) project: Project,
    pub(crate) file: DataFile,
}

impl Listed {
    pub(super) fn read(
        table: Table,
        root: &Path,
        view: &LogicalFileView,
    ) -> Result<Self, StoreError> {
        let relative = view.path();
        let path = root.join(relative.as_ref());
        let corrupt = |reason: String| StoreError::Corrupt {
            path: root.join("_delta_log"),
            reason: format!("entry {relative}: {reason}"),
        };
        let values = view.partition_values_map();
        let value = |name: &str| {
            values
                .get(name)
                .and_then(Option::as_deref)
                .ok_or_else(|| corrupt(format!("no partition value {name}")))
        };
        let project = Project::new(value("project")?).map_err(|e| corrupt(e.to_string()))?;
        let date = value("date")?;
        let date = date_of(date).ok_or_else(|| corrupt(format!("{date:?} is not a date")))?;
        let bytes = u64::try_from(view.size()).unwrap_or(0);
        let stats = view.stats().ok_or_else(|| corrupt("no statistics".into()))?;
        let file = LoggedStats::data_file(&stats, table, path.clone(), date, bytes)
            .map_err(|e| corrupt(e.to_string()))?;
        Ok(Self { project, file })
    }
}

fn partition(project: &Project, date: i32) -> HashMap<String, Option<String>> {
    HashMap::from([
        ("project".to_owned(), Some(project.as_str().to_owned())),
        ("date".to_owned(), Some(date_text(date))),
    ])
}

fn relative(root: &Path, path: &Path) -> Result<String, StoreError> {
    path.strip_prefix(root)
        .ok()
        .and_then(Path::to_str)
        .map(str::to_owned)
        .ok_or_else(|| StoreError::internal(format!("{} is not in its table", path.display())))
}

/// The entry that makes a file part of the table at `root`. `data_change` says whether its rows are
/// new to the table.
pub(crate) fn add(
    root: &Path,
    project: &Project,
    new: &NewFile,
    now: UnixNanos,
    data_change: bool,
) -> Result<Action, StoreError> {
    Ok(Action::Add(Add {
        path: relative(root, &new.file.path)?,
        partition_values: partition(project, new.file.date),
        size: i64::try_from(new.file.bytes).unwrap_or(i64::MAX),
        modification_time: now.0 / 1_000_000,
        data_change,
        stats: Some(new.stats.clone()),
        ..Add::default()
    }))
}

/// The entry that takes a file out of the table.
pub(crate) fn remove(
    root: &Path,
    project: &Project,
    file: &DataFile,
    now: UnixNanos,
    data_change: bool,
) -> Result<Action, StoreError> {
    Ok(Action::Remove(Remove {
        path: relative(root, &file.path)?,
        data_change,
        deletion_timestamp: Some(now.0 / 1_000_000),
        extended_file_metadata: Some(true),
        partition_values: Some(partition(project, file.date)),
        size: Some(i64::try_from(file.bytes).unwrap_or(i64::MAX)),
        ..Remove::default()
    }))
}
