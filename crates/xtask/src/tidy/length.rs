//! How long a file may be: one sitting to read.
//!
//! Lines of code are counted, without blank lines, comments and tests.

use crate::repository::SourceFile;

const WARN_ABOVE: usize = 400;
const FAIL_ABOVE: usize = 500;

/// Files that are longer, with the length they must not exceed. The list may only shrink: a file
/// that got shorter has to lower its line here.
const RATCHET: &[(&str, usize)] = &[];

/// What is too long, and what soon will be.
#[derive(Debug, Default)]
pub(super) struct Lengths {
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Measures files that are code.
pub(super) fn check<'a>(files: impl Iterator<Item = &'a SourceFile>) -> Lengths {
    compare(files.map(|file| (file.path.as_str(), lines_of_code(&file.text))), RATCHET)
}

fn compare<'a>(
    files: impl Iterator<Item = (&'a str, usize)>,
    ratchet: &[(&str, usize)],
) -> Lengths {
    let mut lengths = Lengths::default();
    let mut exceptions = ratchet.to_vec();
    for (path, lines) in files {
        let exception = exceptions.iter().position(|(listed, _)| *listed == path);
        let limit = exception.map_or(FAIL_ABOVE, |at| exceptions.swap_remove(at).1);
        if lines > limit {
            lengths.problems.push(format!(
                "{path}: {lines} lines of code, at most {limit}: split it by concept"
            ));
        } else if limit != FAIL_ABOVE && lines < limit {
            lengths.problems.push(format!(
                "{path}: now {lines} lines of code: lower its line in tidy/length.rs from {limit}"
            ));
        } else if lines > WARN_ABOVE {
            lengths.warnings.push(format!("{path}: {lines} lines of code, aim for {WARN_ABOVE}"));
        }
    }
    for (path, _) in exceptions {
        lengths.problems.push(format!("tidy/length.rs lists {path}, which is gone"));
    }
    lengths
}

fn lines_of_code(text: &str) -> usize {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    code.lines().filter(is_code).count()
}

#[cfg(test)]
mod tests;
