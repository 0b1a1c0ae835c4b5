use super::*;

#[test]
fn an_address_is_a_base_for_the_path_of_traces() {
    for (address, expected) in [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://host/otlp", "https://host/otlp/v1/traces"),
        ("https://host/otlp/v1/traces", "https://host/otlp/v1/traces"),
    ] {
        assert_eq!(HttpSink::url(address).unwrap().as_str(), expected);
    }
    for address in ["collector:4318", "ftp://collector", "self", "", "http://host/?a=b"] {
        let error = HttpSink::url(address).unwrap_err().to_string();
        assert!(error.contains(&format!("{address:?}")), "{error}");
    }
}

#[test]
fn the_answer_tells_how_many_were_refused() {
    let mut answer = ExportTraceServiceResponse::default();
    assert_eq!(refused(&answer.encode_to_vec()), 0);
    answer.partial_success.get_or_insert_default().rejected_spans = 3;
    assert_eq!(refused(&answer.encode_to_vec()), 3);
    assert_eq!(refused(b"no protobuf"), 0);
}

#[test]
fn the_key_is_never_shown() {
    let sink = HttpSink::new("http://127.0.0.1:1", Some("tt_secret".into())).unwrap();
    assert!(!format!("{sink:?}").contains("secret"));
}
