use super::*;

fn read(text: &str, part: usize) -> Vec<(String, String)> {
    let mut events = Events::default();
    let mut read = Vec::new();
    for part in text.as_bytes().chunks(part) {
        read.extend(events.push(part).unwrap());
    }
    read.into_iter().map(|event| (event.name, event.data)).collect()
}

#[test]
fn events_are_the_same_however_they_are_cut() {
    let text =
        ": hello\n\ndata: 1\n\nevent: b\r\ndata: x\u{e9}\r\ndata:y\r\nid: 3\r\n\r\ndata: open";
    let expected = [("message", "1"), ("b", "x\u{e9}\ny")];
    let expected: Vec<_> =
        expected.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect();
    for part in 1..=text.len() {
        assert_eq!(read(text, part), expected, "in parts of {part}");
    }
}

#[test]
fn an_event_without_data_is_none_and_names_do_not_leak() {
    assert_eq!(read("event: a\n\ndata: 1\n\n", 7), [("message".to_owned(), "1".to_owned())]);
}
