//! Merges the sources of configuration into one table, then reads it.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Config;
use super::validate::validate;

/// Variables that are not configuration: they belong to the commands that talk to a server.
const NOT_CONFIG: [&str; 3] = ["TELLTALE_CONFIG", "TELLTALE_KEY", "TELLTALE_URL"];

/// Sections of the file; a variable's name starts with one, or is a key of the top level.
const SECTIONS: [&str; 7] =
    ["server", "ingest", "storage", "retention", "query", "telemetry", "log"];

/// What flags said, as keys of the top level.
pub(crate) type Overrides = Vec<(&'static str, String)>;

/// A configuration that cannot be used. Names the source, the key and what would be right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration file {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is not TOML: {source}")]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("configuration key `{key}`: {detail}")]
    Key { key: String, detail: String },
}

/// Reads the configuration from a file (if named), the environment and flags.
pub(crate) fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: Overrides,
) -> Result<Config, ConfigError> {
    let mut table = match file {
        Some(path) => read_file(path)?,
        None => Table::new(),
    };
    let mut variables: Vec<_> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with("TELLTALE_") && !NOT_CONFIG.contains(&name.as_str()))
        .collect();
    variables.sort();
    for (name, value) in variables {
        set_variable(&mut table, &name, value)?;
    }
    for (key, value) in flags {
        table.insert(key.to_owned(), Value::String(value));
    }
    let config: Config =
        serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
            let detail = error.inner().to_string();
            ConfigError::Key { key: error.path().to_string(), detail: detail.trim().to_owned() }
        })?;
    validate(&config)?;
    Ok(config)
}

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    text.parse()
        .map_err(|source| ConfigError::Toml { path: path.to_owned(), source: Box::new(source) })
}

/// `TELLTALE_STORAGE_FLUSH_BYTES` is `storage.flush_bytes`; `TELLTALE_DATA_DIR` is `data_dir`.
fn set_variable(table: &mut Table, name: &str, value: String) -> Result<(), ConfigError> {
    let key = name.trim_start_matches("TELLTALE_").to_ascii_lowercase();
    let section = SECTIONS.into_iter().find_map(|section| {
        let rest = key.strip_prefix(section)?.strip_prefix('_')?;
        Some((section, rest.to_owned()))
    });
    let Some((section, key)) = section else {
        table.insert(key, Value::String(value));
        return Ok(());
    };
    let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    match inner {
        Value::Table(inner) => {
            inner.insert(key, Value::String(value));
            Ok(())
        }
        _ => Err(ConfigError::Key {
            key: section.to_owned(),
            detail: format!("is a section: write [{section}]"),
        }),
    }
}
