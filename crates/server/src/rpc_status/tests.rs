//! The bytes against a generated decoder of the same messages.

use std::time::Duration;

use prost::Message as _;

use super::{Code, RETRY_INFO, Status};

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct GeneratedStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

#[test]
fn protobuf_reads_back() {
    let delay = Duration::new(300, 500_000_000);
    let status = Status { code: Code::Unavailable, message: "full", retry_after: Some(delay) };
    let read = GeneratedStatus::decode(&*status.to_protobuf()).unwrap();
    assert_eq!((read.code, read.message.as_str()), (14, "full"));
    assert_eq!(read.details[0].type_url, RETRY_INFO);
    let info = RetryInfo::decode(&*read.details[0].value).unwrap();
    assert_eq!(info.retry_delay, Some(Delay { seconds: 300, nanos: 500_000_000 }));
}

#[test]
fn a_zero_delay_is_still_retry_info() {
    let status = Status { code: Code::Unavailable, message: "", retry_after: Some(Duration::ZERO) };
    let read = GeneratedStatus::decode(&*status.to_protobuf()).unwrap();
    let info = RetryInfo::decode(&*read.details[0].value).unwrap();
    assert_eq!(info.retry_delay, Some(Delay::default()));
}

#[test]
fn json_is_as_the_mapping_says() {
    let delay = Some(Duration::from_millis(1500));
    let status = Status { code: Code::Unavailable, message: "full", retry_after: delay };
    insta::assert_snapshot!(String::from_utf8(status.to_json()).unwrap(), @r#"{"code":14,"message":"full","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500000000s"}]}"#);
    let status = Status { code: Code::InvalidArgument, message: "a\"b", retry_after: None };
    insta::assert_snapshot!(String::from_utf8(status.to_json()).unwrap(), @r#"{"code":3,"message":"a\"b"}"#);
}
