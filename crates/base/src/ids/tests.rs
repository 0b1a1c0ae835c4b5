use super::*;

#[test]
fn ids_round_trip_through_hex_of_either_case() {
    let id: TraceId = "0AF7651916CD43DD8448EB211C80319C".parse().unwrap();
    assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(id.to_string().parse::<TraceId>().unwrap(), id);
}

#[test]
fn zero_short_and_foreign_ids_are_refused() {
    for text in ["", "00", "0000000000000000", "b7ad6b716920333", "b7ad6b716920333g"] {
        assert_eq!(text.parse::<SpanId>(), Err(IdError { expected_bytes: 8 }), "{text}");
    }
    assert_eq!(SpanId::from_slice(&[0; 8]), None);
}
