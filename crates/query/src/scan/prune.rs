//! Which files can hold matching rows, by the statistics of the Delta log: no file is opened.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::SchemaRef;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, ScalarValue, Statistics};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use telltale_base::UnixNanos;
use telltale_schema::Table;
use telltale_store::DataFile;

/// The files that can hold a row for which `filter`, over the stored schema, is true. All files
/// when the filter says nothing about them.
pub(crate) fn prune(
    table: Table,
    schema: &SchemaRef,
    filter: &Arc<dyn PhysicalExpr>,
    files: Vec<Arc<DataFile>>,
) -> Vec<Arc<DataFile>> {
    let keep = PruningPredicateBuilder::new()
        .with_file_schema(Arc::clone(schema))
        .try_build(Arc::clone(filter))
        .and_then(|predicate| predicate.prune(&FileStatistics { table, files: &files }));
    match keep {
        Ok(keep) => {
            files.into_iter().zip(keep).filter_map(|(file, keep)| keep.then_some(file)).collect()
        }
        Err(_) => files,
    }
}

struct FileStatistics<'a> {
    table: Table,
    files: &'a [Arc<DataFile>],
}

impl FileStatistics<'_> {
    fn ends(&self, column: &str, end: End) -> Option<ArrayRef> {
        let files = self.files.iter();
        let utc = |array: TimestampMicrosecondArray| array.with_timezone("UTC");
        Some(match column {
            "date" => Arc::new(files.map(|file| Some(file.date)).collect::<Date32Array>()),
            "record_id" => Arc::new(files.map(|f| Some(end.record(f))).collect::<Int64Array>()),
            name if name == self.table.time_column() => {
                Arc::new(files.map(|f| Some(end.time(f))).collect::<Int64Array>())
            }
            name if name == self.table.timestamp_column() => {
                let micros = files.map(|f| micros(self.table, f, end));
                Arc::new(utc(micros.collect()))
            }
            _ => return None,
        })
    }
}

/// The timestamp column, which is the time column in microseconds. Times beyond the range of signed
/// nanoseconds are kept bit for bit and look negative; nothing is concluded from those. Logs whose
/// client gave no time have 0 in one column and when they were observed in the other.
fn micros(table: Table, file: &DataFile, end: End) -> Option<i64> {
    let least = i64::from(table == Table::Logs);
    (file.time_min >= least).then(|| UnixNanos(end.time(file)).micros())
}

#[derive(Clone, Copy)]
enum End {
    Min,
    Max,
}

impl End {
    fn record(self, file: &DataFile) -> i64 {
        match self {
            Self::Min => file.record_min,
            Self::Max => file.record_max,
        }
    }

    fn time(self, file: &DataFile) -> i64 {
        match self {
            Self::Min => file.time_min,
            Self::Max => file.time_max,
        }
    }
}

impl PruningStatistics for FileStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.ends(&column.name, End::Min)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.ends(&column.name, End::Max)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        self.ends(&column.name, End::Min)?;
        Some(Arc::new(self.files.iter().map(|_| Some(0)).collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.files.iter().map(|file| Some(file.rows)).collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// What is known about one file, for pruning while the query runs: a `LIMIT` with an order skips
/// files that cannot hold one of its rows. `schema` is the stored schema.
pub(crate) fn statistics(table: Table, schema: &SchemaRef, file: &DataFile) -> Statistics {
    let one = |min: ScalarValue, max: ScalarValue| ColumnStatistics {
        null_count: Precision::Exact(0),
        min_value: Precision::Exact(min),
        max_value: Precision::Exact(max),
        ..ColumnStatistics::new_unknown()
    };
    let int = |value| ScalarValue::Int64(Some(value));
    let column_statistics = schema.fields().iter().map(|field| match field.name().as_str() {
        "record_id" => one(int(file.record_min), int(file.record_max)),
        name if name == table.time_column() => one(int(file.time_min), int(file.time_max)),
        name if name == table.timestamp_column() => {
            let time = |end| {
                let micros = micros(table, file, end)?;
                Some(ScalarValue::TimestampMicrosecond(Some(micros), Some(Arc::from("UTC"))))
            };
            match (time(End::Min), time(End::Max)) {
                (Some(min), Some(max)) => one(min, max),
                _ => ColumnStatistics::new_unknown(),
            }
        }
        _ => ColumnStatistics::new_unknown(),
    });
    Statistics {
        num_rows: Precision::Exact(usize::try_from(file.rows).unwrap_or(usize::MAX)),
        total_byte_size: Precision::Absent,
        column_statistics: column_statistics.collect(),
    }
}

#[cfg(test)]
mod tests;
