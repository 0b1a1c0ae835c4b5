//! The limits of queries.

use std::path::PathBuf;
use std::time::Duration;

/// Limits of the query engine. Each is enforced for every request, whatever its front end.
#[derive(Clone, Debug)]
pub struct QueryConfig {
    /// Memory of all running queries together, in bytes.
    pub memory_bytes: u64,
    /// Memory of one query, in bytes. Sorts and aggregates beyond it spill to disk.
    pub query_memory_bytes: u64,
    /// Time from the request to its last row.
    pub timeout: Duration,
    /// Rows that one SQL request may return; further rows are cut off and the result says so.
    pub rows_max: usize,
    /// Bytes of the answer to one SQL request in the form that it is sent in; further rows are cut off
    /// and the result says so.
    pub result_bytes_max: u64,
    /// Threads that compute queries, and the parallelism of one query.
    pub threads: usize,
    /// Queries that may run at once; the next one is refused as busy.
    pub concurrent_max: usize,
    /// Folder for temporary files.
    pub spill_dir: PathBuf,
    /// Bytes of temporary files of all queries together.
    pub spill_bytes_max: u64,
    /// Length of a query text, in bytes.
    pub text_bytes_max: usize,
    /// Operators and keywords of a query text. Names, literals and commas do not count, so lists of
    /// columns and values may be long; what counts bounds the depth of the expression, and with it
    /// the time of planning, which no timeout can interrupt.
    pub operators_max: usize,
    /// Memory for footers, bloom filters and attribute indexes of data files, in bytes.
    pub cache_bytes: usize,
    /// Data files held open between queries.
    pub open_files_max: usize,
    /// Traces in one page of a search.
    pub traces_page_max: usize,
    /// Spans in one page of a trace.
    pub spans_page_max: usize,
    /// Spans of a trace that can be put in order.
    pub trace_spans_max: usize,
    /// Rows in memory that one look at the catalogue of attributes reads; with more it says that
    /// it is incomplete.
    pub catalogue_rows: usize,
    /// How long a catalogue of attributes is kept in memory after it was used last.
    pub catalogue_age: Duration,
}

impl Default for QueryConfig {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            memory_bytes: 1 << 30,
            query_memory_bytes: 512 << 20,
            timeout: Duration::from_secs(30),
            rows_max: 100_000,
            result_bytes_max: 256 << 20,
            threads,
            concurrent_max: 64,
            spill_dir: std::env::temp_dir(),
            spill_bytes_max: 8 << 30,
            text_bytes_max: 1 << 20,
            operators_max: 1_000,
            cache_bytes: 96 << 20,
            open_files_max: 256,
            traces_page_max: 1_000,
            spans_page_max: 5_000,
            trace_spans_max: 1_000_000,
            catalogue_rows: 2_000_000,
            catalogue_age: Duration::from_mins(1),
        }
    }
}
