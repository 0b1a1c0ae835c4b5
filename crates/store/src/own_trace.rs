//! The span of one piece of background work: a trace of its own, with what was worked on and how it
//! ended. Work that finds nothing to do makes none.

use std::sync::Arc;

use telltale_base::Project;
use telltale_schema::Table;
use tracing::Span;
use tracing::field::Empty;

use crate::health::Task;
use crate::{DataFile, StoreError};

/// A piece of work being done.
#[derive(Debug)]
pub(crate) struct Work(Span);

impl Work {
    /// Begins. The project is named when the work is for that one alone.
    pub(crate) fn begin(task: Task, table: Option<Table>, project: Option<&Project>) -> Self {
        Self(tracing::info_span!(
            parent: None,
            "task",
            otel.name = task.name(),
            otel.status_code = Empty,
            telltale.task = task.name(),
            telltale.table = table.map(Table::name),
            telltale.project = project.map(Project::as_str),
            telltale.files = Empty,
            telltale.rows = Empty,
            telltale.bytes = Empty,
            telltale.outcome = Empty,
            error.type = Empty,
        ))
    }

    /// Notes the files that the work wrote, or reads, or takes away.
    pub(crate) fn files(&self, files: &[Arc<DataFile>]) {
        let rows = files.iter().map(|file| file.rows).sum();
        self.sizes(files.len(), Some(rows), files.iter().map(|file| file.bytes).sum());
    }

    /// Notes how much it is.
    pub(crate) fn sizes(&self, files: usize, rows: Option<u64>, bytes: u64) {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.0.record("telltale.files", i64::try_from(files).unwrap_or(i64::MAX));
        self.0.record("telltale.rows", rows.map(signed));
        self.0.record("telltale.bytes", signed(bytes));
    }

    /// Ends.
    pub(crate) fn end<T>(self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        match &result {
            Ok(_) => {
                self.0.record("telltale.outcome", "done");
            }
            Err(error) => {
                self.0.record("telltale.outcome", "failed");
                self.0.record("error.type", error.kind().name());
                self.0.record("otel.status_code", "ERROR");
            }
        }
        result
    }
}
