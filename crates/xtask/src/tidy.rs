//! The rules of this repository that compilers and clippy do not know, as failing checks.
//!
//! | rule | file |
//! |---|---|
//! | which crate may use which | [`edges`] |
//! | what a Rust file looks like | [`rust_file`] |
//! | how long a file may be | [`length`] |
//! | what a crate's folder holds | [`layout`] |
//! | what no text may contain | [`words`] |
//! | links between documents lead somewhere | [`links`] |
//!
//! A rule is a pure function from texts to problems; only [`check`] touches the disk. Every message
//! says what to do. To change a rule, change its file here; to exempt something, add a line with a
//! reason to the list in that file.

mod edges;
mod layout;
mod length;
mod links;
mod rust_file;
mod words;

use anyhow::Result;

use crate::repository::{Repository, SourceFile};

/// What was found. Empty `problems` means that the repository is tidy.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) files: usize,
    pub(crate) problems: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

/// Checks everything.
pub(crate) fn check(repository: &Repository) -> Result<Report> {
    let files = repository.files()?;
    let metadata = repository.metadata()?;
    let mut report = Report { files: files.len(), ..Report::default() };
    let packages = edges::packages(&metadata, &files);
    report.problems.extend(edges::check(&packages));
    report.problems.extend(layout::check(&packages, &files));
    for file in &files {
        report.problems.extend(words::check(file));
        if file.extension() == "rs" {
            report.problems.extend(rust_file::check(file));
        }
        if file.extension() == "md" {
            report
                .problems
                .extend(links::check(file, |path| repository.root().join(path).exists()));
        }
    }
    let lengths = length::check(files.iter().filter(|file| is_code(file)));
    report.problems.extend(lengths.problems);
    report.warnings.extend(lengths.warnings);
    Ok(report)
}

/// Rust that is neither a test nor generated.
fn is_code(file: &SourceFile) -> bool {
    file.extension() == "rs" && !is_test(&file.path)
}

/// `foo/tests.rs`, `foo/tests/bar.rs` and the integration tests.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

#[cfg(test)]
mod tests;
