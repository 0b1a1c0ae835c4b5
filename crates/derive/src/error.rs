//! Why a job did not get on. All of them are tried again.

use std::path::PathBuf;

use telltale_otlp::{DecodeError, EncodeError};
use telltale_store::StoreError;

/// A step that failed; the job goes on from the step before.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    /// Rows could not be read.
    #[error("cannot read stored spans: {0}")]
    Rows(String),
    /// The store did not take the corrections.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored row is not what ingest once wrote.
    #[error("a stored span cannot be read")]
    Encode(#[from] EncodeError),
    /// A stored row does not decode.
    #[error("a stored span cannot be decoded")]
    Decode(#[from] DecodeError),
    /// The job's place cannot be kept.
    #[error("cannot write {}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}
