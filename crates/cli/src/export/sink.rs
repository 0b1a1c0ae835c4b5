//! Where pages go. A page that was written is durable, or acknowledged by who received it.

use std::path::Path;

use arrow::array::RecordBatch;
use telltale_schema::Table;
use telltale_wal::{Fs, FsFile};

use super::deliver::{Media, Receiver, Refusal};
use super::parquet::Parts;
use super::position::State;
use super::{ExportArgs, ExportFormat, jsonl, shape};
use crate::error::CliError;

/// Where an export goes.
pub(super) struct Sink {
    table: Table,
    target: Target,
}

enum Target {
    Jsonl(Appended),
    Otlp(Appended),
    Parquet(Parts),
    Remote(Receiver),
}

/// What became of a page.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Bytes that the file grew by.
    pub(super) bytes: u64,
    pub(super) refusal: Option<Refusal>,
}

impl Sink {
    pub(super) fn open(
        fs: &'static dyn Fs,
        args: &ExportArgs,
        state: &State,
    ) -> Result<Self, CliError> {
        let table = args.table.table();
        let target = match (&args.out, &args.to, args.format) {
            (Some(out), _, ExportFormat::Parquet) => Target::Parquet(Parts::open(fs, out, state)?),
            (Some(out), _, ExportFormat::Jsonl) => Target::Jsonl(Appended::open(fs, out, state)?),
            (Some(out), _, ExportFormat::Otlp) => Target::Otlp(Appended::open(fs, out, state)?),
            (None, to, _) => {
                let to = to.as_deref().unwrap_or_default();
                Target::Remote(Receiver::new("--to", to, args.to_key.clone())?)
            }
        };
        Ok(Self { table, target })
    }

    /// Writes a page. On an error, part of it may have been written; a resume writes it again.
    pub(super) async fn write(&mut self, batches: &[RecordBatch]) -> Result<Written, CliError> {
        let encode = |batches| {
            shape::requests(self.table, batches)
                .map_err(|error| CliError::Usage(format!("a row cannot be exported: {error}")))
        };
        match &mut self.target {
            Target::Jsonl(file) => {
                let mut text = Vec::new();
                for batch in batches {
                    jsonl::write(&mut text, batch).map_err(|error| {
                        CliError::Usage(format!("a row cannot be exported: {error}"))
                    })?;
                }
                file.append(&text)
            }
            // Requests that stand behind each other are one request.
            Target::Otlp(file) => file.append(&encode(batches)?.concat()),
            Target::Parquet(parts) => parts.write(batches),
            Target::Remote(receiver) => {
                let mut refusal = Refusal::default();
                for body in encode(batches)? {
                    let signal = shape::signal(self.table);
                    refusal.add(receiver.send(signal, Media::Protobuf, body).await?);
                }
                Ok(Written { bytes: 0, refusal: Some(refusal).filter(|r| r.rejected > 0) })
            }
        }
    }

    /// Makes the file of a format that needs an end, from the pages.
    pub(super) fn publish(&self, state: &State) -> Result<(), CliError> {
        match &self.target {
            Target::Parquet(parts) => parts.publish(self.table, state),
            Target::Jsonl(_) | Target::Otlp(_) | Target::Remote(_) => Ok(()),
        }
    }

    /// Removes a file that no page got into.
    pub(super) fn discard(self) -> Result<(), CliError> {
        match self.target {
            Target::Jsonl(file) | Target::Otlp(file) => file.discard(),
            Target::Parquet(parts) => parts.clean(),
            Target::Remote(_) => Ok(()),
        }
    }

    /// Removes what only a resume needs.
    pub(super) fn clean(self) -> Result<(), CliError> {
        match self.target {
            Target::Parquet(parts) => parts.clean(),
            Target::Jsonl(_) | Target::Otlp(_) | Target::Remote(_) => Ok(()),
        }
    }
}

/// A file that grows by whole pages.
struct Appended {
    fs: &'static dyn Fs,
    file: Box<dyn FsFile>,
    path: std::path::PathBuf,
    length: u64,
}

impl Appended {
    /// Cuts off what was written after the position was.
    fn open(fs: &'static dyn Fs, path: &Path, state: &State) -> Result<Self, CliError> {
        let exists = fs.exists(path).map_err(CliError::file("look for", path))?;
        let open = if exists { fs.open_write(path) } else { fs.create_new(path) };
        let mut file = open.map_err(CliError::file("open", path))?;
        let length = file.len().map_err(CliError::file("read", path))?;
        if length < state.bytes {
            return Err(CliError::Usage(format!(
                "{} has {length} bytes and had {} when the export stopped: start again with another file",
                path.display(),
                state.bytes
            )));
        }
        file.truncate(state.bytes).map_err(CliError::file("cut", path))?;
        if !exists {
            let parent = path.parent().unwrap_or(Path::new(""));
            fs.sync_dir(parent).map_err(CliError::file("sync", parent))?;
        }
        Ok(Self { fs, file, path: path.to_owned(), length: state.bytes })
    }

    fn discard(self) -> Result<(), CliError> {
        self.fs.remove_file(&self.path).map_err(CliError::file("remove", &self.path))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<Written, CliError> {
        self.file
            .write_all_at(bytes, self.length)
            .and_then(|()| self.file.sync_data())
            .map_err(CliError::file("write", &self.path))?;
        self.length += bytes.len() as u64;
        Ok(Written { bytes: bytes.len() as u64, refusal: None })
    }
}
