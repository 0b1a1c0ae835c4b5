//! The names that SQL sees: one catalogue, one schema, the tables of one project. Nothing can be
//! registered in it but the schema that a front end brings along.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::common::{Result, plan_err};
use telltale_base::Project;
use telltale_schema::Table;

use crate::scan::filters::IdForm;
use crate::scan::reader::Readers;
use crate::source::Source;
use crate::table::TelltaleTable;

/// Name of the only catalogue.
pub const CATALOG: &str = "telltale";
/// Name of the schema of the telemetry tables.
pub const SCHEMA: &str = "public";
/// The one schema that may be added: the PostgreSQL front end's view of the others.
const FRONT_END_SCHEMA: &str = "pg_catalog";

/// The list that holds the only catalogue.
#[derive(Debug)]
pub(crate) struct Catalogs(pub(crate) Arc<Catalog>);

impl CatalogProviderList for Catalogs {
    /// Does nothing: there is one catalogue.
    fn register_catalog(
        &self,
        _name: String,
        _catalog: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![CATALOG.to_owned()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        (name == CATALOG).then(|| Arc::clone(&self.0) as Arc<dyn CatalogProvider>)
    }
}

/// The catalogue of one session.
#[derive(Debug)]
pub(crate) struct Catalog {
    tables: Arc<dyn SchemaProvider>,
    front_end: RwLock<Option<Arc<dyn SchemaProvider>>>,
}

impl Catalog {
    pub(crate) fn new(tables: Tables) -> Self {
        Self { tables: Arc::new(tables), front_end: RwLock::default() }
    }

    fn front_end(&self) -> Option<Arc<dyn SchemaProvider>> {
        self.front_end.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl CatalogProvider for Catalog {
    fn schema_names(&self) -> Vec<String> {
        let added = self.front_end().map(|_| FRONT_END_SCHEMA.to_owned());
        std::iter::once(SCHEMA.to_owned()).chain(added).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        match name {
            SCHEMA => Some(Arc::clone(&self.tables)),
            FRONT_END_SCHEMA => self.front_end(),
            _ => None,
        }
    }

    fn register_schema(
        &self,
        name: &str,
        schema: Arc<dyn SchemaProvider>,
    ) -> Result<Option<Arc<dyn SchemaProvider>>> {
        let mut slot = self.front_end.write().unwrap_or_else(PoisonError::into_inner);
        if name != FRONT_END_SCHEMA || slot.is_some() {
            return plan_err!("schemas cannot be created: the session is read-only");
        }
        *slot = Some(schema);
        Ok(None)
    }
}

/// The telemetry tables of one project. A name resolves to a table over a new snapshot, so every
/// statement sees what is durable when it is planned.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) project: Project,
    pub(crate) readers: Readers,
}

#[async_trait]
impl SchemaProvider for Tables {
    fn table_names(&self) -> Vec<String> {
        Table::ALL.iter().map(|table| table.name().to_owned()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(table) = Table::from_name(name) else { return Ok(None) };
        let snapshot = self.source.snapshot(&self.project, table);
        let table = TelltaleTable::new(snapshot, IdForm::Hex, self.readers.clone());
        Ok(Some(Arc::new(table)))
    }

    fn table_exist(&self, name: &str) -> bool {
        Table::from_name(name).is_some()
    }
}
