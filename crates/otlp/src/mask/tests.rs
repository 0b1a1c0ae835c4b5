//! Tests of the rules, each with what it masks and what it must leave alone.

use std::path::Path;
use std::sync::LazyLock;

use super::*;

static MASKER: LazyLock<Masker> = LazyLock::new(Masker::builtin);

/// For each rule, secrets that it masks. None is real.
const SECRETS: &[(&str, &[&str])] = &[
    (
        "private-key",
        &[
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\\nMIIEow\\n-----END PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc\n-----END PGP PRIVATE KEY BLOCK-----",
        ],
    ),
    ("anthropic-key", &["sk-ant-api03-AbCdEf_GhIjKl-MnOpQr"]),
    ("openrouter-key", &["sk-or-v1-0123456789abcdef0123456789abcdef"]),
    ("langfuse-key", &["sk-lf-01234567-89ab-cdef-0123-456789abcdef"]),
    (
        "openai-key",
        &[
            "sk-proj-abcdEFGH_ijkl-MNOPqrst",
            "sk-svcacct-abcdEFGHijklMNOP",
            "sk-abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst",
            "sk-0123456789abcdef0123456789abcdef",
        ],
    ),
    ("google-key", &["AIzaSyA-abcdefghijklmnopqrstuvwxyz01234"]),
    ("aws-key-id", &["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"]),
    (
        "github-token",
        &[
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "gho_abcdefghijklmnopqrstuvwxyz0123456789",
            "ghs_abcdefghijklmnopqrstuvwxyz0123456789",
            "ghu_abcdefghijklmnopqrstuvwxyz0123456789",
            "ghr_abcdefghijklmnopqrstuvwxyz0123456789",
            "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
        ],
    ),
    ("gitlab-token", &["glpat-abcdefghij_klmnop-qrst"]),
    ("slack-token", &["xoxb-123456789012-abcdefGHIJKL", "xoxp-1234567890-abcdef"]),
    ("stripe-key", &["sk_live_abcdefghijklmnop", "rk_live_abcdefghijklmnopqrst"]),
    ("huggingface-token", &["hf_abcdefghijklmnopqrstuvwxyzABCDEFGH"]),
    ("groq-key", &["gsk_abcdefghijklmnopqrstuvwxyz0123456789"]),
    ("xai-key", &["xai-abcdefghijklmnopqrstuvwxyz0123456789"]),
    ("replicate-token", &["r8_abcdefghijklmnopqrstuvwxyz0123456789"]),
    ("perplexity-key", &["pplx-abcdefghijklmnopqrstuvwxyz0123456789"]),
    ("npm-token", &["npm_abcdefghijklmnopqrstuvwxyz0123456789"]),
    ("pypi-token", &["pypi-AgEIcHlwaS5vcmcCJGFiY2RlZmdo"]),
    ("telltale-key", &["tt_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"]),
    ("jwt", &["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"]),
    (
        "bearer-token",
        &[
            "Bearer abc123def456",
            "bearer abcdefghijklmnopqrstuvwxyz",
            "Bearer YWJjZDEyMzQ1Njc4OTA==",
        ],
    ),
];

/// Ordinary text that looks a little like a secret.
const INNOCENT: &[&str] = &[
    "task-list-of-things-to-do-tomorrow-morning",
    "risk-assessment-of-the-third-quarter",
    "disk-abcdefghijklmnopqrstuvwxyz0123456789",
    "sk-learn-pipeline-with-a-long-name-in-it",
    "sk-toggleable__content-arrow-of-a-notebook",
    "sk-proj-short",
    "the bearer of this letter may pass",
    "Bearer authentication is required",
    "bearer token missing",
    "BEARER_TOKEN",
    "AKIA is a prefix",
    "MAKIAIOSFODNN7EXAMPLE",
    "AKIAIOSFODNN7EXAMPLEANDMORE",
    "npm_config_registry_is_not_a_token",
    "pypi-some-long-package-name-in-a-list",
    "http_server_request_duration_seconds_bucket",
    "att_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg",
    "tt_short",
    "hf_model_name_with_underscores_in_it",
    "xai-is-a-company-that-makes-models",
    "eyJust a word. eyJust another.",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "http://localhost:8080/v1/users/me@example.com",
    "http://127.0.0.1:4318/v1/traces?user=a:b@c",
    "https://user@example.com/path",
    "mailto:someone@example.com",
    "3fa85f64-5717-4562-b3fc-2c963f66afa6",
];

