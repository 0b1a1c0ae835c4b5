//! Framing at its edges.

use bytes::Bytes;
use telltale_ingest::Coding;

use super::unframe;

fn check(body: &[u8], named: Coding) -> Result<(Coding, Vec<u8>), String> {
    unframe(Bytes::copy_from_slice(body), named)
        .map(|(coding, message)| (coding, message.to_vec()))
        .map_err(|fault| fault.detail)
}

#[test]
fn one_whole_message_is_taken() {
    let message = [0, 0, 0, 0, 2, 7, 8];
    assert_eq!(check(&message, Coding::Identity), Ok((Coding::Identity, vec![7, 8])));
    // The flag decides, not the header: a small message may go uncompressed.
    assert_eq!(check(&message, Coding::Gzip), Ok((Coding::Identity, vec![7, 8])));
    assert_eq!(check(&[1, 0, 0, 0, 1, 9], Coding::Zstd), Ok((Coding::Zstd, vec![9])));
    assert_eq!(check(&[0, 0, 0, 0, 0], Coding::Identity), Ok((Coding::Identity, vec![])));
}

#[test]
fn anything_else_is_refused_with_its_reason() {
    for (body, named, expect) in [
        (&[][..], Coding::Identity, "no message"),
        (&[0, 0, 0, 0][..], Coding::Identity, "4 bytes and no message"),
        (&[0, 0, 0, 0, 2, 7][..], Coding::Identity, "2 bytes was announced and 1 bytes came"),
        (&[0, 0, 0, 0, 1, 7, 0][..], Coding::Identity, "1 bytes was announced and 2 bytes came"),
        (&[0, 255, 255, 255, 255, 7][..], Coding::Identity, "4294967295 bytes was announced"),
        (&[1, 0, 0, 0, 0][..], Coding::Identity, "no grpc-encoding"),
        (&[2, 0, 0, 0, 0][..], Coding::Gzip, "flag is 2"),
    ] {
        let error = check(body, named).unwrap_err();
        assert!(error.contains(expect), "{error:?} lacks {expect:?}");
    }
}
