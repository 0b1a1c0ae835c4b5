//! What an export remembers, and what it refuses to touch.

use std::path::Path;

use clap::Parser;
use telltale_wal::RealFs;

use super::position::Progress;
use super::{ExportArgs, Job, testing};
use crate::error::CliError;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: ExportArgs,
}

fn args(out: &Path, more: &[&str]) -> ExportArgs {
    let out = out.to_str().unwrap();
    let fixed = ["export", "--table", "spans", "--out", out];
    let format: &[&str] = if more.contains(&"--format") { &[] } else { &["--format", "jsonl"] };
    Line::try_parse_from([&fixed, format, more].concat()).unwrap().args
}

fn open(args: &ExportArgs) -> Result<Progress<'static>, CliError> {
    Progress::open(&RealFs, args, &Job::new(args)?)
}

fn refusal(args: &ExportArgs) -> String {
    open(args).err().unwrap().to_string()
}

#[test]
fn a_position_is_kept_and_taken_up_by_the_same_export_only() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("spans.jsonl");
    let mut progress = open(&args(&out, &["--resume"])).unwrap();
    assert_eq!(progress.state.last_record_id, None, "nothing to resume is a new export");
    progress.state.last_record_id = Some(i64::MAX);
    progress.state.rows = 7;
    progress.save().unwrap();
    let state = open(&args(&out, &["--resume"])).unwrap().state;
    assert_eq!((state.last_record_id, state.rows), (Some(i64::MAX), 7));
    assert!(refusal(&args(&out, &[])).contains("--resume, or remove it"));
    for other in [["--where", "true"], ["--since", "2026-01-01"], ["--format", "otlp"]] {
        let other = args(&out, &[&other[..], &["--resume"]].concat());
        assert!(refusal(&other).contains("the same arguments"), "{other:?}");
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("mine.jsonl");
    testing::text(&out, "precious");
    assert!(refusal(&args(&out, &[])).contains("exists: choose another file"));
    assert!(refusal(&args(&out, &["--resume"])).contains("no position file"));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "precious");
    let damaged = dir.path().join("mine.jsonl.position");
    testing::text(&damaged, "{}");
    assert!(refusal(&args(&out, &["--resume"])).contains("not a position"));
}

#[test]
fn conditions_name_the_table_s_own_time() {
    let conditions = |more: &[&str]| {
        Job::new(&args(Path::new("f"), more)).map(|job| job.conditions().join(" AND "))
    };
    assert_eq!(conditions(&[]).unwrap(), "");
    let more = ["--since", "2026-01-31", "--until", "2026-02-01T01:00:00+01:00"];
    assert_eq!(
        conditions(&more).unwrap(),
        "start_time >= '2026-01-31T00:00:00.000000Z' AND start_time < '2026-02-01T00:00:00.000000Z'"
    );
    assert_eq!(conditions(&["--where", "a OR b -- c"]).unwrap(), "(a OR b -- c\n)");
    let error = conditions(&["--since", "yesterday"]).unwrap_err().to_string();
    assert!(error.contains("--since") && error.contains("2026-01-31"), "{error}");
}

#[test]
fn only_otlp_is_sent() {
    let line = ["export", "--table", "spans", "--format", "jsonl", "--to", "http://h"];
    let args = Line::try_parse_from(line).unwrap().args;
    assert!(Job::new(&args).unwrap_err().to_string().contains("--format otlp"));
    let neither = ["export", "--table", "spans", "--format", "jsonl"];
    assert!(Line::try_parse_from(neither).is_err());
    let line = ["export", "--table", "spans", "--format", "otlp", "--to", "http://h", "--resume"];
    let args = Line::try_parse_from(line).unwrap().args;
    assert!(refusal(&args).contains("--position FILE"));
}
