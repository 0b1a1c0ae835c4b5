//! Attribute keys with their types and frequent values, from the newest rows of a table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::col;
use serde::Serialize;
use telltale_base::Project;
use telltale_schema::Table;
use telltale_schema::json::{self, Value};
use telltale_store::Snapshot;

use crate::damage::anew;
use crate::engine::Engine;
use crate::error::QueryError;

/// Keys that are told apart; further ones are left out.
const KEYS_MAX: usize = 4_096;
/// Values that are counted for one key; further ones are left out.
const VALUES_MAX: usize = 256;
/// Values that are returned for one key.
const VALUES_SHOWN: usize = 20;
/// Longest value that is counted, in bytes: completion is for names, not for prompts.
const VALUE_BYTES_MAX: usize = 128;

/// Which attributes to list.
#[derive(Clone, Debug)]
pub struct AttributesRequest {
    /// Of which table.
    pub table: Table,
    /// What keys begin with.
    pub prefix: Option<String>,
    /// Keys to return, most frequent first.
    pub limit: usize,
}

/// Whose attribute it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AttributeScopeName {
    /// The record's own: `attributes ->> 'key'`.
    Record,
    /// Its resource's: `resource ->> 'key'`.
    Resource,
}

/// One key in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeInfo {
    /// The key.
    pub key: String,
    /// Whose attribute it is.
    pub scope: AttributeScopeName,
    /// Types of its values: `string`, `bool`, `int`, `double`, `bytes`, `array`, `map`, `empty`.
    pub types: Vec<&'static str>,
    /// Rows that have it, among those looked at.
    pub count: u64,
    /// Nanoseconds since 1970 of the earliest row that has it, among those looked at.
    pub first_seen_unix_nano: i64,
    /// Nanoseconds since 1970 of the latest row that has it.
    pub last_seen_unix_nano: i64,
    /// Frequent values, most frequent first. Long values and nested ones are not listed.
    pub values: Vec<ValueCount>,
}

/// A value and how often it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value as `->>` shows it.
    pub value: String,
    /// Rows that have it, among those looked at.
    pub count: u64,
}

impl Engine {
    /// Attribute keys in use, from the newest rows of the table; up to some seconds old.
    ///
    /// # Errors
    /// When a limit of queries is met.
    pub async fn attributes(
        &self,
        project: &Project,
        request: AttributesRequest,
    ) -> Result<Vec<AttributeInfo>, QueryError> {
        let all = if let Some(all) = self.catalogue.get(project, request.table) {
            all
        } else {
            let computed = anew(|| self.compute_attributes(project, request.table)).await?;
            let all = Arc::new(computed);
            self.catalogue.put(project, request.table, &all);
            all
        };
        let prefix = request.prefix.unwrap_or_default();
        let wanted = all.iter().filter(|info| info.key.starts_with(&prefix));
        Ok(wanted.take(request.limit).cloned().collect())
    }

    async fn compute_attributes(
        &self,
        project: &Project,
        table: Table,
    ) -> Result<Vec<AttributeInfo>, QueryError> {
        let _slot = self.slot()?;
        let rows = self.config.catalogue_rows;
        let snapshot = newest(self.source.snapshot(project, table), rows);
        let build = move |frame: DataFrame| {
            frame
                .sort(vec![col("record_id").sort(false, false)])?
                .limit(0, Some(rows))?
                .select(vec![col("attributes"), col("resource"), col(table.time_column())])
        };
        let batches = self.collect(&snapshot, build).await?;
        let mut keys = Keys::default();
        for batch in &batches {
            keys.read_batch(table, batch);
        }
        Ok(keys.finish())
    }
}

