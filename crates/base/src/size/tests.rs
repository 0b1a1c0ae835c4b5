use super::*;

#[test]
fn sizes_parse_as_people_write_them() {
    for (text, bytes) in [
        ("0", 0),
        ("4096", 4096),
        ("64MiB", 64 << 20),
        ("128 MB", 128_000_000),
        ("1gib", 1 << 30),
        ("7b", 7),
    ] {
        assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
    }
    for text in ["", "MiB", "-1", "1.5GiB", "10 parsecs", "99999999999TiB"] {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
}

#[test]
fn display_parses_back() {
    for bytes in [0, 1, 1023, 1 << 10, (1 << 20) + 1, 3 << 30, 5 << 40] {
        assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
    }
}
