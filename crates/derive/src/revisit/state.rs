//! The job's place, in a small file that is replaced after each page.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use telltale_base::Project;
use telltale_wal::{Fs, write_atomic};

use crate::error::DeriveError;

const VERSION: u32 = 1;

/// How far the job has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// Fingerprint of what rows up to the places were made by.
    #[serde(rename = "rules")]
    pub(super) made_by: u64,
    /// The last row to visit.
    pub(super) upto: i64,
    projects: BTreeMap<String, Place>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    after: i64,
    done: bool,
}

impl State {
    pub(super) fn new(made_by: u64, upto: i64) -> Self {
        Self { version: VERSION, made_by, upto, projects: BTreeMap::new() }
    }

    /// `None` when there is none, or none that can be read: the job then starts over, which costs
    /// time and changes nothing.
    pub(super) fn read(fs: &dyn Fs, path: &Path) -> Option<Self> {
        let state: Self = serde_json::from_slice(&fs.read(path).ok()?).ok()?;
        (state.version == VERSION).then_some(state)
    }

    pub(super) fn write(&self, fs: &dyn Fs, path: &Path) -> Result<(), DeriveError> {
        let json = serde_json::to_vec(self).map_err(std::io::Error::from);
        json.and_then(|json| write_atomic(fs, path, &json))
            .map_err(|source| DeriveError::State { path: path.to_owned(), source })
    }

    pub(super) fn is_done(&self, project: &Project) -> bool {
        self.projects.get(project.as_str()).is_some_and(|place| place.done)
    }

    /// The last row visited.
    pub(super) fn place(&self, project: &Project) -> i64 {
        self.projects.get(project.as_str()).map_or(-1, |place| place.after)
    }

    pub(super) fn advance(&mut self, project: &Project, after: i64) {
        self.entry(project).after = after;
    }

    pub(super) fn finish(&mut self, project: &Project) {
        self.entry(project).done = true;
    }

    fn entry(&mut self, project: &Project) -> &mut Place {
        self.projects.entry(project.as_str().to_owned()).or_default()
    }
}