/// The part of a snapshot that surely holds its `rows` newest rows: what sorts all rows by arrival
/// should not have to look at old files.
fn newest(mut snapshot: Snapshot, rows: usize) -> Snapshot {
    let wanted = rows as u64;
    let in_memory: u64 = snapshot.memory.iter().map(|batch| batch.num_rows() as u64).sum();
    let mut have = in_memory;
    let mut oldest = i64::MIN;
    snapshot.files.sort_by_key(|file| std::cmp::Reverse(file.record_min));
    for file in &snapshot.files {
        if have >= wanted {
            break;
        }
        have += file.rows;
        oldest = file.record_min;
    }
    if have >= wanted {
        let oldest = if in_memory >= wanted { i64::MAX } else { oldest };
        snapshot.files.retain(|file| file.record_max >= oldest);
    }
    snapshot
}

#[derive(Default)]
struct Keys {
    by_key: HashMap<(AttributeScopeName, String), Key>,
}

#[derive(Default)]
struct Key {
    types: BTreeSet<&'static str>,
    count: u64,
    first: i64,
    last: i64,
    values: BTreeMap<String, u64>,
}

impl Keys {
    fn read_batch(&mut self, table: Table, batch: &RecordBatch) {
        let times = batch
            .column_by_name(table.time_column())
            .and_then(|column| column.as_primitive_opt::<Int64Type>());
        let scopes = [
            ("attributes", AttributeScopeName::Record),
            ("resource", AttributeScopeName::Resource),
        ];
        for (name, scope) in scopes {
            let texts = batch.column_by_name(name).and_then(|c| c.as_string_view_opt());
            let (Some(texts), Some(times)) = (texts, times) else { continue };
            for row in (0..batch.num_rows()).filter(|row| texts.is_valid(*row)) {
                // Text that is not an object of ours has no keys to offer.
                if let Ok(Value::Map(members)) = json::read(texts.value(row), None) {
                    for (key, value) in members {
                        self.note(scope, key, &value, times.value(row));
                    }
                }
            }
        }
    }

    fn note(&mut self, scope: AttributeScopeName, key: String, value: &Value, time: i64) {
        let full = self.by_key.len() >= KEYS_MAX;
        let place = (scope, key);
        if full && !self.by_key.contains_key(&place) {
            return;
        }
        let key = self.by_key.entry(place).or_default();
        if key.count == 0 {
            (key.first, key.last) = (time, time);
        }
        key.count += 1;
        key.first = key.first.min(time);
        key.last = key.last.max(time);
        let (ty, text) = describe(value);
        key.types.insert(ty);
        if let Some(text) = text.filter(|text| text.len() <= VALUE_BYTES_MAX)
            && (key.values.len() < VALUES_MAX || key.values.contains_key(&text))
        {
            *key.values.entry(text).or_default() += 1;
        }
    }

    fn finish(self) -> Vec<AttributeInfo> {
        let info = |((scope, key), found): ((AttributeScopeName, String), Key)| {
            let mut values: Vec<ValueCount> = found
                .values
                .into_iter()
                .map(|(value, count)| ValueCount { value, count })
                .collect();
            values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            values.truncate(VALUES_SHOWN);
            AttributeInfo {
                key,
                scope,
                types: found.types.into_iter().collect(),
                count: found.count,
                first_seen_unix_nano: found.first,
                last_seen_unix_nano: found.last,
                values,
            }
        };
        let mut infos: Vec<AttributeInfo> = self.by_key.into_iter().map(info).collect();
        infos.sort_by(|a, b| {
            b.count.cmp(&a.count).then_with(|| (a.scope, &a.key).cmp(&(b.scope, &b.key)))
        });
        infos
    }
}

/// The type of a value, and its text when it is a scalar.
fn describe(value: &Value) -> (&'static str, Option<String>) {
    match value {
        Value::Absent | Value::Null => ("empty", None),
        Value::String(text) => ("string", Some(text.clone())),
        Value::Bool(b) => ("bool", Some(b.to_string())),
        Value::Int(int) => ("int", Some(int.to_string())),
        Value::Double(double) => ("double", Some(double.to_string())),
        Value::Bytes(_) => ("bytes", None),
        Value::Array(_) => ("array", None),
        Value::Map(_) => ("map", None),
    }
}
