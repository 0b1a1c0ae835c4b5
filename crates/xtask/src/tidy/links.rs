//! Links between documents of the repository lead somewhere.

use crate::repository::SourceFile;

/// Checks the relative links of one Markdown file. Links to the web are not followed, because a
/// check that needs the network fails for reasons that no commit can mend.
pub(super) fn check(file: &SourceFile, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut problems = Vec::new();
    for (line, number) in file.text.lines().zip(1..) {
        for target in targets(line) {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !exists(&resolve(folder, path)) {
                problems.push(format!("{}:{number}: the link {target} leads nowhere", file.path));
            }
        }
    }
    problems
}

fn targets(line: &str) -> impl Iterator<Item = &str> {
    let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links.filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// A path relative to a folder, with `..` taken off.
fn resolve(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests;
