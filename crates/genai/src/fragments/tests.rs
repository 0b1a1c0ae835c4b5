use proptest::prelude::*;

use super::*;

const KEY: [u8; 32] = [7; 32];

/// The text is cut into these pieces.
fn check(text: &str, expected: &[&str]) {
    let ranges = split(text);
    let pieces: Vec<&str> = ranges.iter().map(|range| text.get(range.clone()).unwrap()).collect();
    assert_eq!(pieces, expected);
}

#[test]
fn messages_are_pieces_and_punctuation_is_apart() {
    check(
        r#"[{"role":"user","a":[{"x":"]}"}]}, {"role":"b \"}{"}]"#,
        &["[", r#"{"role":"user","a":[{"x":"]}"}]}"#, ", ", r#"{"role":"b \"}{"}"#, "]"],
    );
    check(
        "[[{'a': \"it's\"}], [{'b': 'c\\'}'}]]",
        &["[[", "{'a': \"it's\"}", "], [", "{'b': 'c\\'}'}", "]]"],
    );
    check("", &[]);
    check(" \n", &[" \n"]);
    check("{}", &["{}"]);
    check("[]", &["[]"]);
}

#[test]
fn requests_are_cut_inside() {
    let long = "You are a helpful assistant, and this is a long instruction.";
    check(
        &format!(
            r#"{{"model":"m","system":"{long}","messages":[{{"role":"user"}}],"tools":[{{"n":1}}]}}"#
        ),
        &[
            r#"{"model":"m","system":"#,
            &format!("\"{long}\""),
            r#","messages":["#,
            r#"{"role":"user"}"#,
            r#"],"tools":["#,
            r#"{"n":1}"#,
            "]}",
        ],
    );
    check(
        r#"{"config":{"x":1},"contents":[{"parts":[{"text":"a"}]}]}"#,
        &[r#"{"config":{"x":1},"contents":["#, r#"{"parts":[{"text":"a"}]}"#, "]}"],
    );
}

#[test]
fn a_message_alone_is_the_piece_that_it_is_in_a_history() {
    let message = r#"{"content":"hello","role":"assistant","tool_calls":[{"id":"1"}]}"#;
    check(message, &[message]);
    check(&format!("[{message}]"), &["[", message, "]"]);
    // The role of something inside makes no message.
    check(
        r#"{"in":{"role":"x"},"l":[{"role":"y"}]}"#,
        &[r#"{"in":{"role":"x"},"l":["#, r#"{"role":"y"}"#, "]}"],
    );
}

#[test]
fn a_damaged_text_is_cut_up_to_the_damage() {
    check(
        r#"[{"a":1},{"b":2},{"c":"cut of"#,
        &["[", r#"{"a":1}"#, ",", r#"{"b":2}"#, r#",{"c":"cut of"#],
    );
    check(r#"[{"a":1}}{"b":2}"#, &["[", r#"{"a":1}"#, r#"}{"b":2}"#]);
    check(r#"[{"a":1}] and {"b":2}"#, &["[", r#"{"a":1}"#, r#"] and {"b":2}"#]);
    check("plain text, [{'a': 1}]", &["plain text, [{'a': 1}]"]);
}

#[test]
fn nesting_is_entered_to_its_limit() {
    let deep = format!("{}{}{}", "[".repeat(100), "{\"a\":1}", "]".repeat(100));
    let pieces = split(&deep);
    assert_eq!(pieces, [0..8, 8..deep.len() - 8, deep.len() - 8..deep.len()]);
    split(&"[".repeat(1 << 20));
    split(&"{\"a\":".repeat(1 << 18));
}

fn random_text(bytes: usize, mut seed: u64) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(char::from(b'a' + u8::try_from((seed >> 33) % 26).unwrap()));
        if seed >> 60 == 0 {
            text.push('\u{4e2d}');
        }
    }
    text
}

#[test]
fn text_is_whole_up_to_the_limit_and_cut_beyond() {
    let whole = "x".repeat(WHOLE_BYTES_MAX);
    assert_eq!(split(&whole).len(), 1);
    assert!(split(&format!("{whole}x")).len() > 1);
    let text = random_text(4 << 20, 1);
    let ranges = split(&text);
    let average = text.len() / ranges.len();
    assert!((CHUNK_BYTES_AVERAGE..2 * CHUNK_BYTES_AVERAGE).contains(&average), "{average}");
    for range in ranges.iter().rev().skip(1) {
        assert!((CHUNK_BYTES_MIN..CHUNK_BYTES_MAX + 4).contains(&range.len()), "{range:?}");
    }
}

#[test]
fn an_insertion_moves_only_the_cuts_near_it() {
    let text = random_text(1 << 20, 2);
    let known: std::collections::HashSet<&str> =
        split(&text).into_iter().map(|range| text.get(range).unwrap()).collect();
    let middle = text.char_indices().map(|(at, _)| at).find(|at| *at > text.len() / 2).unwrap();
    let (before, after) = text.split_at_checked(middle).unwrap();
    let edited = format!("{before}some words put in{after}");
    let new = split(&edited)
        .into_iter()
        .filter(|range| !known.contains(edited.get(range.clone()).unwrap()));
    assert!((1..=4).contains(&new.count()));
}

#[test]
fn ids_depend_on_the_key_and_never_change() {
    let one = id(&KEY, b"text");
    assert_eq!(one, id(&KEY, b"text"));
    assert_ne!(one, id(&[8; 32], b"text"));
    assert_ne!(one, id(&KEY, b"texs"));
    assert_eq!(u128::from_be_bytes(one.0), 0x87a3_81a4_46cd_64d4_82e1_dd85_6b5d_f7f9);
}

#[test]
fn cuts_never_change() {
    // Stored fragments would not be found again if the table or the limits did.
    let lengths: Vec<usize> = split(&random_text(300_000, 3)).iter().map(Range::len).collect();
    let expected = [4959, 15872, 18638, 9276, 13099, 63290, 46619, 23804, 5924, 63032, 35487];
    assert_eq!(lengths, expected);
}

proptest! {
    #[test]
    fn pieces_are_the_text(text in "[\\[\\]{}\",:'\\\\a\u{e9}\u{4e2d}]{0,60}|.{0,200}") {
        let ranges = split(&text);
        prop_assert!(ranges.iter().all(|range| !range.is_empty()));
        let again: String = ranges.iter().map(|range| text.get(range.clone()).unwrap()).collect();
        prop_assert_eq!(&again, &text);
        prop_assert_eq!(pieces(&KEY, &text).iter().map(Piece::text).collect::<String>(), text);
    }

    #[test]
    fn long_pieces_are_the_text(seed: u64, bytes in 60_000_usize..70_000) {
        let text = random_text(bytes, seed);
        let again: String = split(&text).into_iter().map(|range| text.get(range).unwrap()).collect();
        prop_assert_eq!(again, text);
    }
}
