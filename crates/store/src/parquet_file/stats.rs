//! Statistics of a data file, gathered while it is written: for the Delta log and for ourselves.

use std::path::PathBuf;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{max, max_string_view, min, min_string_view};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Duration, NaiveDate, SecondsFormat};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use telltale_schema::Table;

use crate::DataFile;

/// Longest text that stands in the Delta log's statistics; a longer bound is left out.
const TEXT_BOUND_BYTES_MAX: usize = 64;

/// Smallest and largest value of one column.
#[derive(Clone, Debug)]
enum Bounds {
    Int(i64, i64),
    /// Microseconds since 1970.
    Time(i64, i64),
    Text(String, String),
}

#[derive(Debug)]
struct ColumnStats {
    name: &'static str,
    bounds: Option<Bounds>,
    nulls: usize,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct FileStats {
    table: Table,
    rows: usize,
    columns: Vec<ColumnStats>,
}

/// The columns that the Delta log has statistics of.
pub(crate) fn stats_columns(table: Table) -> Vec<&'static str> {
    let wanted =
        ["record_id", table.time_column(), table.timestamp_column(), "service_name", "name"];
    wanted.into_iter().filter(|name| table.column(name).is_some()).collect()
}

impl FileStats {
    pub(super) fn new(table: Table) -> Self {
        let column = |name| ColumnStats { name, bounds: None, nulls: 0 };
        Self { table, rows: 0, columns: stats_columns(table).into_iter().map(column).collect() }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn add(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows();
        for stats in &mut self.columns {
            if let Some(column) = batch.column_by_name(stats.name) {
                stats.nulls += column.null_count();
                stats.bounds = merge(stats.bounds.take(), bounds(column));
            }
        }
    }

    fn ints(&self, name: &str) -> (i64, i64) {
        let column = self.columns.iter().find(|c| c.name == name);
        match column.and_then(|c| c.bounds.as_ref()) {
            Some(Bounds::Int(min, max)) => (*min, *max),
            _ => (i64::MIN, i64::MAX),
        }
    }

    pub(super) fn data_file(&self, path: PathBuf, date: i32, bytes: u64) -> DataFile {
        let (time_min, time_max) = self.ints(self.table.time_column());
        let (record_min, record_max) = self.ints("record_id");
        let rows = self.rows as u64;
        DataFile { path, date, bytes, rows, time_min, time_max, record_min, record_max }
    }

    /// As the Delta protocol wants it.
    pub(super) fn delta_json(&self) -> String {
        let (mut min, mut max, mut nulls) = (Map::new(), Map::new(), Map::new());
        for column in &self.columns {
            let mut put = |low: Value, high: Value| {
                min.insert(column.name.to_owned(), low);
                max.insert(column.name.to_owned(), high);
            };
            match &column.bounds {
                Some(Bounds::Int(low, high)) => put(json!(low), json!(high)),
                Some(Bounds::Time(low, high)) => {
                    if let (Some(low), Some(high)) = (time_text(*low), time_text(*high)) {
                        put(json!(low), json!(high));
                    }
                }
                Some(Bounds::Text(low, high))
                    if low.len().max(high.len()) <= TEXT_BOUND_BYTES_MAX =>
                {
                    put(json!(low), json!(high));
                }
                Some(Bounds::Text(..)) | None => {}
            }
            nulls.insert(column.name.to_owned(), json!(column.nulls));
        }
        json!({ "numRecords": self.rows, "minValues": min, "maxValues": max, "nullCount": nulls })
            .to_string()
    }
}

fn bounds(column: &ArrayRef) -> Option<Bounds> {
    if let Some(ints) = column.as_primitive_opt::<Int64Type>() {
        return Some(Bounds::Int(min(ints)?, max(ints)?));
    }
    if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
        return Some(Bounds::Time(min(times)?, max(times)?));
    }
    let texts = column.as_string_view_opt()?;
    Some(Bounds::Text(min_string_view(texts)?.to_owned(), max_string_view(texts)?.to_owned()))
}

fn merge(a: Option<Bounds>, b: Option<Bounds>) -> Option<Bounds> {
    Some(match (a, b) {
        (Some(Bounds::Int(a, b)), Some(Bounds::Int(c, d))) => Bounds::Int(a.min(c), b.max(d)),
        (Some(Bounds::Time(a, b)), Some(Bounds::Time(c, d))) => Bounds::Time(a.min(c), b.max(d)),
        (Some(Bounds::Text(a, b)), Some(Bounds::Text(c, d))) => Bounds::Text(a.min(c), b.max(d)),
        (a, b) => return a.or(b),
    })
}

fn time_text(micros: i64) -> Option<String> {
    DateTime::from_timestamp_micros(micros)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// `2025-01-31` of days since 1970.
pub(crate) fn date_text(days: i32) -> String {
    NaiveDate::default()
        .checked_add_signed(Duration::days(i64::from(days)))
        .unwrap_or_default()
        .to_string()
}

/// Days since 1970 of `2025-01-31`.
pub(crate) fn date_of(text: &str) -> Option<i32> {
    let date: NaiveDate = text.parse().ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// The part of a Delta log's statistics that we need back.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoggedStats {
    num_records: u64,
    #[serde(default)]
    min_values: Map<String, Value>,
    #[serde(default)]
    max_values: Map<String, Value>,
}

impl LoggedStats {
    /// The file that an entry of the Delta log describes. Bounds that are missing are unbounded.
    pub(crate) fn data_file(
        json: &str,
        table: Table,
        path: PathBuf,
        date: i32,
        bytes: u64,
    ) -> Result<DataFile, serde_json::Error> {
        let logged: Self = serde_json::from_str(json)?;
        let low =
            |name: &str| logged.min_values.get(name).and_then(Value::as_i64).unwrap_or(i64::MIN);
        let high =
            |name: &str| logged.max_values.get(name).and_then(Value::as_i64).unwrap_or(i64::MAX);
        Ok(DataFile {
            path,
            date,
            bytes,
            rows: logged.num_records,
            time_min: low(table.time_column()),
            time_max: high(table.time_column()),
            record_min: low("record_id"),
            record_max: high("record_id"),
        })
    }
}
