use super::super::{Day, bundled};
use super::*;

/// Spelling (provider, model), and the row that must be found and how; `-` for none.
const SPELLINGS: &[(&str, &str, &str, &str)] = &[
    // Provider, or `?`.
    ("openai", "gpt-4o", "openai/gpt-4o", "exact"),
    ("OpenAI", " GPT-4o ", "openai/gpt-4o", "exact"),
    ("openai.chat", "gpt-4o-2024-08-06", "openai/gpt-4o", "exact"),
    ("openai", "gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13", "exact"),
    ("openai", "gpt-4o-20990101", "openai/gpt-4o", "date-stripped"),
    ("openai", "gpt-4o-2024-99-99", "-", ""),
    ("?", "gpt-4o-mini", "openai/gpt-4o-mini", "inferred"),
    ("?", "gpt-4o-minimal", "-", ""),
    ("?", "gpt-4-foo-unknown", "-", ""),
    ("openai", "gpt-4", "openai/gpt-4", "exact"),
    ("openai", "gpt-", "-", ""),
    ("openai", "", "-", ""),
    ("openai", "gpt-4o:free", "-", ""),
    (
        "?",
        "ft:gpt-4o-mini-2024-07-18:acme::abc1",
        "openai/ft:gpt-4o-mini",
        "version-stripped, inferred",
    ),
    ("?", "openai:gpt-4o", "openai/gpt-4o", "prefix-stripped, inferred"),
    ("anthropic", "claude-sonnet-4.5", "anthropic/claude-sonnet-4-5", "exact"),
    ("?", "Claude-Opus-4-6[1m]", "anthropic/claude-opus-4-6", "version-stripped, inferred"),
    ("anthropic", "claude-haiku-4-5@20251001", "anthropic/claude-haiku-4-5", "date-stripped"),
    ("anthropic", "claude-3-7-sonnet", "anthropic/claude-3-7-sonnet-latest", "exact"),
    (
        "?",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "aws.bedrock/regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "inferred",
    ),
    (
        "aws.bedrock",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "aws.bedrock/global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "exact",
    ),
    (
        "AWS",
        "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "aws.bedrock/regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "prefix-stripped",
    ),
    (
        "amazon-bedrock",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "aws.bedrock/regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "prefix-stripped",
    ),
    (
        "aws.bedrock",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef",
        "-",
        "",
    ),
    (
        "aws.bedrock",
        "ap.anthropic.claude-3-haiku-20240307-v1:0",
        "aws.bedrock/regional.anthropic.claude-3-haiku-20240307-v1:0",
        "region-stripped",
    ),
    (
        "aws.bedrock",
        "anthropic.claude-3-haiku-20240307-v1:0:48k",
        "aws.bedrock/regional.anthropic.claude-3-haiku-20240307-v1:0",
        "version-stripped",
    ),
    ("aws.bedrock", "amazon.nova-micro", "aws.bedrock/amazon.nova-micro-v1:0", "exact"),
    ("aws.bedrock", "amazon.nova-micro-v2:0", "-", ""),
    (
        "anthropic",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "aws.bedrock/regional.anthropic.claude-3-haiku-20240307-v1:0",
        "inferred",
    ),
    (
        "openrouter",
        "anthropic/claude-sonnet-4.5",
        "openrouter/anthropic/claude-sonnet-4.5",
        "exact",
    ),
    (
        "?",
        "openrouter/anthropic/claude-sonnet-4.5",
        "openrouter/anthropic/claude-sonnet-4.5",
        "prefix-stripped, inferred",
    ),
    ("openai", "openrouter/openai/gpt-4o", "openrouter/openai/gpt-4o", "prefix-stripped, inferred"),
    (
        "openai",
        "anthropic/claude-sonnet-4.5",
        "anthropic/claude-sonnet-4-5",
        "prefix-stripped, inferred",
    ),
    ("litellm", "litellm_proxy/openai/gpt-4o", "openai/gpt-4o", "prefix-stripped, inferred"),
    ("openrouter", "deepseek/deepseek-r1:free", "openrouter/deepseek/deepseek-r1:free", "exact"),
    ("openrouter", "openai/gpt-4o:online", "-", ""),
    ("azure.ai.openai", "gpt-4o", "azure.ai.openai/gpt-4o", "exact"),
    ("az.ai.openai", "azure/gpt-4o", "azure.ai.openai/gpt-4o", "prefix-stripped"),
    ("azure", "eu/gpt-4o-2024-08-06", "azure.ai.openai/eu/gpt-4o-2024-08-06", "exact"),
    ("azure", "my-own-deployment", "-", ""),
    ("gcp.vertex_ai", "gemini-2.5-pro", "gcp.gemini/gemini-2.5-pro", "same prices"),
    (
        "vertex_ai",
        "publishers/google/models/gemini-2.5-pro",
        "gcp.gemini/gemini-2.5-pro",
        "prefix-stripped, same prices",
    ),
    (
        "?",
        "models/gemini-2.5-flash-001",
        "gcp.gemini/gemini-2.5-flash",
        "prefix-stripped, version-stripped, inferred",
    ),
    (
        "?",
        "vertex_ai/claude-sonnet-4-5@20250929",
        "gcp.vertex_ai/claude-sonnet-4-5",
        "prefix-stripped, inferred",
    ),
    ("google", "gemini-2.5-pro", "gcp.gemini/gemini-2.5-pro", "exact"),
    ("fireworks", "accounts/fireworks/models/kimi-k3", "fireworks/kimi-k3", "exact"),
    (
        "?",
        "fireworks_ai/accounts/fireworks/models/kimi-k3",
        "fireworks/kimi-k3",
        "prefix-stripped, inferred",
    ),
    ("?", "accounts/me/models/gpt-4o", "-", ""),
    ("?", "me/models/gpt-4o", "-", ""),
    ("?", "arn:aws:sagemaker:us-east-1:123456789012:endpoint/gpt-4o", "-", ""),
    (
        "?",
        "projects/p/locations/eu/publishers/google/models/gemini-2.5-pro",
        "gcp.gemini/gemini-2.5-pro",
        "prefix-stripped, inferred",
    ),
    ("groq", "openai/gpt-oss-120b", "groq/openai/gpt-oss-120b", "exact"),
    ("?", "llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile", "inferred"),
    // Open weights: anyone may serve them.
    ("?", "gpt-oss-120b", "-", ""),
    ("openai", "openai/gpt-oss-120b", "-", ""),
    ("?", "Qwen/Qwen3-32B", "-", ""),
    ("?", "meta-llama/Llama-3.3-70B-Instruct", "-", ""),
    ("ollama", "gpt-4o", "-", ""),
    ("oci", "meta.llama3-3-70b-instruct-v1:0", "-", ""),
    (
        "aws.bedrock",
        "meta.llama3-3-70b-instruct-v1:0",
        "aws.bedrock/meta.llama3-3-70b-instruct-v1:0",
        "exact",
    ),
    ("vllm", "openrouter/openai/gpt-4o", "-", ""),
    // A provider that is known narrows.
    ("mistral_ai", "gpt-4o", "-", ""),
    ("groq", "gpt-4o", "-", ""),
    ("?", "deepseek-chat", "deepseek/deepseek-chat", "inferred"),
    ("deepseek", "deepseek-chat", "deepseek/deepseek-chat", "exact"),
    ("langchain", "text-embedding-3-small", "openai/text-embedding-3-small", "inferred"),
    ("cohere", "rerank-v3.5", "cohere/rerank-v3.5", "exact"),
    ("?", "rerank-2.5", "voyage/rerank-2.5", "inferred"),
    ("?", "kimi-k3", "moonshot_ai/kimi-k3", "inferred"),
    ("x_ai", "grok-4.5", "x_ai/grok-4.5", "exact"),
];

