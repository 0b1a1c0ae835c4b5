//! What a crate's folder lacks is named.

use super::*;

fn check_found(manifest: &str, lib: &str, test_binaries: usize, expected: &[&str]) {
    let package = Package { folder: "crates/a".to_owned(), test_binaries, ..Package::default() };
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let files = [file("crates/a/Cargo.toml", manifest), file("crates/a/src/lib.rs", lib)];
    let problems = check(&[package], &files);
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, part) in problems.iter().zip(expected) {
        assert!(problem.contains(part), "{problem:?} lacks {part:?}");
    }
}

const MANIFEST: &str = "[package]\n\n[lints]\nworkspace = true\n";
const LIB: &str = "//! A.\n\n#![forbid(unsafe_code)]\n";

#[test]
fn a_proper_crate_passes() {
    check_found(MANIFEST, LIB, 1, &[]);
}

#[test]
fn each_omission_is_found() {
    check_found("[package]\n", LIB, 0, &["[lints]"]);
    check_found(MANIFEST, "//! A.\n", 0, &["forbid(unsafe_code)"]);
    check_found(MANIFEST, LIB, 2, &["2 integration test binaries"]);
}
