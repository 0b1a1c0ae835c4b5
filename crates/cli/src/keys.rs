//! `telltale keys`: create, list and revoke API keys, on a server or in a data directory.

mod directory;
mod place;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::Client;
use crate::connect::Connect;
use crate::error::CliError;
use crate::table;
use crate::text::time;
use place::Place;

/// Arguments of `telltale keys`.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// What to do
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a key and print its secret, this once
    Create(CreateKey),
    /// List keys, revoked ones included
    List(ListKeys),
    /// End a key at once
    Revoke(RevokeKey),
}

/// Arguments of `telltale keys create`.
#[derive(Debug, Args)]
pub struct CreateKey {
    /// The only project the key sees [default: default, or the project of --key]
    #[arg(long)]
    pub project: Option<String>,
    /// What the key is for
    #[arg(long, value_enum)]
    pub scope: KeyScope,
    /// What you call it [default: the scope]
    #[arg(long)]
    pub name: Option<String>,
    /// With --data-dir: make the directory, or a database of keys in one that has nothing of Telltale
    #[arg(long)]
    pub create: bool,
    /// Where keys are kept
    #[command(flatten)]
    pub place: Where,
}

/// Arguments of `telltale keys list`.
#[derive(Debug, Args)]
pub struct ListKeys {
    /// Only keys of this project
    #[arg(long)]
    pub project: Option<String>,
    /// Where keys are kept
    #[command(flatten)]
    pub place: Where,
}

/// Arguments of `telltale keys revoke`.
#[derive(Debug, Args)]
pub struct RevokeKey {
    /// The key's id, `key_...`
    pub id: String,
    /// Where keys are kept
    #[command(flatten)]
    pub place: Where,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeyScope {
    /// May only send telemetry
    Ingest,
    /// May only read
    Query,
    /// May do both, and manage the project's keys
    Admin,
}

impl KeyScope {
    fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
            Self::Admin => "admin",
        }
    }
}

/// A server or a data directory. When neither is named: the server at the default address if one
/// answers, else ./telltale-data.
#[derive(Clone, Debug, Args)]
pub struct Where {
    /// Work on this data directory, whether or not a server runs on it
    #[arg(long, env = "TELLTALE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The server
    #[command(flatten)]
    pub connect: Connect,
}

/// A key as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyRow {
    pub(crate) id: String,
    pub(crate) project: String,
    pub(crate) scope: String,
    pub(crate) name: String,
    /// 64-bit integers are text in JSON.
    pub(crate) created_unix_nano: String,
    pub(crate) last_used_unix_nano: Option<String>,
    pub(crate) revoked_unix_nano: Option<String>,
}

/// A new key with its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NewKeyRow {
    #[serde(flatten)]
    pub(crate) key: KeyRow,
    pub(crate) secret: String,
}

const API: [&str; 3] = ["api", "v1", "keys"];

pub(crate) async fn run(
    args: KeysArgs,
    out: &mut (dyn Write + Send),
) -> Result<ExitCode, CliError> {
    match args.command {
        KeyCommand::Create(args) => create(args, out).await,
        KeyCommand::List(args) => list(args, out).await,
        KeyCommand::Revoke(args) => revoke(args, out).await,
    }
}

async fn create(args: CreateKey, out: &mut (dyn Write + Send)) -> Result<ExitCode, CliError> {
    let scope = args.scope.name();
    let name = args.name.as_deref().unwrap_or(scope);
    let (created, url) = match place::choose(&args.place).await? {
        Place::Directory(path) => {
            // The default directory is where the server of this folder looks: no name to misspell.
            if args.place.data_dir.is_some() && !args.create {
                directory::must_be_ours(&path)?;
            }
            let project = args.project.as_deref().unwrap_or("default");
            (directory::create(&path, project, scope, name).await?, None)
        }
        Place::Server(client) => {
            let mut body = json!({ "scope": scope, "name": name });
            if let (Some(project), Some(body)) = (args.project, body.as_object_mut()) {
                body.insert("project".to_owned(), project.into());
            }
            let response = client.post(&API, &body, "application/json").await?;
            (client.json::<NewKeyRow>(response).await?, Some(client.address()))
        }
    };
    if args.place.json {
        writeln!(out, "{}", json!(created))?;
    } else {
        write_created(out, &created, args.scope, url.as_deref())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_created(
    out: &mut (dyn Write + Send),
    created: &NewKeyRow,
    scope: KeyScope,
    url: Option<&str>,
) -> std::io::Result<()> {
    let NewKeyRow { key, secret } = created;
    writeln!(out, "{secret}")?;
    writeln!(out)?;
    writeln!(out, "This is key {} of project {}, for {}.", key.id, key.project, key.scope)?;
    writeln!(out, "It is not stored and cannot be shown again. From now on requests need a key.")?;
    if scope != KeyScope::Query {
        writeln!(
            out,
            "To send with it:  export OTEL_EXPORTER_OTLP_HEADERS=\"x-api-key={secret}\""
        )?;
    }
    if scope != KeyScope::Ingest {
        writeln!(out, "To ask with it:   export TELLTALE_KEY={secret}")?;
        // A directory does not say on which port its server listens.
        let (url, to) = url.map_or(("", " to the server"), |url| (url, ""));
        writeln!(
            out,
            "To sign a browser in: POST {url}/api/v1/session {{\"key\": \"tt_...\"}}{to}"
        )?;
    }
    Ok(())
}

async fn list(args: ListKeys, out: &mut (dyn Write + Send)) -> Result<ExitCode, CliError> {
    let mut keys = match place::choose(&args.place).await? {
        Place::Directory(path) => directory::list(&path).await?,
        Place::Server(client) => server_keys(&client).await?,
    };
    if let Some(project) = &args.project {
        keys.retain(|key| key.project == *project);
    }
    if args.place.json {
        writeln!(out, "{}", json!({ "keys": keys }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let header = ["id", "project", "scope", "name", "created", "last used", "revoked"];
    let at = |nanos: Option<&String>| time(nanos.and_then(|nanos| nanos.parse().ok())).into();
    let row = |key: KeyRow| -> Vec<Value> {
        let times = [
            at(Some(&key.created_unix_nano)),
            at(key.last_used_unix_nano.as_ref()),
            at(key.revoked_unix_nano.as_ref()),
        ];
        let texts = [key.id, key.project, key.scope, key.name].map(Value::from);
        texts.into_iter().chain(times).collect()
    };
    let rows: Vec<_> = keys.into_iter().map(row).collect();
    table::write(out, &header.map(str::to_owned), &rows)?;
    Ok(ExitCode::SUCCESS)
}

async fn server_keys(client: &Client) -> Result<Vec<KeyRow>, CliError> {
    #[derive(Deserialize)]
    struct List {
        keys: Vec<KeyRow>,
    }
    let response = client.get(&API, &[], "application/json").await?;
    Ok(client.json::<List>(response).await?.keys)
}

async fn revoke(args: RevokeKey, out: &mut (dyn Write + Send)) -> Result<ExitCode, CliError> {
    match place::choose(&args.place).await? {
        Place::Directory(path) => directory::revoke(&path, &args.id).await?,
        Place::Server(client) => {
            let [api, version, keys] = API;
            client.delete(&[api, version, keys, &args.id]).await?;
        }
    }
    if args.place.json {
        writeln!(out, "{}", json!({ "id": args.id, "revoked": true }))?;
    } else {
        writeln!(out, "revoked {}", crate::text::printable(&args.id))?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
