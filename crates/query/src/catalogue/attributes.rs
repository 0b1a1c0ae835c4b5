//! Attribute keys with their types and frequent values: those of rows in files from the store's
//! catalogue, those of rows in memory from the rows.

use std::sync::Arc;

use serde::Serialize;
use telltale_base::Project;
use telltale_schema::{AttributeScope, Table};
use telltale_store::{CatalogueKey, CatalogueValue};

use super::current::{Current, current};
use crate::engine::Engine;
use crate::error::QueryError;

/// Values that are returned for each of several keys.
const VALUES_SHOWN: usize = 20;

/// Which attributes to list.
#[derive(Clone, Debug)]
pub struct AttributesRequest {
    /// Of which table.
    pub table: Table,
    /// This key only, with more of its values.
    pub key: Option<String>,
    /// What keys begin with, or the values of `key`.
    pub prefix: Option<String>,
    /// Keys to return, or values of `key`; most frequent first.
    pub limit: usize,
}

/// Attributes in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttributesFound {
    /// Most frequent first.
    pub keys: Vec<AttributeInfo>,
    /// Keys that are in use and not in the catalogue, because there are too many or they are too
    /// long. Stops counting at a limit of the store.
    pub keys_left_out: u64,
    /// Whether all rows were looked at: false while the catalogue is being made anew.
    pub complete: bool,
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
    /// Rows that have it; at most this many unless `exact`.
    pub count: u64,
    /// Whether `count` is exact. If not, it includes rows that retention or corrections took since,
    /// or rows from a time when the key was left out; or not all rows were looked at.
    pub exact: bool,
    /// Nanoseconds since 1970 of the earliest row that has it.
    pub first_seen_unix_nano: i64,
    /// Nanoseconds since 1970 of the latest row that has it.
    pub last_seen_unix_nano: i64,
    /// Frequent values, most frequent first. Long values and nested ones are not listed.
    pub values: Vec<ValueCount>,
    /// Rows that a value which could be listed and is not can have at most.
    pub other_values_max: u64,
}

/// A value and how often it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value as `->>` shows it.
    pub value: String,
    /// Rows that have it, at most, among those that `count` of the key counts.
    pub count: u64,
    /// `count` is at most this much too high.
    pub error: u64,
}

impl Engine {
    /// Attribute keys in use, those of the last acknowledged record included.
    ///
    /// # Errors
    /// When a limit of queries is met.
    pub async fn attributes(
        &self,
        project: &Project,
        request: AttributesRequest,
    ) -> Result<AttributesFound, QueryError> {
        let slot = self.slot()?;
        let (source, kept) = (Arc::clone(&self.source), Arc::clone(&self.catalogue));
        let (project, rows_max) = (project.clone(), self.config.catalogue_rows);
        let work = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            let found = current(source.as_ref(), &kept, &project, request.table, rows_max);
            found.map(|found| answer(&found, &request))
        });
        let limit = self.config.timeout;
        match tokio::time::timeout(limit, work).await {
            Ok(done) => done.map_err(QueryError::internal)?,
            Err(_) => Err(QueryError::Timeout { limit }),
        }
    }
}

fn answer(found: &Current, request: &AttributesRequest) -> AttributesFound {
    let prefix = request.prefix.as_deref().unwrap_or_default();
    let keys = found.looked_at.catalogue.keys().iter();
    let mut keys: Vec<&CatalogueKey> = match &request.key {
        Some(name) => keys.filter(|key| key.name() == name).collect(),
        None => keys.filter(|key| key.name().starts_with(prefix)).collect(),
    };
    let place = |key: &CatalogueKey| (scope(key), key.name().to_owned());
    keys.sort_by(|a, b| b.rows().cmp(&a.rows()).then_with(|| place(a).cmp(&place(b))));
    // With a key, prefix and limit are about its values.
    let (keys_max, values, values_max) = match request.key {
        Some(_) => (keys.len(), prefix, request.limit),
        None => (request.limit, "", VALUES_SHOWN),
    };
    let keys = keys.into_iter().take(keys_max);
    let keys = keys.map(|key| info(found, key, values, values_max)).collect();
    AttributesFound {
        keys,
        keys_left_out: found.looked_at.catalogue.keys_left_out(),
        complete: found.complete,
    }
}

fn scope(key: &CatalogueKey) -> AttributeScopeName {
    match key.scope() {
        AttributeScope::Record => AttributeScopeName::Record,
        AttributeScope::Resource => AttributeScopeName::Resource,
    }
}

fn info(found: &Current, key: &CatalogueKey, prefix: &str, values_max: usize) -> AttributeInfo {
    let value = |value: &CatalogueValue<'_>| ValueCount {
        value: value.text.to_owned(),
        count: value.count,
        error: value.error,
    };
    let listed = key.values();
    let mut fitting = listed.iter().filter(|value| value.text.starts_with(prefix));
    let values: Vec<ValueCount> = fitting.by_ref().take(values_max).map(value).collect();
    let next = fitting.next().map_or(0, |value| value.count);
    AttributeInfo {
        key: key.name().to_owned(),
        scope: scope(key),
        types: key.types(),
        count: key.rows(),
        exact: found.exact && key.missed() == 0 && key.first_day() >= found.first_day,
        first_seen_unix_nano: key.first(),
        last_seen_unix_nano: key.last(),
        values,
        other_values_max: next.max(key.other_values_max()),
    }
}
