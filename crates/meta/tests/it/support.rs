//! A database in a folder of its own, and its clock.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use telltale_base::{Clock, Project, UnixNanos};
use telltale_meta::Meta;

#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn turn(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_nanos()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixNanos {
        UnixNanos(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.load(Ordering::SeqCst)).unwrap())
    }
}

pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) meta: Meta,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(1_700_000_000_000_000_000)));
        let meta = open(folder.path().join("meta.db"), &clock).await;
        Self { folder, clock, meta }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("meta.db")
    }

    /// The same file, as another process would see it.
    pub(crate) async fn another_process(&self) -> Meta {
        open(self.path(), &self.clock).await
    }
}

async fn open(path: PathBuf, clock: &Arc<TestClock>) -> Meta {
    let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(clock);
    Meta::open(&path, clock).await.unwrap()
}

pub(crate) fn project(name: &str) -> Project {
    Project::new(name).unwrap()
}
