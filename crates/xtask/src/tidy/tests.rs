//! The repository itself is tidy; and what counts as a test.

use super::*;

#[test]
fn this_repository_is_tidy() {
    let report = check(&Repository::here().unwrap()).unwrap();
    assert!(report.files > 50, "only {} files were looked at", report.files);
    assert!(report.problems.is_empty(), "\n{}", report.problems.join("\n"));
}

#[test]
fn test_files_are_told_from_code() {
    for path in
        ["crates/a/src/b/tests.rs", "crates/a/tests/it/main.rs", "crates/a/src/b/tests/c.rs"]
    {
        assert!(is_test(path), "{path}");
    }
    for path in ["crates/testkit/src/lib.rs", "crates/a/src/tests_of_time.rs"] {
        assert!(!is_test(path), "{path}");
    }
}
