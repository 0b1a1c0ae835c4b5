use proptest::prelude::*;

use super::*;

fn header(repeated: Vec<u32>) -> Header {
    Header {
        project: Project::default_project(),
        signal: Signal::Logs,
        arrival: UnixNanos(1_700_000_000_000_000_000),
        fingerprint: Key::of(b"body", &[]),
        refused: 3,
        masked: true,
        rules: 1,
        repeated,
    }
}

/// The layout is a promise to every data directory: a change of these bytes needs a new version.
#[test]
fn layout_is_as_documented() {
    let mut header = header(vec![5]);
    header.fingerprint = Key::from_bytes([0xab; 16]);
    let hex = telltale_base::hex(&header.encode());
    assert_eq!(
        hex,
        "0102010764656661756c74\
         00002a3b4c9d9717\
         abababababababababababababababab\
         0300000001000000\
         0100000005000000"
            .replace(
                "00002a3b4c9d9717",
                &telltale_base::hex(&1_700_000_000_000_000_000_i64.to_le_bytes())
            )
    );
}

#[test]
fn unknown_versions_are_named() {
    let mut payload = header(vec![]).encode().to_vec();
    payload[0] = 9;
    assert_eq!(Header::decode(&payload), Err(FrameError::Version(9)));
}

proptest! {
    #[test]
    fn headers_round_trip(repeated in prop::collection::vec(any::<u32>(), 0..5), body in any::<Vec<u8>>()) {
        let header = header(repeated);
        let payload = [header.encode().to_vec(), body.clone()].concat();
        prop_assert_eq!(Header::decode(&payload), Ok((header, body.as_slice())));
    }

    #[test]
    fn damaged_headers_never_panic(payload in any::<Vec<u8>>()) {
        let _outcome = Header::decode(&payload);
    }
}
