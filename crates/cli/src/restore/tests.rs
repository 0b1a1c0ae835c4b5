use telltale_base::UnixNanos;

use super::*;

/// A complete backup with a file at the top and one below.
#[expect(clippy::disallowed_methods, reason = "these files need not last")]
fn backup(root: &Path) -> PathBuf {
    let from = root.join("backup");
    std::fs::create_dir_all(from.join("tables/spans")).unwrap();
    std::fs::write(from.join(VERSION), r#"{"format":1,"schema":1}"#).unwrap();
    std::fs::write(from.join("meta.db"), vec![7; (1 << 20) + 5]).unwrap();
    std::fs::write(from.join("tables/spans/a.parquet"), "rows").unwrap();
    BackupManifest::finish(&RealFs, &from, UnixNanos(1)).unwrap();
    from
}

#[expect(clippy::disallowed_methods, reason = "these files need not last")]
fn write(path: &Path, content: &str) {
    std::fs::write(path, content).unwrap();
}

fn refused(from: &Path, to: &Path, expect: &str) {
    let error = restore(&RealFs, from, to).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}");
}

#[test]
fn a_backup_comes_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (backup(folder.path()), folder.path().join("a/b"));
    let manifest = restore(&RealFs, &from, &to).unwrap();
    assert_eq!((manifest.files, manifest.bytes), (3, (1 << 20) + 5 + 4 + 23));
    for file in files_of(&RealFs, &from).unwrap() {
        let read = |root: &Path| std::fs::read(root.join(&file.path)).unwrap();
        assert_eq!(read(&from), read(&to), "{}", file.path.display());
    }
    let mut names = RealFs.list(&to).unwrap();
    names.retain(|name| name != LOCK);
    assert_eq!(names, ["meta.db", "tables", VERSION]);
}

#[test]
fn what_is_no_complete_backup_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (backup(folder.path()), folder.path().join("new"));
    refused(folder.path(), &to, "no backup, or one that was not finished");
    let manifest = std::fs::read_to_string(from.join("backup.json")).unwrap();
    write(&from.join("backup.json"), &manifest.replace("\"format\": 1", "\"format\": 2"));
    refused(&from, &to, "a later version made it");
    write(&from.join("backup.json"), "{");
    refused(&from, &to, "backup.json is damaged");
    write(&from.join("backup.json"), &manifest);
    write(&from.join(VERSION), r#"{"format":2,"schema":1}"#);
    refused(&from, &to, "its layout is version 2");
    write(&from.join(VERSION), r#"{"format":1,"schema":1}"#);
    write(&from.join("tables/spans/a.parquet"), "row");
    refused(&from, &to, "and had 3 of");
    std::os::unix::fs::symlink("/", from.join("elsewhere")).unwrap();
    refused(&from, &to, "cannot list");
    assert!(!to.exists());
}

#[test]
fn a_target_in_use_or_in_the_backup_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (backup(folder.path()), folder.path().join("data"));
    refused(&from, &from.join("data"), "it lies in the backup");
    std::fs::create_dir(&to).unwrap();
    write(&to.join(LOCK), "");
    refused(&from, &to, "it is not empty");
    let server = File::open(to.join(LOCK)).unwrap();
    server.lock().unwrap();
    refused(&from, &to, "a server is running on it");
    assert_eq!(RealFs.list(&to).unwrap(), [LOCK]);
}

/// Scenario: a file of the backup is longer than when it was looked at, and the copy ends there.
/// Guarantees: what is left has no version that a server could read.
#[test]
fn an_interrupted_copy_has_no_version() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (backup(folder.path()), folder.path().join("new"));
    let mut files = files_of(&RealFs, &from).unwrap();
    files[1].bytes += 1;
    std::fs::create_dir(&to).unwrap();
    let error = copy::all(&RealFs, &from, &to, &files, b"{}").unwrap_err().to_string();
    assert!(error.contains("changed while it was copied"), "{error}");
    assert!(version(&RealFs, &to).unwrap_err().contains("missing field `format`"));
}
