//! The table: every dialect is there, every name in it means something, and rules of a user that
//! are wrong are named.

use std::collections::{BTreeMap, BTreeSet};

use super::{FILES, RuleError, RuleFile, Rules};
use crate::fields;

/// Every dialect that was found in the wild.
const DIALECTS: &[&str] = &[
    "otel_genai_current",
    "otel_genai_1_28_to_1_36",
    "otel_genai_1_26_1_27",
    "otel_genai_old_metrics",
    "openllmetry_current",
    "openllmetry_legacy",
    "openinference",
    "vercel_ai_legacy",
    "vercel_ai_otel",
    "langfuse",
    "pydantic_ai",
    "logfire",
    "openlit",
    "langsmith_otel",
    "mlflow",
    "semantic_kernel",
    "ms_agent_framework",
    "strands_agentcore",
    "google_adk",
    "claude_code",
    "codex",
    "gemini_cli",
    "litellm",
    "anthropic_sdk_native",
    "vllm",
    "crewai",
    "azure_ai_projects",
    "laminar",
    "agentops",
    "sentry",
    "spring_ai",
    "voltagent",
    "livekit",
    "genkit",
    "generic_sessions",
];

fn files() -> Vec<RuleFile> {
    FILES.iter().map(|(name, text)| RuleFile::parse(name, text).unwrap()).collect()
}

#[test]
fn the_compiled_in_table_has_every_dialect_once() {
    let rules = Rules::compile(&[]).expect("the table compiles");
    let ids: Vec<&str> = rules.dialects.iter().map(|dialect| &*dialect.id).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len());
    assert_eq!(unique, DIALECTS.iter().copied().collect());
    assert_eq!(rules.dialects.last().map(|dialect| &*dialect.id), Some("generic_sessions"));
    assert_eq!(rules.dialects.iter().filter(|dialect| dialect.always).count(), 1);
}

#[test]
fn ids_of_rules_are_unique() {
    let rules = Rules::builtin();
    let ids: BTreeSet<&str> = rules.all.iter().map(|rule| &*rule.id).collect();
    assert_eq!(ids.len(), rules.all.len());
    assert!(ids.len() > 500, "{}", ids.len());
}

#[test]
fn every_canonical_name_is_one_name_and_means_itself() {
    let names: Vec<&str> = fields::identities().collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(unique.len(), names.len());
    for name in names {
        let target = fields::target(name).expect("a canonical name leads somewhere");
        assert_eq!(fields::name(target), name);
    }
}

#[test]
fn spelling_a_canonical_spelling_changes_nothing() {
    for (name, map) in files().into_iter().flat_map(|file| file.map) {
        if name == "token_type" {
            continue;
        }
        let by_spelling: BTreeMap<String, &String> =
            map.iter().map(|(spelling, canonical)| (spelling.to_lowercase(), canonical)).collect();
        // Kinds of spans are mapped to operations, which the map of operations has to leave alone.
        let is_final = matches!(name.as_str(), "provider" | "operation" | "finish_reason");
        for canonical in map.values().filter(|_| is_final) {
            let again = by_spelling.get(canonical).copied().unwrap_or(canonical);
            assert_eq!(again, canonical, "map {name}");
            assert_eq!(canonical, &canonical.to_lowercase(), "map {name}");
        }
    }
}

#[test]
fn operations_of_every_map_are_final() {
    let files = files();
    let operations: BTreeMap<String, String> =
        files.iter().filter_map(|file| file.map.get("operation").cloned()).flatten().collect();
    for (name, map) in files.iter().flat_map(|file| &file.map) {
        if !name.ends_with("_kind") && !name.ends_with("_type") && !name.ends_with("_operation") {
            continue;
        }
        if matches!(name.as_str(), "token_type" | "output_type") {
            continue;
        }
        for operation in map.values() {
            assert!(!operations.contains_key(operation), "{name}: {operation}");
        }
    }
}

