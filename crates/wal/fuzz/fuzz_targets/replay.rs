//! Opens a log whose two segments are arbitrary bytes, appends, and opens it again.
//! `cargo +nightly fuzz run replay`, in `crates/wal`.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use telltale_wal::{RealFs, Wal, WalConfig, WalError};

fn open(dir: &Path) -> Result<(Wal, usize), WalError> {
    let mut frames = 0;
    let config = WalConfig { segment_bytes: 8192, ..WalConfig::default() };
    let (wal, _) = Wal::open(Arc::new(RealFs), dir.join("wal"), config, 0, &mut |_| {
        frames += 1;
        Ok(())
    })?;
    Ok((wal, frames))
}

fuzz_target!(|data: (&[u8], &[u8])| {
    let dir = tempfile::tempdir().expect("a directory for the log");
    fs::create_dir(dir.path().join("wal")).expect("a directory for the log");
    for (name, bytes) in [(1, data.0), (50, data.1)] {
        let path = dir.path().join(format!("wal/{name:020}.wal"));
        fs::write(path, bytes).expect("a segment");
    }
    let Ok((mut wal, frames)) = open(dir.path()) else { return };
    wal.append(&[&[b"after"]]).expect("appending works after any replay");
    drop(wal);
    let (_, again) = open(dir.path()).expect("opening works after an append");
    assert_eq!(again, frames + 1);
});
