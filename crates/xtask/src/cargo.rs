//! Runs cargo from within a program that cargo runs.

use std::process::Command;

use crate::repository::Repository;

/// What cargo tells the program it runs. Build scripts that look at these, such as that of `ring`,
/// would run again because of them, and everything above be compiled again.
const OF_THIS_RUN: [&str; 6] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_PRIMARY_",
    "RUST_RECURSION_COUNT",
];

/// A cargo that behaves as it would when called by a person in the repository.
pub(crate) fn cargo(repository: &Repository) -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text == "CARGO" || OF_THIS_RUN.iter().any(|prefix| name_text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.current_dir(repository.root());
    command
}
