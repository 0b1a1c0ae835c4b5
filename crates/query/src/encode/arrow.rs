//! An Arrow IPC stream. View types become plain ones, which every reader knows.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::writer::StreamWriter;

use super::Encoder;
use crate::error::QueryError;

/// Writes schema and batches as IPC messages.
#[derive(Default)]
pub(super) struct Arrow {
    writer: Option<(StreamWriter<Vec<u8>>, SchemaRef)>,
}

impl Arrow {
    fn taken(&mut self) -> Vec<u8> {
        self.writer.as_mut().map(|(w, _)| std::mem::take(w.get_mut())).unwrap_or_default()
    }
}

impl Encoder for Arrow {
    fn begin(&mut self, schema: &SchemaRef) -> Result<Vec<u8>, QueryError> {
        let fields = schema.fields().iter().map(|field| {
            let ty = plain(field.data_type());
            Field::new(field.name(), ty, field.is_nullable())
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        self.writer = Some((StreamWriter::try_new(Vec::new(), &schema)?, schema));
        Ok(self.taken())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, QueryError> {
        if let Some((writer, schema)) = &mut self.writer {
            let columns = batch.columns().iter().zip(schema.fields());
            let columns: Vec<ArrayRef> = columns
                .map(|(column, field)| cast(column, field.data_type()))
                .collect::<Result<_, _>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            writer.write(&RecordBatch::try_new_with_options(
                Arc::clone(schema),
                columns,
                &options,
            )?)?;
        }
        Ok(self.taken())
    }

    fn end(&mut self, _truncated: bool) -> Result<Vec<u8>, QueryError> {
        if let Some((writer, _)) = &mut self.writer {
            writer.finish()?;
        }
        Ok(self.taken())
    }
}

fn plain(ty: &DataType) -> DataType {
    match ty {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(item) => {
            let item = Field::new(item.name(), plain(item.data_type()), item.is_nullable());
            DataType::List(Arc::new(item))
        }
        other => other.clone(),
    }
}
