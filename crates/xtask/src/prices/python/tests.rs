use super::*;

#[test]
fn literals_and_calls_are_read() {
    let module = "'''doc'''\nx: list[P] = [\n  P(id='a', d=Decimal('0.5'), \n  n=['a' \"b\", (1, -2.5e3)], m={'k': None, 'b': True}),\n]\nrest = 1";
    let value = parse_after(module, "x: list[P] = ").unwrap();
    let p = &value.items()[0];
    assert_eq!(p.call_name(), "P");
    assert_eq!(p.field("id").and_then(Py::text), Some("a"));
    assert_eq!(p.field("d").and_then(Py::text), Some("0.5"));
    assert_eq!(p.field("n").unwrap().items()[0].text(), Some("ab"));
    assert_eq!(p.field("n").unwrap().items()[1].items()[1].text(), Some("-2.5e3"));
    assert!(matches!(p.field("m"), Some(Py::Dict(entries)) if entries.len() == 2));
    assert_eq!(p.field("missing"), None);
}

#[test]
fn escapes_are_taken_apart() {
    let value = parse_after(r"v = '^a\\d{8}$ it\'s'", "v = ").unwrap();
    assert_eq!(value.text(), Some(r"^a\d{8}$ it's"));
}

#[test]
fn what_is_no_literal_is_refused() {
    for text in ["v = ", "v = [1", "v = 'a", "v = [1 2]", "v = {1}", "v = @", "v = '\\x41'"] {
        assert!(parse_after(text, "v = ").is_err(), "{text}");
    }
    let deep = format!("v = {}", "[".repeat(100));
    assert!(parse_after(&deep, "v = ").unwrap_err().root_cause().to_string().contains("deeper"));
}