fn masked(text: &str) -> (String, Vec<(&'static str, u64)>) {
    let masker = &*MASKER;
    let mut tally = Tally::default();
    let out = masker.mask(text.as_bytes(), &mut tally).unwrap_or_else(|| text.into());
    (String::from_utf8(out).unwrap(), tally.counts())
}

#[test]
fn each_rule_masks_its_secrets_in_any_surroundings() {
    for (rule, secrets) in SECRETS {
        for secret in *secrets {
            for (before, behind) in [
                ("", ""),
                ("key=", ";"),
                ("\"", "\""),
                ("{\\\"k\\\": \\\"", "\\\"}"),
                ("a line\\n", "\\n"),
                ("\\u0022", "\\u0022"),
                ("x%3D", "&"),
                ("\u{e9}", "\u{1f600}"),
                ("_", " "),
            ] {
                // A key without its end goes on to the end of the value.
                let open = secret.starts_with("-----BEGIN") && !secret.contains("-----END");
                let behind = if open { "" } else { behind };
                let (text, counts) = masked(&format!("{before}{secret}{behind}"));
                assert_eq!(text, format!("{before}[masked:{rule}]{behind}"));
                assert_eq!(counts, [(*rule, 1)]);
            }
        }
    }
}

#[test]
fn every_rule_has_an_example() {
    let with_examples: Vec<_> = SECRETS.iter().map(|(rule, _)| *rule).collect();
    let rules: Vec<_> = MASKER.rules().filter(|rule| *rule != "url-password").collect();
    assert_eq!(rules, with_examples);
}

#[test]
fn only_the_password_of_a_url_is_masked() {
    for (url, expected) in [
        ("postgres://user:hunter2@db:5432/x", "postgres://user:[masked:url-password]@db:5432/x"),
        ("redis://:hunter2@cache", "redis://:[masked:url-password]@cache"),
        ("amqp://u:p@ss@host/v", "amqp://u:[masked:url-password]@host/v"),
        (
            "see https://me:t0p\u{e9}@git.example.com/r.git now",
            "see https://me:[masked:url-password]@git.example.com/r.git now",
        ),
        ("mysql://a:[b@h", "mysql://a:[masked:url-password]@h"),
    ] {
        assert_eq!(masked(url), (expected.to_owned(), vec![("url-password", 1)]));
    }
}

#[test]
fn ordinary_text_is_left_alone() {
    for text in INNOCENT {
        assert_eq!(masked(text), ((*text).to_owned(), vec![]));
    }
}

#[test]
fn several_secrets_are_counted_by_rule() {
    let aws = "AKIAIOSFODNN7EXAMPLE";
    let github = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    let (text, counts) = masked(&format!("{aws},{aws} {github}"));
    assert_eq!(text, "[masked:aws-key-id],[masked:aws-key-id] [masked:github-token]");
    assert_eq!(counts, [("aws-key-id", 2), ("github-token", 1)]);
    let (text, counts) = masked("Authorization: Bearer eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc");
    assert_eq!(text, "Authorization: Bearer [masked:jwt]");
    assert_eq!(counts, [("jwt", 1)]);
}

#[test]
fn the_scan_of_a_body_finds_what_a_field_holds_behind_any_byte() {
    let masker = &*MASKER;
    let urls: &[&str] = &["postgres://user:hunter2@db"];
    for secret in SECRETS.iter().map(|(_, secrets)| *secrets).chain([urls]).flatten() {
        for byte in 0..=u8::MAX {
            // Lengths and tags of the wire format stand next to text.
            let body = [&[byte], secret.as_bytes(), &[byte]].concat();
            assert!(masker.may_match(&body), "{byte:02x} {secret}");
        }
    }
}

#[test]
fn masked_text_holds_nothing_to_mask() {
    let masker = &*MASKER;
    for rule in masker.rules() {
        assert_eq!(masked(&format!("k=[masked:{rule}]")).1, []);
    }
}

/// The fast path is fast only when ordinary bodies end at the scan.
#[test]
fn the_scan_passes_over_what_real_clients_send() {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/captures");
    let mut hits = Vec::new();
    for client in std::fs::read_dir(captures).unwrap().map(|entry| entry.unwrap().path()) {
        if !client.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&client).unwrap().map(|entry| entry.unwrap().path()) {
            if MASKER.may_match(&std::fs::read(&file).unwrap()) {
                hits.push(file);
            }
        }
    }
    assert_eq!(hits, Vec::<std::path::PathBuf>::new());
}
