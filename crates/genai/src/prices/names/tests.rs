use proptest::prelude::*;

use super::*;

fn texts(name: &str) -> Vec<String> {
    forms(name).into_iter().map(|form| form.text).collect()
}

#[test]
fn folding_joins_spellings_and_nothing_else() {
    assert_eq!(fold(" Claude-Sonnet-4.5 "), "claude-sonnet-4-5");
    assert_eq!(fold("a1.2.3b"), "a1-2-3b");
    assert_eq!(fold("us.anthropic.claude"), "us.anthropic.claude");
    assert_eq!(fold("x_y.9"), "x_y.9");
}

#[test]
fn decoration_is_taken_off_step_by_step() {
    assert_eq!(
        texts("bedrock/us.anthropic.claude-x-20250101-v1:0"),
        [
            "bedrock/us.anthropic.claude-x-20250101-v1:0",
            "bedrock/us.anthropic.claude-x-20250101-v1",
            "bedrock/us.anthropic.claude-x-20250101",
            "bedrock/us.anthropic.claude-x",
            "us.anthropic.claude-x-20250101-v1:0",
            "us.anthropic.claude-x-20250101-v1",
            "us.anthropic.claude-x-20250101",
            "us.anthropic.claude-x",
            "anthropic.claude-x-20250101-v1:0",
            "anthropic.claude-x-20250101-v1",
            "anthropic.claude-x-20250101",
            "anthropic.claude-x",
        ]
    );
    assert_eq!(texts("gpt-4o"), ["gpt-4o"]);
    assert_eq!(texts("gpt-4o-20241301"), ["gpt-4o-20241301"]);
    assert_eq!(texts("gpt-4o:free"), ["gpt-4o:free"]);
    assert_eq!(texts("m-latest"), ["m-latest", "m"]);
    assert_eq!(texts("-20250101"), ["-20250101"]);
}

#[test]
fn the_first_prefix_says_who_bills() {
    let implied = |name: &str| forms(name).last().and_then(|form| form.implied).map(|p| p.id);
    assert_eq!(implied("openrouter/openai/gpt-4o"), Some("openrouter"));
    assert_eq!(implied("litellm_proxy/azure/gpt-4o"), Some("azure.ai.openai"));
    assert_eq!(implied("qwen/qwen3-32b"), None);
    assert_eq!(implied("unknown/gpt-4o"), None);
    assert_eq!(implied("eu.anthropic.claude-x"), Some("aws.bedrock"));
}

#[test]
fn names_have_a_length() {
    assert_eq!(texts(&"a".repeat(MODEL_NAME_MAX)).len(), 1);
    assert!(texts(&"a".repeat(MODEL_NAME_MAX + 1)).is_empty());
    assert!(texts(" ").is_empty());
}

proptest! {
    #[test]
    fn every_form_is_a_part_of_the_name(name in "\\PC{0,80}") {
        let whole = fold(&name);
        let forms = forms(&name);
        prop_assert!(forms.len() <= 2 * (PREFIXES_MAX + 1) * (SUFFIXES_MAX + 1));
        for form in forms {
            prop_assert!(whole.contains(&form.text));
        }
        prop_assert_eq!(fold(&whole), whole);
    }
}
