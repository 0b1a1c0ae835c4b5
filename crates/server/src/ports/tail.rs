//! The port that tells of records as they arrive.

use std::fmt;

use arrow::record_batch::RecordBatch;
use futures::stream::BoxStream;
use telltale_base::Project;

/// Tells of new records.
pub trait Tail: Send + Sync + fmt::Debug {
    /// Arrivals from now on, of all projects. What waits for a slow reader is bounded; beyond it the
    /// reader misses arrivals and is told so. Ends when the process stops.
    fn arrivals(&self) -> Arrivals;
}

/// A subscription.
pub type Arrivals = BoxStream<'static, Arrival>;

/// What a subscriber sees.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// Records that became visible.
    Records(TailRecords),
    /// So many exports were not delivered, because the reader was too slow.
    Missed(u64),
}

/// The records of one export.
#[derive(Clone, Debug)]
pub struct TailRecords {
    /// Whose they are.
    pub project: Project,
    /// SQL name of the table and rows; ids are binary.
    pub batches: Vec<(&'static str, RecordBatch)>,
}
