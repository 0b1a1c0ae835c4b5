//! The content of each captured client in one form, record by record.

use std::fmt::Write;

use telltale_genai::messages::{Content, to_json};
use telltale_genai::{Normaliser, ScopeDialects};

use crate::support::{Origin, load, names};

fn scope(normaliser: Normaliser<'_>, origin: &Origin) -> ScopeDialects {
    normaliser.scope(&origin.scope, &origin.version, &origin.resource)
}

fn lines(title: &str, content: &[Content]) -> String {
    let mut text = String::new();
    if !content.is_empty() {
        writeln!(text, "{title}").expect("write");
    }
    for one in content {
        writeln!(text, "  {} {}", one.kind.name(), to_json(one)).expect("write");
    }
    text
}

/// Every record's content.
fn all(client: &str) -> Vec<(String, Vec<Content>)> {
    let normaliser = Normaliser::builtin();
    let capture = load(client);
    let mut found = Vec::new();
    for span in &capture.spans {
        let scope = scope(normaliser, &span.origin);
        span.with(|input| {
            if let Some(canonical) = normaliser.span(scope, input, None) {
                let content = normaliser.span_content(input, &canonical);
                found.push((format!("span {}", span.name), content));
            }
        });
    }
    for log in &capture.logs {
        let scope = scope(normaliser, &log.origin);
        if let Some(canonical) = normaliser.log(scope, &log.input(), None) {
            let content = normaliser.log_content(&log.input(), &canonical);
            found.push((format!("log {}", canonical.event.as_deref().unwrap_or("-")), content));
        }
    }
    found
}

#[test]
fn every_captured_record_has_its_messages() {
    for client in names() {
        let text: String =
            all(&client).iter().map(|(title, content)| lines(title, content)).collect();
        insta::assert_snapshot!(format!("messages_{client}"), text);
    }
}

#[test]
fn captured_content_is_understood_whole() {
    for client in names() {
        for (title, content) in all(&client) {
            let mut messages = content.iter().flat_map(|one| &one.messages);
            assert!(messages.all(|one| one.undecoded.is_none()), "{client} {title}: {content:?}");
        }
    }
}
