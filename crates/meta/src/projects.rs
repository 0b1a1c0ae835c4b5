//! Projects that are known by name. A record may belong to a project before it is listed here; a
//! key may not.

use sqlx::SqliteConnection;
use telltale_base::{Project, UnixNanos};

use crate::database::Meta;
use crate::error::MetaError;

impl Meta {
    /// All known projects, by name.
    pub async fn projects(&self) -> Result<Vec<Project>, MetaError> {
        let names: Vec<String> = sqlx::query_scalar("SELECT name FROM projects ORDER BY name")
            .fetch_all(&self.pool)
            .await
            .map_err(MetaError::statement("list projects"))?;
        names.iter().map(|name| Ok(Project::new(name)?)).collect()
    }
}

pub(crate) async fn ensure(
    connection: &mut SqliteConnection,
    project: &Project,
    now: UnixNanos,
) -> Result<(), MetaError> {
    sqlx::query("INSERT INTO projects (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(project.as_str())
        .bind(now.0)
        .execute(connection)
        .await
        .map_err(MetaError::statement("add a project"))?;
    Ok(())
}
