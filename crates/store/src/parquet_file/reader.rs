//! Reads data files back for merging and folding. Queries have their own way of reading.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::datatypes::{Field, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::ChunkReader;
use telltale_schema::Table;

use crate::StoreError;
use crate::catalogue::ATTRIBUTE_COLUMNS;

/// Uncompressed bytes that one batch of a reader should not exceed by much.
const BATCH_BYTES: i64 = 4 << 20;
/// A merge holds a batch of each of its inputs, with all columns, which take far more in memory
/// than in the file.
const BATCH_ROWS_MAX: i64 = 2048;

/// The rows of one file in file schema, columns that it lacks being null.
#[derive(Debug)]
pub(crate) struct FileReader {
    path: std::path::PathBuf,
    /// `None` to have only what was asked for and is there.
    schema: Option<SchemaRef>,
    batches: ParquetRecordBatchReader,
}

impl FileReader {
    /// Opens a file. Blocks, as does reading.
    pub(crate) fn open(table: Table, path: &Path) -> Result<Self, StoreError> {
        Self::start(path, open(table, path)?, Some(table.file_schema()))
    }

    /// Opens a file to read only what the catalogue of attributes wants.
    pub(crate) fn open_attributes(table: Table, path: &Path) -> Result<Self, StoreError> {
        let builder = open(table, path)?;
        let wanted = ["record_id", table.time_column()].into_iter().chain(ATTRIBUTE_COLUMNS);
        let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
        Self::start(path, builder.with_projection(mask), None)
    }

    fn start(
        path: &Path,
        builder: ParquetRecordBatchReaderBuilder<File>,
        schema: Option<SchemaRef>,
    ) -> Result<Self, StoreError> {
        let metadata = Arc::clone(builder.metadata());
        let rows = metadata.file_metadata().num_rows().max(1);
        let bytes: i64 = metadata.row_groups().iter().map(RowGroupMetaData::total_byte_size).sum();
        let fitting = (BATCH_BYTES / (bytes / rows).max(1)).clamp(64, BATCH_ROWS_MAX);
        let batches = builder
            .with_batch_size(usize::try_from(fitting).unwrap_or(64))
            .build()
            .map_err(StoreError::parquet(path))?;
        Ok(Self { path: path.to_path_buf(), schema, batches })
    }

    fn adapt(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let Some(schema) = self.schema.as_ref().filter(|schema| batch.schema_ref() != *schema)
        else {
            return Ok(batch.clone());
        };
        let column = |field: &Arc<Field>| -> ArrayRef {
            batch
                .column_by_name(field.name())
                .cloned()
                .unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
        };
        let columns = schema.fields().iter().map(column).collect();
        RecordBatch::try_new(Arc::clone(schema), columns)
    }
}

impl Iterator for FileReader {
    type Item = Result<RecordBatch, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?;
        let unreadable =
            |e: ArrowError| StoreError::Corrupt { path: self.path.clone(), reason: e.to_string() };
        Some(batch.and_then(|batch| self.adapt(&batch)).map_err(unreadable))
    }
}

/// The record ids of a file, in its order. Blocks.
pub(crate) fn read_record_ids(table: Table, path: &Path) -> Result<Vec<i64>, StoreError> {
    let builder = open(table, path)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["record_id"]);
    let reader = builder.with_projection(mask).build().map_err(StoreError::parquet(path))?;
    let mut ids = Vec::new();
    for batch in reader {
        let batch = batch
            .map_err(|e| StoreError::Corrupt { path: path.to_path_buf(), reason: e.to_string() })?;
        let column = batch.columns().first();
        if let Some(column) = column.and_then(|c| c.as_primitive_opt::<Int64Type>()) {
            ids.extend(column.values());
        }
    }
    Ok(ids)
}

fn open(table: Table, path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let unreadable =
        |e: ParquetError| StoreError::Corrupt { path: path.to_path_buf(), reason: e.to_string() };
    typed(table, file).map_err(unreadable)
}

/// What is wrong with the bytes of a file, found by decoding all of them. Nothing else can be
/// wrong: the disk was asked before.
pub(crate) fn damage(table: Table, bytes: Bytes, rows: u64) -> Option<String> {
    let read = || -> Result<u64, String> {
        let builder = typed(table, bytes).map_err(|e| e.to_string())?;
        let batches = builder.build().map_err(|e| e.to_string())?;
        let mut rows = 0;
        for batch in batches {
            rows += batch.map_err(|e| e.to_string())?.num_rows() as u64;
        }
        Ok(rows)
    };
    match read() {
        Ok(found) if found == rows => None,
        Ok(found) => Some(format!("it has {found} rows, {rows} were written")),
        Err(reason) => Some(reason),
    }
}

/// A reader whose columns come in the types of memory.
fn typed<R: ChunkReader + 'static>(
    table: Table,
    source: R,
) -> Result<ParquetRecordBatchReaderBuilder<R>, ParquetError> {
    let found = ArrowReaderMetadata::load(&source, ArrowReaderOptions::new())?;
    let fields = found.schema().fields().iter().map(|field| {
        let wanted = table.column(field.name()).map(|c| c.ty.memory());
        match wanted {
            Some(ty) => Arc::new(field.as_ref().clone().with_data_type(ty)),
            None => Arc::clone(field),
        }
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), options)?;
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(source, metadata))
}
