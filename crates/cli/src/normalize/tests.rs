use std::path::{Path, PathBuf};

use super::*;

fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/captures").join(name)
}

fn check(args: &NormalizeArgs) -> Result<String, CliError> {
    let mut out = Vec::new();
    run(args, &mut out).map(|_| String::from_utf8(out).unwrap())
}

fn args(file: PathBuf) -> NormalizeArgs {
    NormalizeArgs { file, explain: false, rules: Vec::new(), json: false }
}

#[test]
fn a_capture_is_shown_in_canonical_names() {
    let shown = check(&args(capture("openinference_anthropic/0001-traces.bin"))).unwrap();
    assert!(shown.contains("gen_ai.provider.name") && shown.contains("anthropic"), "{shown}");
    assert!(!shown.contains("shadowed"), "{shown}");
    assert!(shown.contains("6 AI spans"), "{shown}");
}

#[test]
fn explaining_shows_what_was_not_used_too() {
    let file = capture("openinference_anthropic/0001-traces.bin");
    let shown = check(&NormalizeArgs { explain: true, ..args(file) }).unwrap();
    assert!(shown.contains("kept"), "{shown}");
}

#[test]
fn json_has_every_decision() {
    let file = capture("vercel_ai_legacy/0001-traces.bin");
    let shown = check(&NormalizeArgs { json: true, ..args(file) }).unwrap();
    let answer: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(answer["spans"].as_array().unwrap().len(), 10);
    assert!(answer["spans"][0]["decisions"][0]["rule"].is_string());
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        crate::export::testing::text(&path, text);
        path
    };
    let wrong = write("wrong.toml", "not = [rules");
    let text = write("traces.bin", "this is no request");
    for (args, expect) in [
        (args(folder.path().join("none.bin")), "none.bin"),
        (args(text.clone()), "not a request of traces"),
        (NormalizeArgs { rules: vec![wrong], ..args(text) }, "wrong.toml"),
    ] {
        let error = check(&args).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }
}
