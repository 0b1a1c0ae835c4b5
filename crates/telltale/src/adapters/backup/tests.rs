use telltale_wal::RealFs;

use super::*;

fn refused(data_dir: &Path, wanted: &Path, expect: &str) {
    let refusal = prepare(&RealFs, data_dir, wanted).unwrap_err();
    assert_eq!(refusal.kind, ErrorKind::Invalid);
    assert!(refusal.message.contains(expect), "{refusal}");
}

#[test]
fn the_data_directory_is_no_place_for_its_backup_by_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let (data, link) = (folder.path().join("data"), folder.path().join("link"));
    std::fs::create_dir(&data).unwrap();
    std::os::unix::fs::symlink(&data, &link).unwrap();
    for wanted in [data.clone(), data.join("a/b"), link.join("a"), link.clone()] {
        refused(&data, &wanted, "it lies in the data directory");
        refused(&link, &wanted, "it lies in the data directory");
    }
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
    // A name that only begins alike is another directory.
    prepare(&RealFs, &data, &folder.path().join("data-backup")).unwrap();
}

#[test]
fn a_directory_must_be_new_or_empty() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("a/b"));
    std::fs::create_dir(&data).unwrap();
    let made = prepare(&RealFs, &data, &to).unwrap();
    assert_eq!(made, to.canonicalize().unwrap());
    prepare(&RealFs, &data, &to).unwrap();
    let file = to.join("file");
    drop(RealFs.create_new(&file).unwrap());
    refused(&data, &to, "it is not empty");
    refused(&data, &file, "cannot back up to");
    refused(&data, &file.join("below"), "cannot back up to");
}
