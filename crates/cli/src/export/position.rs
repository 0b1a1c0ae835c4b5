//! How far an export came, kept in a small file that is replaced after each durable page.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use telltale_wal::{Fs, write_atomic};

use super::job::Job;
use super::pages::PAGE_ROWS_FIRST;
use super::{ExportArgs, parquet};
use crate::error::CliError;

/// Version of the file; another one is refused.
const VERSION: u32 = 1;

/// What was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) last_record_id: Option<i64>,
    pub(super) page_rows: usize,
    pub(super) rows: u64,
    /// Length of the file, where the format appends to one.
    pub(super) bytes: u64,
    pub(super) pages: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    version: u32,
    job: Job,
    #[serde(flatten)]
    state: State,
}

/// The state and its file.
pub(super) struct Progress<'f> {
    fs: &'f dyn Fs,
    path: Option<PathBuf>,
    job: Job,
    pub(super) state: State,
}

impl<'f> Progress<'f> {
    /// Takes up an export or begins one, of which [`Progress::save`] makes a file. Refuses to touch what another one left.
    pub(super) fn open(fs: &'f dyn Fs, args: &ExportArgs, job: &Job) -> Result<Self, CliError> {
        let path = args.out.as_deref().map(|out| beside(out, ".position"));
        let path = path.or_else(|| args.position.clone());
        if args.resume && path.is_none() {
            let problem = "--resume with --to needs --position FILE, which says how far it came";
            return Err(CliError::Usage(problem.to_owned()));
        }
        let exists = |path: &Path| fs.exists(path).map_err(CliError::file("look for", path));
        let begun = path.as_deref().map(exists).transpose()?.unwrap_or(false);
        let state = match &path {
            Some(path) if begun && args.resume => read(fs, path, job)?,
            _ => {
                refuse_leftovers(args, path.as_deref().filter(|_| begun), exists)?;
                State {
                    last_record_id: None,
                    page_rows: PAGE_ROWS_FIRST,
                    rows: 0,
                    bytes: 0,
                    pages: 0,
                }
            }
        };
        Ok(Self { fs, path, job: job.clone(), state })
    }

    /// When it returns, the state is durable.
    pub(super) fn save(&self) -> Result<(), CliError> {
        let Some(path) = &self.path else { return Ok(()) };
        let kept = Kept { version: VERSION, job: self.job.clone(), state: self.state.clone() };
        let json = serde_json::to_vec_pretty(&kept).map_err(std::io::Error::from);
        json.and_then(|json| write_atomic(self.fs, path, &json))
            .map_err(CliError::file("write", path))
    }

    pub(super) fn remove(&self) -> Result<(), CliError> {
        let Some(path) = &self.path else { return Ok(()) };
        self.fs.remove_file(path).map_err(CliError::file("remove", path))
    }
}

fn refuse_leftovers(
    args: &ExportArgs,
    position: Option<&Path>,
    exists: impl Fn(&Path) -> Result<bool, CliError>,
) -> Result<(), CliError> {
    if let Some(path) = position {
        return Err(CliError::Usage(format!(
            "{} is left of an earlier export: go on with it with --resume, or remove it",
            path.display()
        )));
    }
    let Some(out) = &args.out else { return Ok(()) };
    let parts = parquet::parts_dir(out);
    for path in [out, &parts] {
        if exists(path)? {
            let why = if args.resume { ", and no position file says how far it came" } else { "" };
            return Err(CliError::Usage(format!(
                "{} exists{why}: choose another file, or remove it",
                path.display()
            )));
        }
    }
    Ok(())
}

fn read(fs: &dyn Fs, path: &Path, job: &Job) -> Result<State, CliError> {
    let bytes = fs.read(path).map_err(CliError::file("read", path))?;
    let unusable = |problem: &str| CliError::Usage(format!("{}: {problem}", path.display()));
    let kept: Kept = serde_json::from_slice(&bytes)
        .map_err(|error| unusable(&format!("not a position of an export ({error})")))?;
    if kept.version != VERSION {
        return Err(unusable("written by another version of this program"));
    }
    if kept.job != *job {
        return Err(unusable(
            "belongs to an export of another table, format, time, condition or target; resume with the same arguments",
        ));
    }
    Ok(kept.state)
}

/// `path` with something behind its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(ending);
    PathBuf::from(name)
}
