use proptest::prelude::*;

use super::*;

fn write(value: &Value) -> (String, Option<String>) {
    let mut writer = JsonWriter::new();
    writer.value(value);
    (writer.text().to_owned(), writer.types().map(str::to_owned))
}

fn check(value: &Value, text: &str, types: Option<&str>) {
    let (written, sidecar) = write(value);
    assert_eq!(written, text);
    assert_eq!(sidecar.as_deref(), types);
    assert_eq!(&read(&written, sidecar.as_deref()).unwrap(), value);
}

fn map(members: &[(&str, Value)]) -> Value {
    Value::Map(members.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
}

#[test]
fn native_types_need_no_sidecar() {
    let value = map(&[
        ("s", Value::String("a\"\\\n\u{1}é".into())),
        ("i", Value::Int(9_007_199_254_740_993)),
        ("d", Value::Double(1.0)),
        ("z", Value::Double(-0.0)),
        ("n", Value::Null),
        ("l", Value::Array(vec![Value::Bool(true), Value::Int(i64::MIN)])),
    ]);
    check(
        &value,
        r#"{"s":"a\"\\\n\u0001é","i":9007199254740993,"d":1.0,"z":-0.0,"n":null,"l":[true,-9223372036854775808]}"#,
        None,
    );
}

#[test]
fn the_rest_is_named_by_place_even_under_duplicate_keys() {
    let value = map(&[
        ("k", Value::Bytes(vec![1, 2])),
        ("k", Value::Double(f64::NAN)),
        ("m", map(&[("a", Value::Absent), ("b", Value::Double(f64::NEG_INFINITY))])),
        ("n", Value::Double(f64::from_bits(0x7ff8_0000_0000_0001))),
    ]);
    check(
        &value,
        r#"{"k":"AQI=","k":"NaN","m":{"a":null,"b":"-Infinity"},"n":"NaN"}"#,
        Some("0:b,1:d,2.0:a,2.1:d,3:d7ff8000000000001"),
    );
}

#[test]
fn damaged_text_is_refused_with_its_place() {
    for (text, types) in [
        ("", None),
        ("{", None),
        ("{\"a\":1,}", None),
        ("\"\\ud800\"", None),
        ("1 2", None),
        ("{\"a\":\"?\"}", Some("0:b")),
        ("{\"a\":1}", Some("0:d")),
    ] {
        assert!(read(text, types).is_err(), "{text}");
    }
    assert!(read(&"[".repeat(100_000), None).is_err());
}

pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(Value::Absent),
        any::<String>().prop_map(Value::String),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<u64>().prop_map(|bits| Value::Double(f64::from_bits(bits))),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec(("[a-c]{0,2}", inner), 0..6).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(value in any_value()) {
        let (text, types) = write(&value);
        prop_assert_eq!(read(&text, types.as_deref()).unwrap(), value);
    }

    #[test]
    fn reading_never_panics(text in any::<String>(), types in any::<Option<String>>()) {
        let _outcome = read(&text, types.as_deref());
    }
}
