//! New edges, stale edges and unknown crates are found.

use super::*;

const TABLE: &[(&str, &[&str], &[&str])] =
    &[("telltale-base", &[], &[]), ("telltale-wal", &["base"], &["testkit"])];

fn package(name: &str, uses: &[&str], tests_use: &[&str]) -> Package {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Package {
        name: name.to_owned(),
        uses: set(uses),
        tests_use: set(tests_use),
        ..Package::default()
    }
}

fn check_found(packages: &[Package], expected: &[&str]) {
    let problems = compare(packages, TABLE);
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, part) in problems.iter().zip(expected) {
        assert!(problem.contains(part), "{problem:?} lacks {part:?}");
    }
}

#[test]
fn equal_tables_are_fine_and_a_test_edge_may_repeat_a_real_one() {
    let base = package("telltale-base", &[], &[]);
    let wal = package("telltale-wal", &["telltale-base"], &["telltale-testkit", "telltale-base"]);
    check_found(&[base, wal], &[]);
}

#[test]
fn new_stale_and_unknown_are_each_named() {
    let base = package("telltale-base", &["telltale-wal"], &[]);
    let wal = package("telltale-wal", &[], &["telltale-testkit"]);
    let extra = package("telltale-extra", &[], &[]);
    check_found(
        &[base, wal, extra],
        &[
            "telltale-base uses telltale-wal",
            "telltale-wal no longer uses telltale-base",
            "telltale-extra is not in the table",
        ],
    );
}

#[test]
fn a_row_without_a_crate_is_stale() {
    check_found(&[package("telltale-base", &[], &[])], &["telltale-wal, which is gone"]);
}

#[test]
fn metadata_is_read_as_cargo_writes_it() {
    let metadata = serde_json::json!({
        "workspace_root": "/w",
        "packages": [
            {
                "name": "a", "manifest_path": "/w/crates/a/Cargo.toml",
                "dependencies": [
                    {"name": "b", "kind": null},
                    {"name": "b2", "kind": "dev"},
                    {"name": "serde", "kind": null},
                ],
                "targets": [{"kind": ["lib"]}, {"kind": ["test"]}, {"kind": ["test"]}],
            },
            {"name": "b", "manifest_path": "/w/crates/b/Cargo.toml"},
            {"name": "b2", "manifest_path": "/w/crates/b2/Cargo.toml"},
            {"name": "untracked", "manifest_path": "/w/crates/untracked/Cargo.toml"},
        ],
    });
    let files: Vec<_> = ["a", "b", "b2"]
        .map(|name| SourceFile { path: format!("crates/{name}/Cargo.toml"), text: String::new() })
        .into();
    let packages = packages(&metadata, &files);
    assert_eq!(packages.len(), 3);
    let a = &packages[0];
    assert_eq!((a.name.as_str(), a.folder.as_str(), a.test_binaries), ("a", "crates/a", 2));
    assert_eq!(a.uses, BTreeSet::from(["b".to_owned()]));
    assert_eq!(a.tests_use, BTreeSet::from(["b2".to_owned()]));
}
