//! The object store that the Delta library writes its log through: every put is durable when it
//! returns, which the library's own local store does not promise.
//!
//! A put writes a temporary file outside the table, syncs it, publishes it under its name (hard
//! link when the name must be new, rename otherwise) and syncs the directory. Reads and lists are
//! the plain local file system's. Never knows what the objects mean.

use std::fmt;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result, UploadPart,
};
use telltale_wal::Fs;

/// How the names of temporary files begin.
pub(crate) const OBJECT_PREFIX: &str = "object-";

/// Local object store rooted at `/` with durable writes.
#[derive(Clone, Debug)]
pub(crate) struct FsyncStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    fs: Arc<dyn Fs>,
    reads: LocalFileSystem,
    /// For unfinished objects; on the same file system as what is published.
    temporary: PathBuf,
    counter: AtomicU64,
}

impl FsyncStore {
    /// `temporary` must exist.
    pub(crate) fn new(fs: Arc<dyn Fs>, temporary: PathBuf) -> Self {
        let reads = LocalFileSystem::new();
        Self { inner: Arc::new(Inner { fs, reads, temporary, counter: AtomicU64::new(0) }) }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner)).await?
    }
}

impl Inner {
    fn put(&self, location: &Path, payload: &PutPayload, create: bool) -> Result<()> {
        let target = self.reads.path_to_filesystem(location)?;
        let directory = target.parent().unwrap_or(FilePath::new("/"));
        self.fs.create_dir_all(directory).map_err(|e| failed(location, e))?;
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let temporary = self.temporary.join(format!("{OBJECT_PREFIX}{number}"));
        let result = self.write(&temporary, payload).and_then(|()| {
            if create {
                self.fs.link(&temporary, &target)
            } else {
                self.fs.rename(&temporary, &target)
            }
        });
        if create || result.is_err() {
            // A leftover is removed at the next start.
            self.fs.remove_file(&temporary).ok();
        }
        result.map_err(|e| failed(location, e))?;
        if let Err(e) = self.fs.sync_dir(directory) {
            if create {
                // Without a durable name the object must not be seen: the caller will try again
                // and would otherwise find its own half-published object in the way.
                self.fs.remove_file(&target).ok();
            }
            return Err(failed(location, e));
        }
        Ok(())
    }

    fn write(&self, path: &FilePath, payload: &PutPayload) -> io::Result<()> {
        let mut file = self.fs.create_new(path)?;
        for part in payload {
            file.write_all(part)?;
        }
        file.sync_data()
    }

    fn delete(&self, location: &Path) -> Result<()> {
        let path = self.reads.path_to_filesystem(location)?;
        self.fs.remove_file(&path).map_err(|e| failed(location, e))
    }
}

fn failed(location: &Path, source: io::Error) -> Error {
    let path = location.to_string();
    let source = Box::new(source);
    match source.kind() {
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path, source },
        io::ErrorKind::NotFound => Error::NotFound { path, source },
        _ => Error::Generic { store: "FsyncStore", source },
    }
}

impl fmt::Display for FsyncStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FsyncStore")
    }
}

#[async_trait]
impl ObjectStore for FsyncStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let create = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => {
                return Err(Error::NotImplemented {
                    operation: "put_opts with PutMode::Update".into(),
                    implementer: self.to_string(),
                });
            }
        };
        let location = location.clone();
        self.blocking(move |inner| inner.put(&location, &payload, create)).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload { store: self.clone(), location: location.clone(), parts: Vec::new() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.reads.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let delete = move |location: Path| {
            let store = store.clone();
            async move { store.blocking(move |inner| inner.delete(&location).map(|()| location)).await }
        };
        locations.and_then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.reads.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.reads.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.reads.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let bytes = self.get(from).await?.bytes().await?;
        let mode = match options.mode {
            CopyMode::Create => PutMode::Create,
            CopyMode::Overwrite => PutMode::Overwrite,
        };
        self.put_opts(to, bytes.into(), mode.into()).await.map(|_| ())
    }
}

/// Parts gathered in memory: only checkpoints of the log come this way.
#[derive(Debug)]
struct Upload {
    store: FsyncStore,
    location: Path,
    parts: Vec<PutPayload>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.parts.push(data);
        Box::pin(async { Ok(()) })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let parts = std::mem::take(&mut self.parts);
        let payload: PutPayload = parts.iter().flatten().cloned().collect();
        self.store.put_opts(&self.location, payload, PutMode::Overwrite.into()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.parts.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
