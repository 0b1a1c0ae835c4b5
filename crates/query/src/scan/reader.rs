//! Reads ranges of data files for `DataFusion`, with footers from the cache.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::{Result as DataFusionResult, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use telltale_store::DataFile;

use crate::cache::{FileCache, OpenFile};
use crate::damage::OpenedFiles;

/// Makes readers of files that carry their `DataFile` as an extension, which also keeps the file
/// on disk for as long as the plan lives.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    pub(crate) cache: Arc<FileCache>,
    pub(crate) opened: Arc<OpenedFiles>,
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> DataFusionResult<Box<dyn AsyncFileReader + Send>> {
        let data = file
            .extension::<Arc<DataFile>>()
            .ok_or_else(|| internal_datafusion_err!("a scanned file without its description"))?;
        self.opened.add(&data.path);
        let metrics = ParquetFileMetrics::new(partition, file.path().as_ref(), metrics);
        Ok(Box::new(Reader {
            cache: Arc::clone(&self.cache),
            data: Arc::clone(data),
            open: None,
            metrics,
        }))
    }
}

struct Reader {
    cache: Arc<FileCache>,
    data: Arc<DataFile>,
    open: Option<Arc<OpenFile>>,
    metrics: ParquetFileMetrics,
}

impl Reader {
    async fn open(&mut self) -> Result<Arc<OpenFile>> {
        if let Some(open) = self.open.clone().or_else(|| self.cache.get(&self.data.path)) {
            self.open = Some(Arc::clone(&open));
            return Ok(open);
        }
        let (cache, data) = (Arc::clone(&self.cache), Arc::clone(&self.data));
        let open = blocking(move || cache.open(&data.path)).await?;
        self.open = Some(Arc::clone(&open));
        Ok(open)
    }

    async fn read(&mut self, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>> {
        let open = self.open().await?;
        let bytes: u64 = ranges.iter().map(|range| range.end.saturating_sub(range.start)).sum();
        self.metrics.bytes_scanned.add(usize::try_from(bytes).unwrap_or(usize::MAX));
        let file = Arc::clone(open.file());
        blocking(move || ranges.iter().map(|range| read_range(&file, range)).collect()).await
    }
}

fn read_range(file: &File, range: &Range<u64>) -> Result<Bytes> {
    let length = usize::try_from(range.end.saturating_sub(range.start))?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes.into())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(ParquetError::External(Box::new(error))))
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move {
            let bytes = self.read(vec![range]).await?;
            bytes.into_iter().next().ok_or_else(|| ParquetError::EOF("no range was read".into()))
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        self.read(ranges).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move { Ok(Arc::clone(self.open().await?.metadata())) }.boxed()
    }
}