fn user(text: &str) -> Result<Rules, RuleError> {
    Rules::with_user(&[RuleFile::parse("user", text)?])
}

fn problem(text: &str) -> String {
    match user(text) {
        Ok(_) => panic!("the rules are wrong and were taken"),
        Err(RuleError::Form { source, .. }) => source.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn wrong_rules_of_a_user_are_named() {
    let rule = |rule: &str| {
        problem(&format!(
            "[[dialect]]\nid = \"mine\"\ndetect = {{ scope = [\"x\"] }}\nrules = [{{ from = \"a\", to = \"keep\" }}, {{ {rule} }}]"
        ))
    };
    let starts = "dialect `mine`, rule 2 (from `";
    for (text, expected) in [
        ("from = 'my.model', to = 'gen_ai.request.modell'", "not a canonical name"),
        ("from = 'm', to = 'gen_ai.request.model', as = 'upper'", "unknown step `upper`"),
        (
            "from = 'm', to = 'gen_ai.request.model', as = 'map:nowhere'",
            "unknown step `map:nowhere`",
        ),
        ("from = 'm', to = 'gen_ai.input.messages', as = 'xml'", "unknown encoding `xml`"),
        ("from = 'm', to = 'keep', on = 'metric'", "not `metric`"),
        ("from = 'm', to = 'keep', when = ['if it rains']", "`if it rains` is no condition"),
        ("from = 'm.*.n', to = 'keep'", "`*` stands only at the end"),
        ("from = '#.m', to = 'keep'", "the first word has to be plain"),
        ("from = '@weather', to = 'keep'", "`@weather` means nothing"),
        ("from = 'm', to = 'keep', on = 'event'", "names its event"),
        (
            "from = 'm', to = 'gen_ai.usage.input_tokens', reading = 'maybe'",
            "unknown reading `maybe`",
        ),
        ("from = [], to = 'keep'", "has no `from`"),
    ] {
        let problem = rule(text);
        assert!(problem.starts_with(starts), "{problem}");
        assert!(problem.contains(expected), "{problem}");
    }
    assert!(rule("frmo = 'm', to = 'keep'").contains("frmo"));
    assert!(problem("[[dialect]]\nname = 'nameless'").contains("has no id"));
    assert!(problem("[[dialect]]\nid = 'x'\ndetect = { resource = ['oops'] }").contains("`oops`"));
    assert!(problem("[[dialect]]\nid = 'x'\nmetrics = [{ name = 'm' }]").contains("metric `m`"));
}

#[test]
fn limits_of_a_table_hold_at_their_edge() {
    let dialects = |count: usize| {
        let one = |n| format!("[[dialect]]\nid = 'd{n}'\ndetect = {{ scope = ['s'] }}\n");
        (0..count).map(one).collect::<Vec<String>>().concat()
    };
    let free = super::table::DIALECTS_MAX - DIALECTS.len();
    assert!(user(&dialects(free)).is_ok());
    assert!(problem(&dialects(free + 1)).contains("65 dialects"));

    let rules = |count: usize| {
        let list = "{ from = 'my.a', to = 'keep' },\n".repeat(count);
        format!("[[dialect]]\nid = 'd'\ndetect = {{ scope = ['s'] }}\nrules = [{list}]")
    };
    let free = super::table::RULES_MAX - Rules::builtin().all.len();
    assert!(user(&rules(free)).is_ok());
    assert!(problem(&rules(free + 1)).contains("4097 rules"));

    let parts = |count: usize| {
        let list = vec!["'!attr:x'"; count].join(",");
        format!("[[dialect]]\nid = 'd'\nrules = [{{ from = 'a', to = 'keep', when = [{list}] }}]")
    };
    assert!(user(&parts(super::table::RULE_PARTS_MAX)).is_ok());
    assert!(problem(&parts(super::table::RULE_PARTS_MAX + 1)).contains("more than 32"));
}
