//! Secrets never pass, wherever in a body they stand and however it is encoded.

use bytes::Bytes;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use telltale_base::Signal;
use telltale_otlp::{Admitted, Encoding, Masker};

use crate::flatten::records;
use crate::support::{
    MASKER, around_spans, attribute, context, encode, field, logs, span, span_with, string, texts,
    traces,
};

const SECRET: &str = "sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz";
const MARKER: &str = "[masked:anthropic-key]";

fn admit(signal: Signal, encoding: Encoding, body: impl Into<Bytes>) -> Admitted {
    telltale_otlp::admit(signal, encoding, body.into(), &MASKER, &context()).unwrap()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A span with the secret in every place that text can stand, and how many places these are.
fn leaky() -> (Span, u64) {
    let text = format!("before {SECRET} after");
    let list = AnyValue {
        value: Some(Value::ArrayValue(ArrayValue {
            values: vec![AnyValue {
                value: Some(Value::KvlistValue(KeyValueList {
                    values: vec![attribute(&text, string(&text))],
                })),
            }],
        })),
    };
    let bytes = AnyValue { value: Some(Value::BytesValue(text.clone().into_bytes())) };
    let span = Span {
        name: text.clone(),
        trace_state: text.clone(),
        attributes: vec![
            attribute(&text, string(&text)),
            attribute("list", list),
            attribute("bytes", bytes),
        ],
        events: vec![Event {
            name: text.clone(),
            attributes: vec![attribute("k", string(&text))],
            ..Event::default()
        }],
        links: vec![Link {
            trace_state: text.clone(),
            attributes: vec![attribute("k", string(&text))],
            ..Link::default()
        }],
        status: Some(Status { message: text, code: 2 }),
        ..span("")
    };
    (span, 12)
}

#[test]
fn a_secret_is_masked_wherever_text_can_stand() {
    let (span, in_span) = leaky();
    let mut request = traces(vec![span]);
    let group = &mut request.resource_spans[0];
    let around = vec![attribute(SECRET, string(SECRET))];
    let entity = EntityRef { id_keys: vec![SECRET.to_owned()], ..EntityRef::default() };
    group.resource = Some(Resource {
        attributes: around.clone(),
        entity_refs: vec![entity],
        ..Resource::default()
    });
    group.schema_url = SECRET.to_owned();
    group.scope_spans[0].scope = Some(InstrumentationScope {
        name: SECRET.to_owned(),
        version: SECRET.to_owned(),
        attributes: around,
        ..InstrumentationScope::default()
    });
    group.scope_spans[0].schema_url = SECRET.to_owned();
    let body = request.encode_to_vec();
    let protobuf = admit(Signal::Traces, Encoding::Protobuf, body.clone());
    let json = admit(Signal::Traces, Encoding::Json, serde_json::to_vec(&request).unwrap());
    assert_eq!(protobuf.masked, [("anthropic-key", in_span + 9)]);
    // `opentelemetry-proto` reads and writes entities too.
    assert_eq!(json.masked, protobuf.masked);
    assert_eq!(json.batches, protobuf.batches);
    for admitted in [protobuf, json] {
        assert!(!contains(&admitted.body, SECRET));
        assert!(!contains(&encode(&admitted), SECRET));
        let expected = String::from_utf8_lossy(&body).into_owned().matches(SECRET).count();
        assert_eq!(String::from_utf8_lossy(&admitted.body).matches(MARKER).count(), expected);
        let replayed = telltale_otlp::decode(Signal::Traces, &admitted.body, &context()).unwrap();
        assert_eq!(replayed, admitted.batches);
    }
}

#[test]
fn log_bodies_are_masked_and_the_rest_is_kept() {
    let log = |body| LogRecord {
        body: Some(body),
        event_name: format!("e {SECRET}"),
        severity_text: "INFO".to_owned(),
        ..LogRecord::default()
    };
    let admitted = admit(
        Signal::Logs,
        Encoding::Protobuf,
        logs(vec![log(string(&format!("token={SECRET}, done")))]).encode_to_vec(),
    );
    assert_eq!(texts(&admitted, "body"), [Some(format!("token={MARKER}, done"))]);
    assert_eq!(texts(&admitted, "event_name"), [Some(format!("e {MARKER}"))]);
    assert_eq!(texts(&admitted, "severity_text"), [Some("INFO".to_owned())]);
}

#[test]
fn escapes_of_json_hide_nothing() {
    let escaped: String =
        SECRET.bytes().flat_map(|b| format!("\\u{b:04x}").into_bytes()).map(char::from).collect();
    let body = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"{escaped}"}}}}]}}]}}]}}"#
    );
    let admitted = admit(Signal::Logs, Encoding::Json, body);
    assert_eq!(texts(&admitted, "body"), [Some(MARKER.to_owned())]);
}

#[test]
fn a_secret_in_a_field_that_nobody_knows_is_left_out() {
    let tail = field(14, SECRET.as_bytes());
    // Field 14 is a number in a span, so an unknown field needs two bytes of tag: 100.
    let unknown = [vec![0xa2, 0x06], tail[1..].to_vec()].concat();
    let body = around_spans(&[span_with("s", &unknown)]);
    assert!(contains(&body, SECRET));
    let admitted = admit(Signal::Traces, Encoding::Protobuf, body);
    assert!(!contains(&admitted.body, SECRET));
    assert_eq!(admitted.accepted, 1);
    let plain = traces(vec![span("s")]).encode_to_vec();
    assert_eq!(records(Signal::Traces, &admitted.body), records(Signal::Traces, &plain));
}

#[test]
fn a_secret_in_a_refused_record_is_gone_with_it() {
    let spans = vec![Span { trace_id: SECRET.as_bytes().to_vec(), ..span("s") }];
    let admitted = admit(Signal::Traces, Encoding::Protobuf, traces(spans).encode_to_vec());
    assert_eq!((admitted.accepted, admitted.rejected), (0, 1));
    assert!(!contains(&admitted.body, SECRET));
}

#[test]
fn what_is_masked_already_is_left_as_it_is() {
    let url = "postgres://user:hunter2@db/x";
    let body = traces(vec![span(url), span(SECRET)]).encode_to_vec();
    let once = admit(Signal::Traces, Encoding::Protobuf, body);
    assert_eq!(once.masked, [("anthropic-key", 1), ("url-password", 1)]);
    let twice = admit(Signal::Traces, Encoding::Protobuf, once.body.clone());
    assert_eq!(twice.masked, []);
    assert_eq!(twice.body.as_ptr(), once.body.as_ptr());
}

#[test]
fn masking_can_be_off() {
    let body = Bytes::from(traces(vec![span(SECRET)]).encode_to_vec());
    let admitted = telltale_otlp::admit(
        Signal::Traces,
        Encoding::Protobuf,
        body.clone(),
        &Masker::off(),
        &context(),
    )
    .unwrap();
    assert_eq!(admitted.body, body);
    assert_eq!(texts(&admitted, "name"), [Some(SECRET.to_owned())]);
}

#[test]
fn debugging_a_masker_shows_names_only() {
    assert!(format!("{:?}", *MASKER).starts_with(r#"["private-key", "anthropic-key""#));
}