#[test]
fn each_spelling_finds_its_row_or_none() {
    let noon = i64::from(Day::parse("2026-11-27").unwrap().0) * UnixNanos::DAY + UnixNanos::DAY / 2;
    let mut wrong = Vec::new();
    for (provider, model, expected, how) in SPELLINGS {
        let given = Some(*provider).filter(|provider| *provider != "?");
        let found = bundled().lookup(given, model, UnixNanos(noon));
        let found = found.map_or(("-".into(), String::new()), |found| {
            (format!("{}/{}", found.model.provider, found.model.model), found.how())
        });
        if (found.0.as_str(), found.1.as_str()) != (*expected, *how) {
            wrong.push(format!("{provider} {model}: {found:?}, expected {expected} ({how})"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn absurd_names_are_no_names() {
    let table = bundled();
    for name in ["a".repeat(100_000), "/".repeat(400), "-v1:0".repeat(80), "\u{1f600}".into()] {
        assert!(table.lookup(None, &name, UnixNanos(0)).is_none());
        assert!(table.lookup(Some(&name), "\u{0}", UnixNanos(0)).is_none());
    }
}

#[test]
fn two_dated_models_do_not_answer_for_a_third() {
    let line = |model: &str, usd: &str| {
        format!(
            r#"{{"provider":"openai","model":"{model}","src":"t","prices":[{{"in":"{usd}"}}]}}"#
        )
    };
    let table = |lines: &[String]| {
        let lines = lines.join(",");
        let text =
            format!(r#"{{"format":1,"as_of":"2026-01-01","sources":[],"models":[{lines}]}}"#);
        PriceTable::parse(&text).unwrap()
    };
    let one = table(&[line("gpt-z-2025-01-01", "1")]);
    let found = |table: &PriceTable, model: &str| {
        table.lookup(Some("openai"), model, UnixNanos(0)).map(|found| found.how())
    };
    assert_eq!(found(&one, "gpt-z"), Some("undated".into()));
    assert_eq!(found(&one, "gpt-z-2025-02-02"), None);
    let two = table(&[line("gpt-z-2025-01-01", "1"), line("gpt-z-2025-03-01", "2")]);
    assert_eq!(found(&two, "gpt-z"), None);
    assert_eq!(found(&two, "gpt-z-2025-03-01"), Some("exact".into()));
}
