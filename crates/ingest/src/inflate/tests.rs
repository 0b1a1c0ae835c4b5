use std::io::Write as _;

use super::*;

fn gzip(data: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap().into()
}

fn zstd_of(data: &[u8]) -> Bytes {
    zstd::stream::encode_all(data, 1).unwrap().into()
}

#[test]
fn every_coding_inflates_to_the_limit_and_not_beyond() {
    let data = vec![b'x'; 1_000];
    for (coding, body) in [
        (Coding::Identity, Bytes::from(data.clone())),
        (Coding::Gzip, gzip(&data)),
        (Coding::Zstd, zstd_of(&data)),
    ] {
        assert_eq!(inflate(coding, body.clone(), 1_000).unwrap(), data, "{coding:?}");
        let error = inflate(coding, body, 999).unwrap_err();
        assert_eq!(error, InflateError::TooLarge { limit: 999 }, "{coding:?}");
    }
}

#[test]
fn several_members_are_one_body() {
    let two = |one: Bytes| [one.clone(), one].concat();
    assert_eq!(inflate(Coding::Gzip, two(gzip(b"ab")).into(), 10).unwrap(), "abab");
    assert_eq!(inflate(Coding::Zstd, two(zstd_of(b"ab")).into(), 10).unwrap(), "abab");
}

#[test]
fn bombs_stop_at_the_limit() {
    let bomb = vec![0_u8; 32 << 20];
    for (coding, body) in [(Coding::Gzip, gzip(&bomb)), (Coding::Zstd, zstd_of(&bomb))] {
        assert!(body.len() < bomb.len() / 100, "{coding:?}");
        let error = inflate(coding, body, 1 << 20).unwrap_err();
        assert_eq!(error, InflateError::TooLarge { limit: 1 << 20 }, "{coding:?}");
    }
}

#[test]
fn foreign_and_cut_bodies_are_malformed() {
    for (coding, whole) in
        [(Coding::Gzip, gzip(b"hello hello")), (Coding::Zstd, zstd_of(b"hello hello"))]
    {
        let cut = whole.slice(..whole.len() - 3);
        for body in [Bytes::from_static(b"plain text"), cut] {
            let error = inflate(coding, body, 1_000).unwrap_err();
            assert!(matches!(error, InflateError::Malformed { .. }), "{coding:?} {error}");
        }
    }
}
