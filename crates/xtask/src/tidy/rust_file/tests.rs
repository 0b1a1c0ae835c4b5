//! Headers and names of Rust files.

use super::*;

fn problems(path: &str, text: &str) -> usize {
    check(&SourceFile { path: path.to_owned(), text: text.to_owned() }).len()
}

#[test]
fn a_file_opens_with_what_it_is_for() {
    assert_eq!(problems("crates/a/src/b.rs", "//! What it is.\n"), 0);
    assert_eq!(problems("crates/a/src/b.rs", "use std::fs;\n"), 1);
    assert_eq!(problems("crates/a/src/b.rs", ""), 1);
    assert_eq!(problems("crates/a/src/b/mod.rs", "//! What it is.\n"), 1);
    assert_eq!(problems("crates/a/src/b/tests.rs", "use super::*;\n"), 0);
}
