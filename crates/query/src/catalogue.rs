//! What there is to ask for: tables with their columns, and the attributes in use.

mod attributes;
mod current;

use serde::Serialize;
use telltale_schema::Table;

use crate::encode::type_name;
use crate::engine::Engine;

pub use attributes::{
    AttributeInfo, AttributeScopeName, AttributesFound, AttributesRequest, ValueCount,
};
pub(crate) use current::Kept;

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

#[cfg(test)]
mod tests;
