//! One immutable Parquet file of a table, as the Delta log describes it.

use std::path::PathBuf;

/// A file of one (table, project, date). The statistics come from the Delta log: knowing a file
/// never means opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Absolute path.
    pub path: PathBuf,
    /// UTC day of the partition, in days since 1970.
    pub date: i32,
    /// Length of the file.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Smallest value of `Table::time_column`, in nanoseconds since 1970.
    pub time_min: i64,
    /// Largest value of `Table::time_column`, in nanoseconds since 1970.
    pub time_max: i64,
    /// Smallest `record_id`.
    pub record_min: i64,
    /// Largest `record_id`.
    pub record_max: i64,
}
