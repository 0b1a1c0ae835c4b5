//! Which crate of the workspace may use which. The table is compared with `cargo metadata`, so a
//! new edge is a line that someone reviews, never an accident. An edge that is no longer used has
//! to leave the table too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::repository::SourceFile;

/// The allowed edges: crate, what it uses, what only its tests use. Low crates first.
const EDGES: &[(&str, &[&str], &[&str])] = &[
    ("telltale-base", &[], &[]),
    ("telltale-schema", &["base"], &[]),
    ("telltale-wal", &["base"], &["testkit"]),
    ("telltale-genai", &["base"], &[]),
    ("telltale-meta", &["base"], &[]),
    ("telltale-telemetry", &[], &[]),
    ("telltale-testkit", &["base", "wal"], &[]),
    ("telltale-otlp", &["base", "genai", "schema"], &[]),
    ("telltale-store", &["base", "schema", "wal"], &["testkit"]),
    ("telltale-ledger", &["base", "genai", "otlp", "schema", "store"], &[]),
    (
        "telltale-ingest",
        &["base", "genai", "ledger", "otlp", "schema", "store", "wal"],
        &["testkit"],
    ),
    ("telltale-derive", &["base", "genai", "ledger", "otlp", "schema", "store", "wal"], &[]),
    ("telltale-query", &["base", "schema", "store"], &["wal"]),
    (
        "telltale-server",
        &["base", "ingest", "meta", "query", "telemetry"],
        &["ledger", "store", "wal"],
    ),
    ("telltale-pg", &["base", "query"], &[]),
    ("telltale-cli", &["base", "genai", "meta", "otlp", "schema", "wal"], &[]),
    (
        "telltale",
        &[
            "base",
            "cli",
            "derive",
            "genai",
            "ingest",
            "ledger",
            "meta",
            "otlp",
            "pg",
            "query",
            "schema",
            "server",
            "store",
            "telemetry",
            "wal",
        ],
        &[],
    ),
    ("telltale-bench", &["base", "testkit"], &[]),
    ("xtask", &[], &[]),
];

/// A package of the workspace, as cargo sees it.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) name: String,
    /// Folder relative to the root.
    pub(super) folder: String,
    /// Other packages of the workspace that the code uses.
    pub(super) uses: BTreeSet<String>,
    /// Other packages of the workspace that only tests use.
    pub(super) tests_use: BTreeSet<String>,
    /// Integration test binaries.
    pub(super) test_binaries: usize,
}

/// The packages whose manifest is under version control.
pub(super) fn packages(metadata: &Value, files: &[SourceFile]) -> Vec<Package> {
    let root = metadata.get("workspace_root").and_then(Value::as_str).unwrap_or_default();
    let listed = metadata.get("packages").and_then(Value::as_array);
    let mut packages: Vec<_> =
        listed.into_iter().flatten().map(|package| read_package(package, root)).collect();
    let manifests: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    packages.retain(|p| manifests.contains(format!("{}/Cargo.toml", p.folder).as_str()));
    let names: BTreeSet<String> = packages.iter().map(|p| p.name.clone()).collect();
    for package in &mut packages {
        package.uses.retain(|name| names.contains(name));
        package.tests_use.retain(|name| names.contains(name));
    }
    packages
}

fn read_package(package: &Value, root: &str) -> Package {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let list =
        |key: &str| package.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut read = Package { name: text(package, "name"), ..Package::default() };
    let manifest = text(package, "manifest_path");
    let folder = manifest.strip_prefix(root).and_then(|path| path.strip_suffix("/Cargo.toml"));
    folder.unwrap_or_default().trim_start_matches('/').clone_into(&mut read.folder);
    for dependency in list("dependencies") {
        let edges =
            if text(dependency, "kind") == "dev" { &mut read.tests_use } else { &mut read.uses };
        edges.insert(text(dependency, "name"));
    }
    let is_test_binary = |target: &&Value| {
        let kinds = target.get("kind").and_then(Value::as_array);
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("test")))
    };
    read.test_binaries = list("targets").iter().filter(is_test_binary).count();
    read
}

/// Compares the packages with the table.
pub(super) fn check(packages: &[Package]) -> Vec<String> {
    compare(packages, EDGES)
}

fn compare(packages: &[Package], table: &[(&str, &[&str], &[&str])]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut rows: BTreeMap<&str, _> = table.iter().map(|row| (row.0, row)).collect();
    for package in packages {
        let name = &package.name;
        let Some((_, uses, tests_use)) = rows.remove(name.as_str()) else {
            problems.push(format!("crate {name} is not in the table of edges (tidy/edges.rs)"));
            continue;
        };
        problems.extend(differences(name, "uses", &package.uses, uses));
        let only_tests: BTreeSet<String> =
            package.tests_use.difference(&package.uses).cloned().collect();
        problems.extend(differences(name, "uses in tests", &only_tests, tests_use));
    }
    for name in rows.keys() {
        problems.push(format!("the table of edges (tidy/edges.rs) names {name}, which is gone"));
    }
    problems
}

fn differences(name: &str, verb: &str, actual: &BTreeSet<String>, allowed: &[&str]) -> Vec<String> {
    let full = |short: &&str| format!("telltale-{short}");
    let allowed: BTreeSet<String> = allowed.iter().map(full).collect();
    let new = actual.difference(&allowed).map(|other| {
        format!("{name} {verb} {other}: not in the table of edges (tidy/edges.rs); is it meant?")
    });
    let stale = allowed.difference(actual).map(|other| {
        format!("{name} no longer {verb} {other}: remove it from the table (tidy/edges.rs)")
    });
    new.chain(stale).collect()
}

#[cfg(test)]
mod tests;
