use super::*;

#[test]
fn terminal_controls_and_long_texts_are_tamed() {
    assert_eq!(printable("plain \u{e9}"), "plain \u{e9}");
    assert_eq!(printable("a\u{1b}[2Jb\nc\td"), "a\\u{1b}[2Jb\\nc\\td");
    assert_eq!(printable("x\u{202e}y"), "x\\u{202e}y");
    assert_eq!(printable(&"x".repeat(VALUE_CHARS_MAX)), "x".repeat(VALUE_CHARS_MAX));
    let cut = printable(&"x".repeat(VALUE_CHARS_MAX + 1));
    assert_eq!(cut, format!("{}...", "x".repeat(VALUE_CHARS_MAX)));
}

#[test]
fn durations_keep_three_digits() {
    for (nanos, text) in [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1.000 us"),
        (1_234_567, "1.234 ms"),
        (61_005_000_000, "61.005 s"),
        (-1_500_000, "-1.500 ms"),
    ] {
        assert_eq!(duration(nanos), text);
    }
}

#[test]
fn times_are_utc() {
    assert_eq!(time(Some(1_700_000_000_123_456_789)), "2023-11-14T22:13:20.123Z");
    assert_eq!(time(None), "never");
}
