//! Links are resolved as a reader's viewer does.

use super::*;

fn check_dead(path: &str, text: &str, dead: usize) {
    let file = SourceFile { path: path.to_owned(), text: text.to_owned() };
    let exists = |path: &str| path == "README.md" || path == "docs/sql.md";
    assert_eq!(check(&file, exists).len(), dead, "{text}");
}

#[test]
fn relative_links_are_followed_and_others_are_not() {
    check_dead("README.md", "[a](docs/sql.md#time) [b](https://example.com/x) [c](#here)", 0);
    check_dead("docs/sql.md", "[a](../README.md) [b](sql.md)", 0);
    check_dead("docs/sql.md", "[a](README.md) and [b](../gone.md)", 2);
}
