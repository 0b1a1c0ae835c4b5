//! What is understood of each captured client, record by record.

use std::fmt::Write;

use telltale_genai::{Canonical, ContentSource, Explain, Normaliser, Usage};

use crate::support::{OwnedSpan, load, names};

/// A canonical form as a short block.
fn block(canonical: &Canonical<'_>) -> String {
    let mut text = String::new();
    for (name, value) in canonical.to_attributes() {
        let shown = format!("{value:?}");
        if !name.starts_with("gen_ai.usage") && !name.starts_with("telltale.usage") {
            writeln!(text, "  {name} = {shown}").expect("write");
        }
    }
    for piece in &canonical.content {
        let source = match &piece.source {
            ContentSource::Attribute { name, path } if path.is_empty() => name.to_string(),
            ContentSource::Attribute { name, path } => format!("{name}:{}", path.join(".")),
            ContentSource::Attributes { pattern } => pattern.to_string(),
            ContentSource::SpanEvent { index, attribute } => format!("event {index}: {attribute}"),
            ContentSource::Body => "body".to_owned(),
        };
        let (kind, encoding) = (piece.kind.name(), piece.encoding.name());
        writeln!(text, "  {kind} <- {source} as {encoding}").expect("write");
    }
    if let Some(usage) = &canonical.usage {
        writeln!(text, "  usage {}", usage_line(usage)).expect("write");
    }
    for invalid in canonical.reported.invalid() {
        writeln!(text, "  invalid {invalid:?}").expect("write");
    }
    text
}

fn usage_line(usage: &Usage) -> String {
    let counts: Vec<String> = usage
        .counts()
        .map(|(name, count)| {
            format!("{}={count}", name.trim_start_matches("gen_ai.usage.").replace("_tokens", ""))
        })
        .collect();
    let mut line = counts.join(" ");
    if !usage.adjustments.is_empty() {
        write!(line, " {:?}", usage.adjustments).expect("write");
    }
    line
}

fn span_block(normaliser: Normaliser<'_>, span: &OwnedSpan) -> String {
    let origin = &span.origin;
    let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
    span.with(|input| match normaliser.span(scope, input, None) {
        None => format!("span {}: not AI\n", span.name),
        Some(canonical) => {
            let unmapped: Vec<_> =
                canonical.unmapped.iter().map(|place| &*span.attributes[*place].0).collect();
            let unmapped = if unmapped.is_empty() {
                String::new()
            } else {
                format!("  unmapped {unmapped:?}\n")
            };
            let dialects = canonical.dialects.join(" + ");
            let tag = canonical.tag;
            format!("span {} [{dialects}] {tag:?}\n{}{unmapped}", span.name, block(&canonical))
        }
    })
}

fn describe(client: &str) -> String {
    let normaliser = Normaliser::builtin();
    let capture = load(client);
    let mut text = String::new();
    for span in &capture.spans {
        text += &span_block(normaliser, span);
    }
    for log in &capture.logs {
        let origin = &log.origin;
        let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
        match normaliser.log(scope, &log.input(), None) {
            None => text += "log: not AI\n",
            Some(canonical) => {
                let event = canonical.event.as_deref().unwrap_or("-");
                let dialects = canonical.dialects.join(" + ");
                let tag = canonical.tag;
                write!(text, "log {event} [{dialects}] {tag:?}\n{}", block(&canonical))
                    .expect("write");
            }
        }
    }
    for point in &capture.points {
        let origin = &point.origin;
        let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
        if let Some(usage) = normaliser.metric(scope, &point.input(), None) {
            writeln!(
                text,
                "metric {} {:?}={:?} rank {} family {:?} provider {:?} model {:?}",
                point.name,
                usage.part,
                usage.tokens,
                usage.rank,
                usage.canonical.family,
                usage.canonical.provider,
                usage.canonical.request_model,
            )
            .expect("write");
        }
    }
    text
}

#[test]
fn every_captured_record_has_its_canonical_form() {
    for client in names() {
        insta::assert_snapshot!(format!("canonical_{client}"), describe(&client));
    }
}

#[test]
fn explain_says_what_was_taken_from_where() {
    let normaliser = Normaliser::builtin();
    let mut text = String::new();
    for client in ["litellm_otel", "openinference_anthropic", "claude_code"] {
        let capture = load(client);
        let span = capture
            .spans
            .iter()
            .find(|span| span.attributes.len() > 15)
            .expect("a span with attributes");
        let origin = &span.origin;
        let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
        let mut explain = Explain::default();
        span.with(|input| normaliser.span(scope, input, Some(&mut explain)).map(|_| ()));
        writeln!(text, "{client}: {} {:?}", span.name, explain.dialects).expect("write");
        for line in &explain.decisions {
            writeln!(
                text,
                "  {:?} {} = {:?} from {} by {} {}",
                line.outcome, line.field, line.value, line.source, line.rule, line.transform
            )
            .expect("write");
        }
        writeln!(text, "  unmapped {:?}", explain.unmapped).expect("write");
    }
    insta::assert_snapshot!("explain", text);
}

#[test]
fn explaining_changes_nothing() {
    let normaliser = Normaliser::builtin();
    for client in names() {
        for span in load(&client).spans {
            let origin = &span.origin;
            let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
            span.with(|input| {
                let plain = normaliser.span(scope, input, None);
                let mut explain = Explain::default();
                assert_eq!(normaliser.span(scope, input, Some(&mut explain)), plain);
            });
        }
    }
}
