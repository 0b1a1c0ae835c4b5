//! Merges the sources of configuration into one table, then reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Config;
use super::validate::validate;

/// Variables that are not configuration: they belong to the commands that talk to a server.
const NOT_CONFIG: [&str; 3] = ["TELLTALE_CONFIG", "TELLTALE_KEY", "TELLTALE_URL"];

/// Sections of the file; a variable's name starts with one, or is a key of the top level.
const SECTIONS: [&str; 8] =
    ["server", "ingest", "genai", "storage", "retention", "query", "telemetry", "log"];

/// What flags said, as keys of the top level.
pub(crate) type Overrides = Vec<(&'static str, String)>;

/// A configuration that cannot be used. Names the source, the key and what would be right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration file {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is not TOML")]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    /// `origin` says who set it, in parentheses, and is empty for a default.
    #[error("configuration key `{key}`{origin}: {detail}")]
    Key { key: String, origin: String, detail: String },
}

/// Who set which key; what is in neither was set by the file or by nobody.
#[derive(Debug, Default)]
struct Origins {
    set: BTreeMap<String, String>,
    file: Option<(PathBuf, Table)>,
}

impl Origins {
    fn of(&self, key: &str) -> String {
        if let Some(origin) = self.set.get(key) {
            return format!(" ({origin})");
        }
        let in_file = self.file.as_ref().filter(|(_, table)| {
            let mut inner = Some(table);
            key.split('.').all(|part| {
                let value = inner.and_then(|table| table.get(part));
                inner = value.and_then(Value::as_table);
                value.is_some()
            })
        });
        in_file.map(|(path, _)| format!(" (file {})", path.display())).unwrap_or_default()
    }

    fn name(&self, error: ConfigError) -> ConfigError {
        match error {
            ConfigError::Key { key, detail, .. } => {
                ConfigError::Key { origin: self.of(&key), key, detail }
            }
            other => other,
        }
    }
}

/// Reads the configuration from a file (if named), the environment and flags.
pub(crate) fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: Overrides,
) -> Result<Config, ConfigError> {
    let mut origins = Origins::default();
    let mut table = Table::new();
    if let Some(path) = file {
        table = read_file(path)?;
        origins.file = Some((path.to_owned(), table.clone()));
    }
    let mut variables: Vec<_> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with("TELLTALE_") && !NOT_CONFIG.contains(&name.as_str()))
        .collect();
    variables.sort();
    for (name, value) in variables {
        let key = set_variable(&mut table, &name, value).map_err(|e| origins.name(e))?;
        origins.set.insert(key, format!("variable {name}"));
    }
    for (key, value) in flags {
        origins.set.insert(key.to_owned(), format!("flag --{}", key.replace('_', "-")));
        table.insert(key.to_owned(), Value::String(value));
    }
    let config: Config =
        serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
            let (key, detail) = (error.path().to_string(), error.inner().message().to_owned());
            ConfigError::Key { origin: origins.of(&key), key, detail }
        })?;
    validate(&config).map_err(|error| origins.name(error))?;
    Ok(config)
}

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    text.parse()
        .map_err(|source| ConfigError::Toml { path: path.to_owned(), source: Box::new(source) })
}

/// `TELLTALE_STORAGE_FLUSH_BYTES` is `storage.flush_bytes`; `TELLTALE_DATA_DIR` is `data_dir`.
/// Answers the whole key.
fn set_variable(table: &mut Table, name: &str, value: String) -> Result<String, ConfigError> {
    let key = name.trim_start_matches("TELLTALE_").to_ascii_lowercase();
    let section = SECTIONS.into_iter().find_map(|section| {
        let rest = key.strip_prefix(section)?.strip_prefix('_')?;
        Some((section, rest.to_owned()))
    });
    let Some((section, key)) = section else {
        table.insert(key.clone(), Value::String(value));
        return Ok(key);
    };
    let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    match inner {
        Value::Table(inner) => {
            let whole = format!("{section}.{key}");
            inner.insert(key, Value::String(value));
            Ok(whole)
        }
        _ => Err(ConfigError::Key {
            key: section.to_owned(),
            origin: String::new(),
            detail: format!("is a section: write [{section}]"),
        }),
    }
}
