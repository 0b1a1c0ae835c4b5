//! What a query does about a damaged file: it has the file looked at and set aside, and is asked
//! again without it.
//!
//! The engine says that something could not be decoded, never in which file. So the scans of a
//! session note what they open, and after such an error the files are looked at, the latest first.

use std::collections::VecDeque;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use telltale_base::ErrorKind;
use telltale_store::FileCheck;
use tokio::time::timeout;

use crate::error::QueryError;
use crate::source::Source;

/// Files that a session remembers to have opened.
const OPENED_MAX: usize = 256;
/// Longest time to look for the file that an error came from.
const LOOK_MAX: Duration = Duration::from_secs(20);
/// How often a request begins anew without a file that was set aside; more are told.
const ANEW_MAX: usize = 4;

/// The files that scans opened, the latest last. Names only: holding a file would keep it on disk.
#[derive(Debug, Default)]
pub(crate) struct OpenedFiles(Mutex<VecDeque<PathBuf>>);

impl OpenedFiles {
    pub(crate) fn add(&self, path: &Path) {
        let mut paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paths.retain(|known| known != path);
        if paths.len() >= OPENED_MAX {
            paths.pop_front();
        }
        paths.push_back(path.to_path_buf());
    }

    fn take(&self) -> Vec<PathBuf> {
        let mut paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paths.drain(..).rev().collect()
    }
}

/// Finds out what is behind an error.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) opened: Arc<OpenedFiles>,
}

impl Judge {
    /// The error, or that a file was set aside because of it. Errors of limits, deadlines and
    /// wrong statements are never looked into.
    pub(crate) async fn judge(&self, error: QueryError) -> QueryError {
        if !matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Internal) {
            return error;
        }
        let look = async {
            for path in self.opened.take() {
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                match self.source.check_file(&path).await {
                    FileCheck::Sound => {}
                    FileCheck::Gone => return Some((file, "it was taken away".to_owned())),
                    FileCheck::SetAside(reason) => return Some((file, reason)),
                }
            }
            None
        };
        match timeout(LOOK_MAX, look).await {
            Ok(Some((file, reason))) => QueryError::SetAside { file, reason },
            Ok(None) | Err(_) => error,
        }
    }
}

/// Asks again while files are set aside.
pub(crate) async fn anew<T, F>(ask: impl Fn() -> F) -> Result<T, QueryError>
where
    F: Future<Output = Result<T, QueryError>>,
{
    for _ in 0..ANEW_MAX {
        match ask().await {
            Err(QueryError::SetAside { file, reason }) => {
                tracing::warn!(file, reason, "a query begins anew without a damaged file");
            }
            answer => return answer,
        }
    }
    ask().await
}
