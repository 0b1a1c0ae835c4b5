//! No captured prompt or answer is left when what holds content is taken out.

use telltale_genai::{Attribute, ContentSource, Normaliser, Value};

use crate::support::{load, names};

/// Words of the captured conversations, and of the tools.
const SECRETS: &[&str] = &[
    "weather in Paris",
    "helpful weather bot",
    "sunny",
    "Current weather",
    "Stream it",
    "hello-from-tool",
    "Be brief",
];

fn check(client: &str, name: &str, value: &Value<'_>) {
    let shown = format!("{value:?}");
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{client}: {name} still says {secret}: {shown}");
    }
}

fn check_rest(client: &str, attributes: &[Attribute<'_>], taken: &[usize]) {
    for (place, (name, value)) in attributes.iter().enumerate() {
        if !taken.contains(&place) {
            check(client, name, value);
        }
    }
}

#[test]
fn nothing_of_a_captured_conversation_is_left() {
    let normaliser = Normaliser::builtin();
    let mut taken = 0;
    for client in names() {
        let capture = load(&client);
        for span in &capture.spans {
            let origin = &span.origin;
            let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
            span.with(|input| {
                let places = normaliser.span_content_places(scope, input);
                check_rest(&client, input.attributes, &places.attributes);
                for (place, event) in input.events.iter().enumerate() {
                    let of_event = places.events.iter().filter(|(of, _)| *of == place);
                    let inner: Vec<usize> = of_event.map(|(_, inner)| *inner).collect();
                    check_rest(&client, event.attributes, &inner);
                }
                taken += places.attributes.len() + places.events.len();
            });
        }
        for log in &capture.logs {
            let origin = &log.origin;
            let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
            let places = normaliser.log_content_places(scope, &log.input());
            check_rest(&client, &log.attributes, &places.attributes);
            if let Some(body) = log.body.as_ref().filter(|_| !places.body) {
                check(&client, "body", body);
            }
            taken += places.attributes.len() + usize::from(places.body);
        }
    }
    assert!(taken > 300, "{taken}");
}

#[test]
fn all_content_that_rules_find_is_taken_out() {
    let normaliser = Normaliser::builtin();
    for client in names() {
        for span in &load(&client).spans {
            let origin = &span.origin;
            let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
            span.with(|input| {
                let Some(canonical) = normaliser.span(scope, input, None) else { return };
                let places = normaliser.span_content_places(scope, input);
                for piece in &canonical.content {
                    let is_taken = match &piece.source {
                        ContentSource::Attribute { name, .. } => {
                            let (place, value) = input
                                .attributes
                                .iter()
                                .enumerate()
                                .find(|(_, (known, _))| known == name)
                                .map(|(place, (_, value))| (place, value))
                                .expect("it is there");
                            places.attributes.contains(&place) || value.as_str() == Some("")
                        }
                        ContentSource::SpanEvent { index, .. } => {
                            places.events.iter().any(|(event, _)| event == index)
                        }
                        ContentSource::Attributes { .. } | ContentSource::Body => {
                            !places.attributes.is_empty()
                        }
                    };
                    assert!(is_taken, "{client}: {piece:?}");
                }
            });
        }
    }
}
