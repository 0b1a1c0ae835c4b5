//! The built-in rules, one a kind of secret. A new kind is one entry here, and its examples in the
//! tests.
//!
//! Rules work on bytes. A negated class matches the bytes of a character outside ASCII one by one,
//! so such a class must be repeated without an upper bound, or a match could end inside a
//! character.

/// Version of the set of rules; a frame in the WAL says which one it passed. Count up when a rule
/// changes.
pub const MASK_RULES_VERSION: u32 = 1;

/// A kind of secret.
#[derive(Debug)]
pub(super) struct Rule {
    /// Name, as it stands in `[masked:<name>]` and in counts.
    pub(super) name: &'static str,
    /// What must stand before the secret; kept.
    pub(super) before: &'static str,
    /// The secret itself.
    pub(super) secret: &'static str,
    /// What must stand behind the secret; kept.
    pub(super) behind: &'static str,
    /// Words without one of which there is no such secret. The rarer and the longer a word, the
    /// faster the scan of whole bodies. A rule without words has a scan of its own.
    pub(super) words: &'static [&'static str],
    /// What follows from a word on where there is such a secret; the secret itself when it starts
    /// with the word.
    at_word: Option<&'static str>,
}

impl Rule {
    const fn new(name: &'static str, words: &'static [&'static str], secret: &'static str) -> Self {
        Self { name, before: BOUNDARY, secret, behind: "", words, at_word: None }
    }

    /// The pattern that matches from a word on wherever this rule finds a secret.
    pub(super) fn at_word(&self) -> &'static str {
        self.at_word.unwrap_or(self.secret)
    }
}

/// The start of a value, anything but a letter or digit, or an escape of JSON or of URLs: in
/// `"key:\nsk-..."`, written as JSON inside a string, the secret follows the letter n.
const BOUNDARY: &str = r"^|[^A-Za-z0-9]|\\[bfnrt]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}";

pub(super) const RULES: &[Rule] = &[
    Rule {
        at_word: Some("PRIVATE KEY"),
        ..Rule::new(
            "private-key",
            &["PRIVATE KEY"],
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
        )
    },
    Rule::new("anthropic-key", &["sk-"], "sk-ant-[A-Za-z0-9_-]{16,}"),
    Rule::new("openrouter-key", &["sk-"], "sk-or-[A-Za-z0-9_-]{20,}"),
    Rule::new("langfuse-key", &["sk-"], "sk-lf-[0-9A-Fa-f-]{20,}"),
    Rule::new(
        "openai-key",
        &["sk-"],
        "sk-(?:(?:proj|svcacct|admin|service|None)-[A-Za-z0-9_-]{16,}|[A-Za-z0-9]{20,})",
    ),
    Rule::new("google-key", &["AIza"], "AIza[A-Za-z0-9_-]{30,}"),
    Rule {
        behind: r"\b",
        ..Rule::new("aws-key-id", &["AKIA", "ASIA"], "(?:AKIA|ASIA)[A-Z0-9]{16}")
    },
    Rule::new(
        "github-token",
        &["gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_"],
        "(?:gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    ),
    Rule::new("gitlab-token", &["glpat-"], "glpat-[A-Za-z0-9_-]{16,}"),
    Rule::new("slack-token", &["xox"], "xox[abeprs]-[A-Za-z0-9-]{10,}"),
    Rule::new(
        "stripe-key",
        &["sk_live_", "sk_test_", "rk_live_", "rk_test_"],
        "[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    ),
    Rule::new("huggingface-token", &["hf_"], "hf_[A-Za-z0-9]{20,}"),
    Rule::new("groq-key", &["gsk_"], "gsk_[A-Za-z0-9]{20,}"),
    Rule::new("xai-key", &["xai-"], "xai-[A-Za-z0-9]{20,}"),
    Rule::new("replicate-token", &["r8_"], "r8_[A-Za-z0-9]{20,}"),
    Rule::new("perplexity-key", &["pplx-"], "pplx-[A-Za-z0-9]{20,}"),
    Rule::new("npm-token", &["npm_"], "npm_[A-Za-z0-9]{20,}"),
    // All PyPI tokens are macaroons, whose first bytes are always these.
    Rule::new("pypi-token", &["pypi-AgE"], "pypi-AgE[A-Za-z0-9_-]{16,}"),
    Rule::new("telltale-key", &["tt_"], "tt_[A-Za-z0-9]{32,}"),
    Rule {
        at_word: Some(r"\.eyJ[A-Za-z0-9_-]{8}"),
        ..Rule::new(
            "jwt",
            &[".eyJ"],
            r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
        )
    },
    // A word after "bearer" is a token when it has a digit, or is longer than words are.
    Rule {
        at_word: Some("earer +[A-Za-z0-9._~+/-]{8}"),
        ..Rule::new(
            "bearer-token",
            &["earer "],
            "[Bb]earer +(?:[A-Za-z._~+/-]*[0-9][A-Za-z0-9._~+/-]{7,}|[A-Za-z0-9._~+/-]{24,})=*",
        )
    },
    // The password goes on to the last @ before the path, because passwords hold @ too.
    Rule {
        before: r#"://[^\x00-\x20\x7f/:@?#"'<>\\]*:"#,
        behind: "@",
        ..Rule::new("url-password", &[], r#"[^\x00-\x20\x7f/?#"'<>\\]+"#)
    },
];
