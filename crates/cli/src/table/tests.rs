use serde_json::json;

use super::*;

#[test]
fn values_of_every_kind_are_shown() {
    let header = ["name".to_owned(), "n".to_owned()];
    let rows = [vec![json!("a\u{1b}[0m"), json!(1)], vec![json!(null), json!([1, 2])]];
    let mut out = Vec::new();
    write(&mut out, &header, &rows).unwrap();
    let text = String::from_utf8(out).unwrap();
    for part in ["name", "a\\u{1b}[0m", "null", "[1,2]"] {
        assert!(text.contains(part), "{part:?} is missing:\n{text}");
    }
    let widths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
    assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
}
