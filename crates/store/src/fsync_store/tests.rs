//! What a put promises, also when operations fail.

use std::sync::Arc;

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use telltale_testkit::fault_fs::Kind;
use telltale_testkit::{Fault, FaultFs};

use super::FsyncStore;

fn store(dir: &std::path::Path, fs: &FaultFs) -> (FsyncStore, Path) {
    let temporary = dir.join("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let location = Path::from_absolute_path(dir.join("log/0.json")).unwrap();
    (FsyncStore::new(Arc::new(fs.clone()), temporary), location)
}

async fn put(
    store: &FsyncStore,
    at: &Path,
    text: &'static str,
    mode: PutMode,
) -> Result<(), Error> {
    store.put_opts(at, PutPayload::from_static(text.as_bytes()), mode.into()).await.map(|_| ())
}

async fn content(store: &FsyncStore, at: &Path) -> Option<String> {
    match store.get(at).await {
        Ok(found) => Some(String::from_utf8(found.bytes().await.unwrap().to_vec()).unwrap()),
        Err(Error::NotFound { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_put_survives_a_loss_of_power() {
    let dir = tempfile::tempdir().unwrap();
    let fs = FaultFs::new(1);
    let (store, at) = store(dir.path(), &fs);
    put(&store, &at, "one", PutMode::Create).await.unwrap();
    let error = put(&store, &at, "two", PutMode::Create).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    fs.crash(1).unwrap();
    assert_eq!(content(&store, &at).await.as_deref(), Some("one"));
    put(&store, &at, "three", PutMode::Overwrite).await.unwrap();
    fs.crash(2).unwrap();
    assert_eq!(content(&store, &at).await.as_deref(), Some("three"));
    store.delete(&at).await.unwrap();
    assert_eq!(content(&store, &at).await, None);
    assert_eq!(std::fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_multipart_put_is_one_put() {
    let dir = tempfile::tempdir().unwrap();
    let fs = FaultFs::new(1);
    let (store, at) = store(dir.path(), &fs);
    let mut upload = store.put_multipart(&at).await.unwrap();
    upload.put_part(PutPayload::from_static(b"a long ")).await.unwrap();
    upload.put_part(PutPayload::from_static(b"story")).await.unwrap();
    assert_eq!(content(&store, &at).await, None);
    upload.complete().await.unwrap();
    fs.crash(1).unwrap();
    assert_eq!(content(&store, &at).await.as_deref(), Some("a long story"));
}

/// Guarantees: a put that failed, at whatever operation, is not seen and can be tried again.
#[tokio::test]
async fn a_failed_put_is_not_seen() {
    for at_operation in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let fs = FaultFs::new(at_operation);
        let (store, at) = store(dir.path(), &fs);
        fs.inject(at_operation, Fault::Io);
        let outcome = put(&store, &at, "one", PutMode::Create).await;
        if fs.fired() == 0 {
            assert!(fs.trace().iter().any(|operation| operation.kind == Kind::SyncDir));
            return;
        }
        let removes = fs.trace().get(usize::try_from(at_operation).unwrap()).cloned();
        if removes.is_some_and(|operation| operation.kind == Kind::Remove) {
            outcome.unwrap();
            continue;
        }
        assert!(outcome.is_err(), "operation {at_operation}");
        assert_eq!(content(&store, &at).await, None, "operation {at_operation}");
        put(&store, &at, "two", PutMode::Create).await.unwrap();
        fs.crash(at_operation).unwrap();
        assert_eq!(content(&store, &at).await.as_deref(), Some("two"));
    }
}
