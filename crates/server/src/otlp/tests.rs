//! Responses against the generated messages of OTLP.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use telltale_base::Signal;

use super::{response_json, response_protobuf};
use crate::ports::Receipt;

fn receipt(rejected: u64, message: Option<&str>) -> Receipt {
    Receipt { rejected, message: message.map(str::to_owned) }
}

#[test]
fn full_success_is_an_empty_message() {
    assert_eq!(response_protobuf(&receipt(0, None)), Vec::<u8>::new());
    assert_eq!(response_json(Signal::Traces, &receipt(0, None)), b"{}");
}

#[test]
fn partial_success_reads_back() {
    let bytes = response_protobuf(&receipt(300, Some("zero trace id")));
    let partial = ExportTraceServiceResponse::decode(&*bytes).unwrap().partial_success.unwrap();
    assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (300, "zero trace id"));
    let partial = ExportLogsServiceResponse::decode(&*bytes).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_log_records, 300);
}

#[test]
fn a_warning_has_a_message_and_no_count() {
    let bytes = response_protobuf(&receipt(0, Some("note")));
    let partial = ExportTraceServiceResponse::decode(&*bytes).unwrap().partial_success.unwrap();
    assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (0, "note"));
}

#[test]
fn json_counts_are_text() {
    let json = |signal| String::from_utf8(response_json(signal, &receipt(2, Some("x")))).unwrap();
    insta::assert_snapshot!(json(Signal::Traces), @r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"x"}}"#);
    insta::assert_snapshot!(json(Signal::Logs), @r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"x"}}"#);
    insta::assert_snapshot!(json(Signal::Metrics), @r#"{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"x"}}"#);
}
