//! What no text in the repository may contain: characters that look like others, paths of
//! someone's machine, hosts that only some can reach.

use crate::repository::SourceFile;

/// Texts that are data: bodies, snapshots and lock files are what they are. Rust tests, whose
/// literals are data, may hold any character too.
const DATA: &[&str] = &["fixtures/", "/snapshots/", "/proptest-regressions/", "package-lock.json"];

/// This rule has to name what it forbids.
const SELF: &str = "crates/xtask/src/tidy/words";

/// Folders that exist on one person's machine only. A letter follows where a name would.
const HOMES: &[&str] = &["/root/", "/home/", "/Users/", "C:\\Users\\"];

/// Last labels of host names that public name servers do not know.
const PRIVATE_SUFFIXES: &[&str] = &["corp", "home", "internal", "intranet", "lan", "local"];

/// Checks one text file.
pub(super) fn check(file: &SourceFile) -> Vec<String> {
    let path = &file.path;
    if path.starts_with(SELF) || DATA.iter().any(|data| path.contains(data)) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (line, number) in file.text.lines().zip(1..) {
        if !super::is_test(path)
            && let Some(found) = line.chars().find(|c| !c.is_ascii())
        {
            let escape = found.escape_unicode();
            problems.push(format!("{path}:{number}: {found:?} is not ASCII: write it as {escape}"));
        }
        if let Some(home) = HOMES.iter().find(|home| names_a_home(line, home)) {
            problems.push(format!("{path}:{number}: a path under {home} exists on one machine"));
        }
        if let Some(host) = hosts(line).find(|host| is_private(host)) {
            problems.push(format!("{path}:{number}: the host {host} is private"));
        }
    }
    problems
}

fn names_a_home(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        // `$HOME/root/x` or `crates/home/x` is a path inside something, not from the root.
        let absolute = before.is_none_or(|c| !c.is_alphanumeric() && !"/._-}".contains(c));
        let after = line.get(at + home.len()..).and_then(|text| text.chars().next());
        absolute && after.is_some_and(|c| c.is_alphanumeric() || c == '.')
    })
}

fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).map(|rest| {
        let authority = rest.split(['/', '"', '\'', '`', ' ', ')', '>', ',']).next();
        let authority = authority.unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        host.split(':').next().unwrap_or_default()
    })
}

fn is_private(host: &str) -> bool {
    // A place in a format string is a name that does not exist yet.
    if host.contains(['{', '$', '%']) {
        return false;
    }
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        return address.is_private() || address.is_link_local();
    }
    let suffix = host.rsplit_once('.').map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| PRIVATE_SUFFIXES.contains(&suffix))
}

#[cfg(test)]
mod tests;
