//! `telltale normalize`: what a file of exported traces says in canonical names, and why. Works on
//! the file alone; no server is asked.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use telltale_genai::{RULES_VERSION, RuleFile, Rules};
use telltale_otlp::{Decision, Encoding, ExplainedSpan, explain};

use crate::error::CliError;
use crate::table;
use crate::text::printable;

/// Largest file that is read, in bytes: as large as an export may be by default.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Arguments of `telltale normalize`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  telltale normalize 0001-traces.bin
  telltale normalize --explain --rules my-rules.toml traces.json")]
pub struct NormalizeArgs {
    /// One OTLP request of traces, protobuf or JSON
    pub file: PathBuf,
    /// Show every rule that had something to say, not only the values that were used
    #[arg(long)]
    pub explain: bool,
    /// Own rules that go before the built-in ones (see docs/genai.md); may be repeated
    #[arg(long = "rules", value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(
    args: &NormalizeArgs,
    out: &mut (dyn Write + Send),
) -> Result<ExitCode, CliError> {
    let rules = rules(&args.rules)?;
    let body = read(&args.file)?;
    let start = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let encoding = if start == Some(&b'{') { Encoding::Json } else { Encoding::Protobuf };
    let spans = explain(encoding, &body, &rules).map_err(|error| {
        CliError::Usage(format!("{} is not a request of traces: {error}", args.file.display()))
    })?;
    if args.json {
        let answer = serde_json::json!({ "rules_version": RULES_VERSION, "spans": spans });
        writeln!(out, "{answer:#}")?;
    } else {
        for span in &spans {
            write_span(out, span, args.explain)?;
        }
        writeln!(out, "{} AI spans, rules version {RULES_VERSION}", spans.len())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn rules(files: &[PathBuf]) -> Result<Rules, CliError> {
    let user = files.iter().map(|path| {
        let text = String::from_utf8(read(path)?).map_err(|_| unusable(path, &"not UTF-8"))?;
        RuleFile::parse(&path.to_string_lossy(), &text).map_err(|error| unusable(path, &error))
    });
    let user = user.collect::<Result<Vec<_>, CliError>>()?;
    Rules::with_user(&user).map_err(|error| CliError::Usage(error.to_string()))
}

fn unusable(path: &Path, problem: &impl ToString) -> CliError {
    CliError::Usage(format!("{}: {}", path.display(), problem.to_string()))
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let length = std::fs::metadata(path).map_err(CliError::file("open", path))?.len();
    if length > FILE_BYTES_MAX {
        return Err(unusable(path, &format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read(path).map_err(CliError::file("read", path))
}

fn write_span(
    out: &mut (dyn Write + Send),
    span: &ExplainedSpan,
    all: bool,
) -> Result<(), CliError> {
    let (name, scope) = (printable(&span.name), printable(&span.scope_name));
    writeln!(out, "{name}  {}  {scope}  [{}]", span.span_id, span.dialects.join(", "))?;
    let shown =
        |decision: &&Decision| all || decision.outcome == "used" || decision.outcome == "derived";
    let header = ["field", "value", "from", "rule", "transform", "outcome"].map(str::to_owned);
    let rows: Vec<Vec<Value>> = span
        .decisions
        .iter()
        .filter(shown)
        .map(|d| {
            let rule = format!("{}/{}", d.dialect, d.rule);
            [&d.field, &d.value, &d.source, &rule, &d.transform, &d.outcome]
                .map(|text| Value::String(text.clone()))
                .to_vec()
        })
        .collect();
    table::write(out, &header, &rows)?;
    if !span.unmapped.is_empty() {
        let names: Vec<String> = span.unmapped.iter().map(|name| printable(name)).collect();
        writeln!(out, "no rule for: {}", names.join(", "))?;
    }
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests;
