//! What a crate's folder holds.

use std::collections::BTreeMap;

use super::edges::Package;
use crate::repository::SourceFile;

/// Checks each crate: lints of the workspace, no unsafe code, at most one integration test binary
/// (each one links the whole crate again, which is what makes test builds slow).
pub(super) fn check(packages: &[Package], files: &[SourceFile]) -> Vec<String> {
    let texts: BTreeMap<&str, &str> =
        files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    let mut problems = Vec::new();
    for package in packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let text = texts.get(manifest.as_str()).copied().unwrap_or_default();
        if !text.contains("[lints]\nworkspace = true") {
            problems.push(format!("{manifest}: add [lints] with workspace = true"));
        }
        for entry in ["src/lib.rs", "src/main.rs"] {
            let path = format!("{}/{entry}", package.folder);
            let text = texts.get(path.as_str());
            if text.is_some_and(|text| !text.contains("\n#![forbid(unsafe_code)]\n")) {
                problems.push(format!("{path}: add #![forbid(unsafe_code)] below the header"));
            }
        }
        if package.test_binaries > 1 {
            problems.push(format!(
                "{}: {} integration test binaries; make them modules of tests/it/main.rs",
                package.folder, package.test_binaries
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests;
