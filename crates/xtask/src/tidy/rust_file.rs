//! What every Rust file looks like.

use crate::repository::SourceFile;

/// Checks the header and the name of one Rust file.
pub(super) fn check(file: &SourceFile) -> Vec<String> {
    let path = &file.path;
    let mut problems = Vec::new();
    // The tests of a module stand beside it; its header is theirs.
    if !super::is_test(path) && !file.text.starts_with("//! ") {
        problems.push(format!("{path}: open with //!: what it is for, what it must never know"));
    }
    if path.ends_with("/mod.rs") {
        problems.push(format!("{path}: name it after its folder, foo.rs beside foo/"));
    }
    problems
}

#[cfg(test)]
mod tests;
