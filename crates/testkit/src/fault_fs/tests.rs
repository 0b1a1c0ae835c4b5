//! The failing file system fails as it says, and the same way for the same seed.

use std::collections::BTreeSet;
use std::path::Path;

use telltale_wal::{Fs, FsFile, write_atomic};
use tempfile::TempDir;

use super::{Fault, FaultFs, Kind};

fn create(fs: &FaultFs, path: &Path, bytes: &[u8]) -> Box<dyn FsFile> {
    let mut file = fs.create_new(path).unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn durable(fs: &FaultFs, path: &Path, bytes: &[u8]) -> Box<dyn FsFile> {
    let mut file = create(fs, path, bytes);
    file.sync_data().unwrap();
    fs.sync_dir(path.parent().unwrap()).unwrap();
    file
}

/// What `path` holds after each of 40 crashes of what `script` did.
fn outcomes(script: impl Fn(&FaultFs, &Path)) -> BTreeSet<Option<Vec<u8>>> {
    let run = |seed: u64| {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("f");
        let fs = FaultFs::new(seed);
        script(&fs, &path);
        fs.crash(seed).unwrap();
        std::fs::read(&path).ok()
    };
    (0..40).map(run).collect()
}

#[test]
fn what_was_synced_survives_and_reads_through_the_real_file_system() {
    let seen = outcomes(|fs, path| {
        drop(durable(fs, path, b"kept"));
        assert_eq!(std::fs::read(path).unwrap(), b"kept");
    });
    assert_eq!(seen, BTreeSet::from([Some(b"kept".to_vec())]));
}

#[test]
fn what_was_not_synced_is_lost_kept_or_torn() {
    let (old, new) = (vec![1; 1024], vec![2; 1024]);
    let seen = outcomes(|fs, path| {
        durable(fs, path, &old).write_all_at(&new, 0).unwrap();
    });
    let torn: Vec<u8> = [vec![1; 512], vec![2; 512]].concat();
    for expect in [old, new, torn] {
        assert!(seen.contains(&Some(expect)), "{}", seen.len());
    }
    assert_eq!(seen.len(), 4, "torn at sectors only");
}

#[test]
fn a_name_needs_its_directory_synced() {
    let seen = outcomes(|fs, path| create(fs, path, b"x").sync_data().unwrap());
    assert_eq!(seen, BTreeSet::from([None, Some(b"x".to_vec())]));
    let removed = outcomes(|fs, path| {
        drop(durable(fs, path, b"x"));
        fs.remove_file(path).unwrap();
    });
    assert_eq!(removed, BTreeSet::from([None, Some(b"x".to_vec())]));
}

#[test]
fn a_rename_is_atomic_and_a_link_is_a_second_name() {
    let seen = outcomes(|fs, path| {
        drop(durable(fs, path, b"old"));
        let temporary = path.with_extension("tmp");
        drop(durable(fs, &temporary, b"new"));
        fs.rename(&temporary, path).unwrap();
    });
    assert_eq!(seen, BTreeSet::from([Some(b"old".to_vec()), Some(b"new".to_vec())]));
    let linked = outcomes(|fs, path| {
        let other = path.with_extension("other");
        let mut file = durable(fs, &other, b"1");
        fs.link(&other, path).unwrap();
        fs.sync_dir(path.parent().unwrap()).unwrap();
        file.write_all(b"2").unwrap();
        file.sync_data().unwrap();
    });
    assert_eq!(linked, BTreeSet::from([Some(b"12".to_vec())]));
}

#[test]
fn a_failed_sync_forgets_what_was_dirty() {
    let seen = outcomes(|fs, path| {
        let mut file = durable(fs, path, b"1");
        fs.inject(fs.operations() + 1, Fault::Io);
        file.write_all(b"2").unwrap();
        file.sync_data().unwrap_err();
        // The second call answers Ok, and readers see the bytes.
        file.sync_data().unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"12");
    });
    assert_eq!(seen, BTreeSet::from([Some(b"1".to_vec()), Some(b"12".to_vec())]));
}

