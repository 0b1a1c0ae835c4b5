//! What there is to ask for: tables with their columns, and the attributes in use.

mod attributes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use telltale_base::Project;
use telltale_schema::Table;
use tokio::time::Instant;

use crate::encode::type_name;
use crate::engine::Engine;

pub use attributes::{AttributeInfo, AttributeScopeName, AttributesRequest, ValueCount};

/// Catalogues that are kept at once.
const KEPT_MAX: usize = 256;

/// A table as SQL sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableInfo {
    /// SQL name.
    pub name: &'static str,
    /// What one row is.
    pub description: &'static str,
    /// In the order of `SELECT *`.
    pub columns: Vec<ColumnInfo>,
}

/// A column as SQL sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnInfo {
    /// SQL name.
    pub name: String,
    /// Type as in results.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it can be null.
    pub nullable: bool,
    /// What it holds, with the unit.
    pub description: &'static str,
}

impl Engine {
    /// The tables and their columns.
    pub fn schema(&self) -> Vec<TableInfo> {
        Table::ALL.map(table_info).into()
    }
}

fn table_info(table: Table) -> TableInfo {
    let schema = table.sql_schema();
    let columns = schema.fields().iter().map(|field| ColumnInfo {
        name: field.name().clone(),
        ty: type_name(field.data_type()),
        nullable: field.is_nullable(),
        description: table
            .column(field.name())
            .map_or("The project that the record belongs to.", |column| column.description),
    });
    let columns = columns.collect();
    TableInfo { name: table.name(), description: table.description(), columns }
}

/// Recent catalogues of attributes, so that typing into a search box does not scan each time.
#[derive(Debug)]
pub(crate) struct Catalogue {
    age_max: Duration,
    kept: Mutex<HashMap<(Project, Table), Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    made: Instant,
    attributes: Arc<Vec<AttributeInfo>>,
}

impl Catalogue {
    pub(crate) fn new(age_max: Duration) -> Self {
        Self { age_max, kept: Mutex::default() }
    }

    fn get(&self, project: &Project, table: Table) -> Option<Arc<Vec<AttributeInfo>>> {
        let kept = self.lock();
        let kept = kept.get(&(project.clone(), table))?;
        (kept.made.elapsed() < self.age_max).then(|| Arc::clone(&kept.attributes))
    }

    fn put(&self, project: &Project, table: Table, attributes: &Arc<Vec<AttributeInfo>>) {
        let mut kept = self.lock();
        kept.retain(|_, kept| kept.made.elapsed() < self.age_max);
        if kept.len() < KEPT_MAX {
            let entry = Kept { made: Instant::now(), attributes: Arc::clone(attributes) };
            kept.insert((project.clone(), table), entry);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Project, Table), Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
