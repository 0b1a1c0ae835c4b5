//! Why an export was not acknowledged.

use std::time::Duration;

use telltale_base::ErrorKind;
use telltale_otlp::DecodeError;
use telltale_store::StoreError;

/// An export that was not stored. Nothing of it is visible to queries.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The body is not what its content type says.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// Too many exports are being admitted.
    #[error("{limit} exports are being stored already; send this one again in a moment")]
    TooManyExports {
        /// The configured limit.
        limit: usize,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The worker that handled the export died; its outcome is unknown, so the client must retry.
    #[error("the export was interrupted before its outcome was known")]
    Interrupted,
}

impl IngestError {
    /// What the client must do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Decode(_) => ErrorKind::Invalid,
            Self::TooManyExports { .. } | Self::Interrupted => ErrorKind::Busy,
            Self::Store(error) => match error.kind() {
                // The client cannot mend a failing disk; it can keep the data and try again.
                ErrorKind::Internal | ErrorKind::Corrupt => ErrorKind::Busy,
                other => other,
            },
        }
    }

    /// When to try again, for errors of kind `Busy`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        (self.kind() == ErrorKind::Busy).then_some(Duration::from_secs(1))
    }
}
