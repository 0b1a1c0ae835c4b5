//! What can be wrong with a whole body, and with batches that are to become one. A record that is
//! refused alone is not an error: see [`crate::Reason`].

use telltale_base::ErrorKind;

/// A body that cannot be decoded at all.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The body is not the protobuf message that it should be.
    #[error("malformed OTLP protobuf at byte {at}, in {path}: {problem}")]
    Protobuf {
        /// Offset in the body.
        at: usize,
        /// Path of the field: `resource_spans[0].scope_spans[0].spans[2].name`.
        path: String,
        /// What is wrong there.
        problem: String,
    },
    /// The body is not OTLP's JSON.
    #[error("malformed OTLP/JSON at line {line}, column {column}, in {path}: {problem}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// Path of the field: `resourceSpans[0].scopeSpans[0].spans[2].name`.
        path: String,
        /// What is wrong there.
        problem: String,
    },
    /// The rows do not make a batch, which is our fault.
    #[error("cannot build a batch")]
    Batch(#[source] arrow::error::ArrowError),
}

impl DecodeError {
    /// What the caller must do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Protobuf { .. } | Self::Json { .. } => ErrorKind::Invalid,
            Self::Batch(_) => ErrorKind::Internal,
        }
    }
}

/// Batches that do not hold what they should.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A column that cannot be absent is.
    #[error("the table {table} has no column {column}")]
    MissingColumn {
        /// SQL name of the table.
        table: &'static str,
        /// Name of the column.
        column: &'static str,
    },
    /// A table that no client sends: it is made of the others.
    #[error("rows of {table} are made by the server and cannot be sent")]
    NotSent {
        /// SQL name of the table.
        table: &'static str,
    },
    /// A column of another type.
    #[error("the column {column} cannot be read")]
    Column {
        /// Name of the column.
        column: &'static str,
        /// Why.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// A text that should be attributes, events, links, exemplars or a body, and is not.
    #[error("the column {column} of row {row} cannot be read: {problem}")]
    Text {
        /// Name of the column.
        column: &'static str,
        /// Row in its batch.
        row: usize,
        /// What is wrong.
        problem: String,
    },
}

impl EncodeError {
    /// What the caller must do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::MissingColumn { .. } | Self::NotSent { .. } | Self::Column { .. } => {
                ErrorKind::Invalid
            }
            Self::Text { .. } => ErrorKind::Corrupt,
        }
    }
}
