//! Headers survive any single damage and never lie about their version.

use super::{Former, Found, Header, VERSION, file_name, parse_name};

fn header() -> Header {
    Header { salt: 77, first_seq: 9, former: Some(Former { first: 3, end: 5000 }) }
}

#[test]
fn comes_back_equal() {
    for header in [header(), Header { former: None, ..header() }] {
        assert_eq!(Header::decode(&header.encode(), 9), Found::Header(header));
    }
}

#[test]
fn any_flipped_bit_leaves_a_copy() {
    let block = header().encode();
    for bit in 0..block.len() * 8 {
        let mut flipped = block.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Header::decode(&flipped, 9), Found::Header(header()), "bit {bit}");
    }
}

#[test]
fn other_content_is_no_header() {
    assert_eq!(Header::decode(&[], 9), Found::Nothing);
    assert_eq!(Header::decode(&[0; 4096], 9), Found::Nothing);
    assert_eq!(Header::decode(&header().encode(), 10), Found::Nothing, "renamed");
    assert_eq!(Header::decode(&header().encode()[..2100], 9), Found::Header(header()), "cut");
    let mut newer = header().encode();
    newer[8] = 2;
    newer[2048 + 8] = 2;
    assert_eq!(Header::decode(&newer, 9), Found::Version(VERSION + 1));
}

#[test]
fn names_are_exact() {
    assert_eq!(file_name(7), "00000000000000000007.wal");
    assert_eq!(parse_name(&file_name(u64::MAX)), Some(u64::MAX));
    for other in ["7.wal", "+0000000000000000007.wal", "00000000000000000007.wal.tmp", "x"] {
        assert_eq!(parse_name(other), None, "{other}");
    }
}
