//! Reads the rows of a job from the server, in order of `record_id`, in pages of bounded size.
//!
//! The ids are asked for first, many at a time: that reads one narrow column. A page is then the
//! rows between two ids, which lets the server leave out the files that hold none of them.

use std::collections::VecDeque;
use std::io::Cursor;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use serde_json::json;

use super::job::Job;
use super::position::State;
use crate::client::Client;
use crate::error::CliError;

const ARROW: &str = "application/vnd.apache.arrow.stream";
/// Ids asked for at a time; half the rows that a server returns by default.
const IDS_MAX: usize = 50_000;
/// Rows of the first page, when nothing is known of their size.
pub(super) const PAGE_ROWS_FIRST: usize = 500;
/// Most rows of a page.
const PAGE_ROWS_MAX: usize = 5_000;
/// Bytes that a page should have.
const PAGE_BYTES: usize = 16 << 20;

/// Some rows.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) batches: Vec<RecordBatch>,
    pub(super) rows: usize,
    /// `record_id` of the last row.
    pub(super) last: i64,
}

/// The rows of a job that the server had when they were opened.
#[derive(Debug)]
pub(super) struct Pages<'c> {
    client: &'c Client,
    table: &'static str,
    conditions: Vec<String>,
    after: Option<i64>,
    /// The last row; later ones are left to another export, so that this one ends.
    end: Option<i64>,
    total: u64,
    ids: VecDeque<i64>,
    page_rows: usize,
}

impl<'c> Pages<'c> {
    pub(super) async fn open(
        client: &'c Client,
        job: &Job,
        state: &State,
    ) -> Result<Self, CliError> {
        let mut pages = Self {
            client,
            table: job.table().name(),
            conditions: job.conditions(),
            after: state.last_record_id,
            end: None,
            total: 0,
            ids: VecDeque::new(),
            page_rows: state.page_rows.clamp(1, PAGE_ROWS_MAX),
        };
        let sql = pages.sql("count(*), max(record_id)", None, "");
        let (batches, _) = pages.ask(&sql).await?;
        for batch in &batches {
            let number = |at: usize| -> Result<Option<i64>, CliError> {
                Ok(pages.integers(batch, at)?.first().copied().flatten())
            };
            let (total, end) = (number(0)?, number(1)?);
            pages.total = total.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
            pages.end = end;
        }
        Ok(pages)
    }

    /// Rows to come.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Rows of the next page, if there are so many.
    pub(super) fn page_rows(&self) -> usize {
        self.page_rows
    }

    /// The next rows, `None` behind the last. Where a page ends depends only on the rows stored and
    /// on `page_rows`, so that a page that is sent again after a resume is the same.
    pub(super) async fn next(&mut self) -> Result<Option<Page>, CliError> {
        let Some(end) = self.end else { return Ok(None) };
        loop {
            if self.ids.len() < self.page_rows {
                self.ids = self.read_ids(end).await?;
            }
            let count = self.ids.len().min(self.page_rows);
            let Some(last) = count.checked_sub(1).and_then(|at| self.ids.get(at)).copied() else {
                return Ok(None);
            };
            let sql = self.sql("*", Some(last), " ORDER BY record_id");
            let (batches, bytes) = match self.ask(&sql).await {
                // The rows are larger than expected.
                Err(CliError::Refused { status: 413 | 504, .. }) if count > 1 => {
                    self.page_rows = count / 2;
                    continue;
                }
                answer => answer?,
            };
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            // A server with a small limit of rows cuts the page: go on behind what came. Nothing
            // comes when the rows were deleted meanwhile.
            let reached = self.last_id(&batches)?.unwrap_or(last);
            self.after = Some(reached);
            self.ids.retain(|id| *id > reached);
            if let Some(row_bytes) = bytes.checked_div(rows) {
                let fitting = PAGE_BYTES / row_bytes.max(1);
                self.page_rows = fitting.clamp(1, PAGE_ROWS_MAX);
                return Ok(Some(Page { batches, rows, last: reached }));
            }
        }
    }

    async fn read_ids(&self, end: i64) -> Result<VecDeque<i64>, CliError> {
        let rest = format!(" ORDER BY record_id LIMIT {IDS_MAX}");
        let (batches, _) = self.ask(&self.sql("record_id", Some(end), &rest)).await?;
        let mut ids = VecDeque::new();
        for batch in &batches {
            ids.extend(self.integers(batch, 0)?.into_iter().flatten());
        }
        Ok(ids)
    }

    fn last_id(&self, batches: &[RecordBatch]) -> Result<Option<i64>, CliError> {
        let Some(batch) = batches.iter().rev().find(|batch| batch.num_rows() > 0) else {
            return Ok(None);
        };
        let at = batch.schema().index_of("record_id").map_err(|e| self.client.unexpected(&e))?;
        Ok(self.integers(batch, at)?.last().copied().flatten())
    }

    fn sql(&self, columns: &str, to: Option<i64>, rest: &str) -> String {
        let after = self.after.map(|id| format!("record_id > {id}"));
        let to = to.map(|id| format!("record_id <= {id}"));
        let conditions: Vec<String> =
            self.conditions.iter().cloned().chain(after).chain(to).collect();
        let start = if conditions.is_empty() { "" } else { " WHERE " };
        format!("SELECT {columns} FROM {}{start}{}{rest}", self.table, conditions.join(" AND "))
    }

    /// The rows of an answer, and its length in bytes.
    async fn ask(&self, sql: &str) -> Result<(Vec<RecordBatch>, usize), CliError> {
        let body = json!({ "query": sql });
        let mut response = self.client.post(&["api", "v1", "sql"], &body, ARROW).await?;
        let mut bytes = Vec::new();
        while let Some(part) = self.client.part(&mut response).await? {
            bytes.extend_from_slice(&part);
        }
        let length = bytes.len();
        let read = || StreamReader::try_new(Cursor::new(bytes), None)?.collect();
        let batches: Result<Vec<RecordBatch>, ArrowError> = read();
        Ok((batches.map_err(|error| self.client.unexpected(&error))?, length))
    }

    fn integers(&self, batch: &RecordBatch, at: usize) -> Result<Vec<Option<i64>>, CliError> {
        let missing = || self.client.unexpected(&format!("the answer has no column {at}"));
        let column = batch.columns().get(at).ok_or_else(missing)?;
        let column =
            cast(column, &DataType::Int64).map_err(|error| self.client.unexpected(&error))?;
        let values = column.as_primitive_opt::<Int64Type>().ok_or_else(missing)?;
        Ok((0..values.len()).map(|row| values.is_valid(row).then(|| values.value(row))).collect())
    }
}
