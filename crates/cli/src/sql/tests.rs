use super::*;

#[test]
fn parameters_have_the_type_they_look_like() {
    for (text, value) in [
        ("42", json!(42)),
        ("-1.5", json!(-1.5)),
        ("9223372036854775807", json!(i64::MAX)),
        ("true", json!(true)),
        ("null", json!(null)),
        ("\"42\"", json!("42")),
        ("checkout", json!("checkout")),
        ("[1]", json!("[1]")),
        ("{}", json!("{}")),
        ("", json!("")),
    ] {
        assert_eq!(parameter(text), value, "{text}");
    }
}
