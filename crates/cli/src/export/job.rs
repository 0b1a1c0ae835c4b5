//! What is exported, and the SQL condition for it.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use telltale_schema::Table;

use super::{ExportArgs, ExportFormat, ExportTable};
use crate::error::CliError;

/// What must be the same for an export to be resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    table: ExportTable,
    format: ExportFormat,
    since: Option<String>,
    until: Option<String>,
    #[serde(rename = "where")]
    filter: Option<String>,
    /// The file's name or the endpoint's address.
    pub(super) target: String,
}

impl Job {
    pub(super) fn new(args: &ExportArgs) -> Result<Self, CliError> {
        if args.to.is_some() && args.format != ExportFormat::Otlp {
            return Err(CliError::Usage("--to sends OTLP: say --format otlp".to_owned()));
        }
        if args.table == ExportTable::Calls && args.format == ExportFormat::Otlp {
            return Err(CliError::Usage(
                "calls are made by the server and are not OTLP: say --format parquet or jsonl"
                    .to_owned(),
            ));
        }
        let target = match (&args.out, &args.to) {
            (Some(file), _) => file.to_string_lossy().into_owned(),
            (None, Some(to)) => to.clone(),
            (None, None) => {
                return Err(CliError::Usage("say where to: --out FILE or --to URL".to_owned()));
            }
        };
        Ok(Self {
            table: args.table,
            format: args.format,
            since: time("--since", args.since.as_deref())?,
            until: time("--until", args.until.as_deref())?,
            filter: args.filter.clone(),
            target,
        })
    }

    pub(super) fn table(&self) -> Table {
        self.table.table()
    }

    /// The conditions of the rows, each ready to stand beside AND.
    pub(super) fn conditions(&self) -> Vec<String> {
        let column = self.table().timestamp_column();
        let since = self.since.iter().map(|time| format!("{column} >= '{time}'"));
        let until = self.until.iter().map(|time| format!("{column} < '{time}'"));
        // The line break ends a comment that the condition may end with.
        let filter = self.filter.iter().map(|sql| format!("({sql}\n)"));
        since.chain(until).chain(filter).collect()
    }
}

/// A time in the form that SQL reads, to the microsecond.
fn time(flag: &str, text: Option<&str>) -> Result<Option<String>, CliError> {
    let Some(text) = text else { return Ok(None) };
    let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let time: DateTime<Utc> =
        DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()).or_else(day).ok_or_else(
            || {
                CliError::Usage(format!(
                    "{flag} is {text:?}, not a time such as 2026-01-31 or 2026-01-31T12:00:00Z"
                ))
            },
        )?;
    Ok(Some(time.to_rfc3339_opts(SecondsFormat::Micros, true)))
}
