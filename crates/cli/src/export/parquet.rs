//! A Parquet file, which cannot be added to once it is whole: pages are kept as small files beside
//! it, and joined at the end into one with larger row groups.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use telltale_schema::Table;
use telltale_wal::{Fs, FsFile, write_atomic};

use super::position::{State, beside};
use super::shape;
use super::sink::Written;
use crate::error::CliError;

/// Encoded bytes at which a row group ends: they are held in memory until then.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// The folder of the pages of an unfinished file.
pub(super) fn parts_dir(out: &Path) -> PathBuf {
    beside(out, ".parts")
}

/// An unfinished file.
pub(super) struct Parts {
    fs: &'static dyn Fs,
    out: PathBuf,
    dir: PathBuf,
    written: u64,
}

impl Parts {
    pub(super) fn open(fs: &'static dyn Fs, out: &Path, state: &State) -> Result<Self, CliError> {
        let dir = parts_dir(out);
        fs.create_dir_all(&dir).map_err(CliError::file("create", &dir))?;
        Ok(Self { fs, out: out.to_owned(), dir, written: state.pages })
    }

    /// Writes a page. One that was written before the position was saved is replaced.
    pub(super) fn write(&mut self, batches: &[RecordBatch]) -> Result<Written, CliError> {
        let Some(first) = batches.first() else { return Ok(Written::default()) };
        let path = self.part(self.written);
        let mut bytes = Vec::new();
        encode(&mut bytes, &first.schema(), batches)
            .and_then(|()| Ok(write_atomic(self.fs, &path, &bytes)?))
            .map_err(failed("write", &path))?;
        self.written += 1;
        Ok(Written { bytes: bytes.len() as u64, refusal: None })
    }

    /// Joins the pages. The file appears whole or not at all; until it does, the pages stay.
    pub(super) fn publish(&self, table: Table, state: &State) -> Result<(), CliError> {
        let temporary = beside(&self.out, ".tmp");
        if self.fs.exists(&temporary).map_err(CliError::file("look for", &temporary))? {
            self.fs.remove_file(&temporary).map_err(CliError::file("remove", &temporary))?;
        }
        let file = self.fs.create_new(&temporary).map_err(CliError::file("create", &temporary))?;
        self.join(table, state.pages, Output(file)).map_err(failed("write", &temporary))?;
        let parent = self.out.parent().unwrap_or(Path::new(""));
        self.fs
            .rename(&temporary, &self.out)
            .and_then(|()| self.fs.sync_dir(parent))
            .map_err(CliError::file("publish", &self.out))
    }

    pub(super) fn clean(self) -> Result<(), CliError> {
        for name in self.fs.list(&self.dir).map_err(CliError::file("list", &self.dir))? {
            let path = self.dir.join(name);
            self.fs.remove_file(&path).map_err(CliError::file("remove", &path))?;
        }
        std::fs::remove_dir(&self.dir).map_err(CliError::file("remove", &self.dir))
    }

    fn join(&self, table: Table, pages: u64, output: Output) -> Result<(), ParquetError> {
        let schema: SchemaRef = match pages {
            0 => Arc::new(shape::plain_schema(table)),
            _ => Arc::clone(open(&self.part(0))?.schema()),
        };
        let mut writer = ArrowWriter::try_new(output, schema, Some(properties()))?;
        for page in 0..pages {
            for batch in open(&self.part(page))?.build()? {
                writer.write(&batch?)?;
            }
            if writer.in_progress_size() >= ROW_GROUP_BYTES {
                writer.flush()?;
            }
        }
        writer.into_inner()?.0.sync_data()?;
        Ok(())
    }

    fn part(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:08}.parquet"))
    }
}

fn encode(
    bytes: &mut Vec<u8>,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<(), ParquetError> {
    let mut writer = ArrowWriter::try_new(bytes, Arc::clone(schema), Some(properties()))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close().map(drop)
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, ParquetError> {
    ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(parquet::basic::ZstdLevel::default()))
        .build()
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(ParquetError) -> CliError + use<> {
    let wrap = CliError::file(action, path);
    move |error| wrap(io::Error::other(error))
}

/// A file as the writer wants it.
struct Output(Box<dyn FsFile>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
