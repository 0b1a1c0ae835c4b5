//! Makes the price table of `telltale-genai` from two public Python packages.
//!
//! `genai-prices` has dates and rules and is preferred; `litellm` has more models and tiers. Both
//! are data here: nothing of them is run. What the two disagree on, and what was left out, is
//! printed for the person who refreshes the table.

mod amount;
mod dated;
mod flat;
mod line;
mod merge;
mod python;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::repository::Repository;

use merge::Merged;

/// The table, relative to the root.
const TABLE: &str = "crates/genai/prices/prices.json";

/// The form of the file; the reader knows the same number.
const FORMAT: u32 = 1;

const DATED_PACKAGE: &str = "genai-prices";
const DATED_FILE: &str = "genai_prices/data.py";
const FLAT_PACKAGE: &str = "litellm";
const FLAT_FILE: &str = "litellm/model_prices_and_context_window_backup.json";

/// A package as it lies unpacked.
struct Package {
    name: &'static str,
    version: String,
    licence: String,
    text: String,
}

/// `cargo xtask prices [FOLDER]`: FOLDER holds both packages unpacked; without it they are fetched.
pub(crate) fn prices(repository: &Repository, args: &[String]) -> Result<ExitCode> {
    let folder = match args {
        [] => fetch(repository)?,
        [folder] => PathBuf::from(folder),
        _ => bail!("usage: cargo xtask prices [FOLDER]"),
    };
    let dated = package(&folder, DATED_PACKAGE, DATED_FILE)?;
    let flat = package(&folder, FLAT_PACKAGE, FLAT_FILE)?;
    let day = today()?;
    let (text, report) = convert(&dated, &flat, &day)?;
    let path = repository.root().join(TABLE);
    write(&path, &text)?;
    println!("{report}{TABLE}: {} KB", text.len() / 1_024);
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "a generated file of the working tree")]
fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The text of the table, and what a person should look at.
fn convert(dated: &Package, flat: &Package, day: &str) -> Result<(String, String)> {
    let from_dated = dated::read(&dated.text).with_context(|| DATED_FILE)?;
    let from_flat = flat::read(&flat.text).with_context(|| FLAT_FILE)?;
    let mut report = Vec::new();
    for (package, left_out) in [(dated, &from_dated.left_out), (flat, &from_flat.left_out)] {
        section(&mut report, &format!("{}: left out", package.name), left_out.iter());
    }
    let merged = merge::merge(from_dated.models, from_flat.lines, day);
    section(&mut report, "the lists disagree", merged.differences.iter());
    section(&mut report, "priced apart from the model whose rule covers them", merged.apart.iter());
    section(&mut report, "refused", merged.refused.iter());
    report.push(counts(&merged));
    let sources = [(dated::SOURCE, dated), (flat::SOURCE, flat)];
    Ok((table(&sources, day, &merged), report.concat()))
}

fn section<'a>(
    report: &mut Vec<String>,
    title: &str,
    lines: impl ExactSizeIterator<Item = &'a String>,
) {
    report.push(format!("{title} ({}):\n", lines.len()));
    report.extend(lines.map(|line| format!("  {line}\n")));
}

fn counts(merged: &Merged) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &merged.lines {
        *counts.entry(&line.provider).or_default() += 1;
    }
    let each: Vec<_> = counts.iter().map(|(name, count)| format!("  {name} {count}\n")).collect();
    let (models, agreed) = (merged.lines.len(), merged.agreed);
    format!("models: {models}, both lists agree on {agreed}\n{}", each.concat())
}

fn table(sources: &[(&str, &Package)], day: &str, merged: &Merged) -> String {
    let source = |(id, package): &(&str, &Package)| {
        let Package { name, version, licence, .. } = package;
        serde_json::json!({"id": id, "package": name, "version": version, "licence": licence})
            .to_string()
    };
    let sources: Vec<_> = sources.iter().map(source).collect();
    let lines: Vec<_> = merged.lines.iter().map(line::Line::write).collect();
    format!(
        "{{\n\"format\":{FORMAT},\n\"as_of\":\"{day}\",\n\"sources\":[\n{}\n],\n\"models\":[\n{}\n]\n}}\n",
        sources.join(",\n"),
        lines.join(",\n")
    )
}

/// Downloads both packages with pip and unpacks them below the build folder. Installs nothing.
fn fetch(repository: &Repository) -> Result<PathBuf> {
    let folder = crate::measure::target_dir(repository).join("prices");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("cannot empty the folder for packages")?;
    }
    std::fs::create_dir_all(&folder).context("cannot make the folder for packages")?;
    let pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"];
    run(Command::new("python3").args(pip).args([DATED_PACKAGE, FLAT_PACKAGE]), &folder)?;
    for entry in std::fs::read_dir(&folder)? {
        let wheel = entry?.path();
        run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg("."), &folder)?;
    }
    Ok(folder)
}

fn run(command: &mut Command, folder: &Path) -> Result<()> {
    let status = command.current_dir(folder).status().context("cannot run python3")?;
    if !status.success() {
        bail!("{command:?} failed");
    }
    Ok(())
}

fn package(folder: &Path, name: &'static str, file: &str) -> Result<Package> {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let beginning = format!("{}-", name.replace('-', "_"));
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let entry_name = entry.file_name().to_string_lossy().into_owned();
        if entry_name.starts_with(&beginning) && entry_name.ends_with(".dist-info") {
            let metadata = std::fs::read_to_string(entry.path().join("METADATA"))?;
            let field = |keys: &[&str]| {
                let line = |key: &&str| metadata.lines().find_map(|line| line.strip_prefix(*key));
                keys.iter().find_map(line).map(|value| value.trim().to_owned())
            };
            let version = field(&["Version:"]).context("METADATA has no version")?;
            let licence = field(&["License-Expression:", "License:"]).context("no licence")?;
            return Ok(Package { name, version, licence, text });
        }
    }
    bail!("{}: no {beginning}*.dist-info", folder.display())
}

/// Today in UTC.
fn today() -> Result<String> {
    let date = Command::new("date").args(["-u", "+%F"]).output().context("cannot run date")?;
    Ok(String::from_utf8(date.stdout).context("date")?.trim().to_owned())
}

#[cfg(test)]
mod tests;