#[test]
fn faults_hit_the_operation_they_name() {
    let dir = TempDir::new().unwrap();
    let fs = FaultFs::new(3);
    let mut file = durable(&fs, &dir.path().join("f"), &[0; 64]);
    let kinds: Vec<Kind> = fs.trace().iter().map(|o| o.kind).collect();
    assert_eq!(kinds, [Kind::Create, Kind::Write, Kind::Sync, Kind::SyncDir]);

    fs.inject(4, Fault::BitFlip);
    let mut buf = [0; 64];
    assert_eq!(file.read_at(&mut buf, 0).unwrap(), 64);
    assert_eq!(buf.iter().map(|b| b.count_ones()).sum::<u32>(), 1);
    assert_eq!(file.read_at(&mut buf, 0).unwrap(), 64);
    assert_eq!(buf, [0; 64], "only once");

    fs.inject(6, Fault::NoSpace);
    let e = file.write_all(&[1; 64]).unwrap_err();
    assert_eq!(e.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(fs.fired(), 2);

    fs.set_full(true);
    assert_eq!(fs.available_bytes(dir.path()).unwrap(), 0);
    assert!(fs.create_new(&dir.path().join("g")).is_err());
    fs.set_full(false);
    drop(create(&fs, &dir.path().join("g"), b"ok"));
}

#[test]
fn after_power_loss_nothing_works_until_the_crash_and_old_files_never() {
    let dir = TempDir::new().unwrap();
    let fs = FaultFs::new(3);
    let path = dir.path().join("f");
    let mut file = durable(&fs, &path, b"x");
    fs.inject(fs.operations(), Fault::PowerLoss);
    assert!(file.write_all(b"y").is_err());
    assert!(fs.open_read(&path).is_err());
    fs.crash(1).unwrap();
    assert!(file.write_all(b"y").is_err(), "a file of the former life");
    assert_eq!(fs.read(&path).unwrap().first(), Some(&b'x'));
    fs.kill();
    assert_eq!(fs.list(dir.path()).unwrap(), ["f"]);
}

#[test]
fn an_atomic_write_is_old_or_new_at_every_boundary() {
    for fault in [Fault::NoSpace, Fault::Io, Fault::TornWrite, Fault::PowerLoss] {
        for seed in 0..8 {
            for at in 0.. {
                let dir = TempDir::new().unwrap();
                let path = dir.path().join("f");
                let fs = FaultFs::new(seed);
                write_atomic(&fs, &path, &[1; 700]).unwrap();
                fs.inject(fs.operations() + at, fault);
                let result = write_atomic(&fs, &path, &[2; 700]);
                let fired = fs.fired() == 1;
                fs.crash(seed).unwrap();
                let read = std::fs::read(&path).unwrap();
                assert!(read == [1; 700] || read == [2; 700], "{fault:?} at {at}, seed {seed}");
                assert!(result.is_err() || read == [2; 700], "{fault:?} at {at}, seed {seed}");
                if !fired {
                    break;
                }
            }
        }
    }
}

/// One run of everything; what it left behind.
fn script(seed: u64) -> (Vec<Kind>, Vec<(String, Vec<u8>)>) {
    let dir = TempDir::new().unwrap();
    let fs = FaultFs::new(seed);
    for at in [5, 9, 12] {
        fs.inject(at, Fault::TornWrite);
    }
    for n in 0..6_u8 {
        let path = dir.path().join(format!("{n}"));
        if let Ok(mut file) = fs.create_new(&path) {
            file.write_all(&[n + 1; 3000]).ok();
            file.sync_data().ok();
            file.write_all(&[n + 101; 3000]).ok();
        }
        fs.rename(&path, &path.with_extension("x")).ok();
    }
    fs.crash(seed).unwrap();
    let names = fs.list(dir.path()).unwrap();
    let content = names.iter().map(|n| (n.clone(), std::fs::read(dir.path().join(n)).unwrap()));
    (fs.trace().iter().map(|o| o.kind).collect(), content.collect())
}

#[test]
fn the_same_seed_gives_the_same_disk() {
    for seed in 0..20 {
        assert_eq!(script(seed), script(seed));
    }
    let different: BTreeSet<_> = (0..20).map(|seed| script(seed).1).collect();
    assert!(different.len() > 10);
}
