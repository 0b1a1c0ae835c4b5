//! Tests of the wire format.

use proptest::prelude::*;

use super::read::Fault;
use super::*;

fn fields(bytes: &[u8]) -> Result<Vec<(u32, String)>, Fault> {
    let mut reader = Reader::new(bytes);
    let mut out = Vec::new();
    loop {
        match reader.field() {
            Ok(Some(field)) => out.push((field.number, format!("{:?}", field.raw))),
            Ok(None) => return Ok(out),
            Err(error) => return Err(error.fault),
        }
    }
}

#[test]
fn each_wire_type_is_read() {
    let bytes = [0x08, 0x96, 0x01, 0x11, 1, 0, 0, 0, 0, 0, 0, 0, 0x1a, 2, 7, 8, 0x25, 2, 0, 0, 0];
    let expected = [
        (1, "Varint(150)".to_owned()),
        (2, "Fixed64(1)".to_owned()),
        (3, "Bytes([7, 8])".to_owned()),
        (4, "Fixed32(2)".to_owned()),
    ];
    assert_eq!(fields(&bytes).unwrap(), expected);
}

#[test]
fn faults_are_told_apart() {
    for (bytes, fault) in [
        (&[0x08][..], Fault::Truncated),
        (&[0x08, 0x80], Fault::Truncated),
        (&[0x09, 1, 2, 3], Fault::Truncated),
        (&[0x0a, 2, 1], Fault::Truncated),
        (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], Fault::Truncated),
        (&[0x0d, 1], Fault::Truncated),
        (&[0x00, 1], Fault::FieldNumber),
        (&[0x80, 0x80, 0x80, 0x80, 0x10, 1], Fault::FieldNumber),
        (&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], Fault::Overlong),
        (&[0x0b], Fault::WireType(3)),
        (&[0x0c], Fault::WireType(4)),
        (&[0x0f], Fault::WireType(7)),
    ] {
        assert_eq!(fields(bytes), Err(fault), "{bytes:02x?}");
    }
}

#[test]
fn packed_and_single_values_are_the_same_list() {
    let mut packed = Writer::new();
    packed.packed_varint(1, [1, 300].into_iter());
    packed.packed_fixed64(2, [5, 6].into_iter());
    let mut single = Writer::new();
    single.varint(1, 1);
    single.varint(1, 300);
    single.fixed64(2, 5);
    single.fixed64(2, 6);
    for bytes in [packed.into_bytes(), single.into_bytes()] {
        let (mut varints, mut fixed) = (Vec::new(), Vec::new());
        let mut reader = Reader::new(&bytes);
        while let Some(field) = reader.field().unwrap() {
            if field.number == 1 {
                field.each_varint(|value| varints.push(value)).unwrap();
            } else {
                field.each_fixed64(|value| fixed.push(value)).unwrap();
            }
        }
        assert_eq!((varints, fixed), (vec![1, 300], vec![5, 6]));
    }
    let mut short = Writer::new();
    short.bytes(1, &[1, 2, 3]);
    let short = short.into_bytes();
    let field = Reader::new(&short).field().unwrap().unwrap();
    assert_eq!(field.each_fixed64(|_| {}).unwrap_err().fault, Fault::Truncated);
}

proptest! {
    #[test]
    fn nested_messages_are_written_as_prost_writes_them(length in 0..40_000_usize) {
        let content = vec![7_u8; length];
        let mut nested = Writer::new();
        let outer = nested.begin(3);
        let inner = nested.begin(1);
        nested.raw(&content);
        nested.end(inner);
        nested.end(outer);
        let mut flat = Writer::new();
        flat.bytes(1, &content);
        let mut expected = Writer::new();
        expected.bytes(3, flat.as_slice());
        prop_assert_eq!(nested.into_bytes(), expected.into_bytes());
    }

    #[test]
    fn varints_and_signs_come_back(value: u64, signed: i32) {
        let mut out = Writer::new();
        out.varint(1, value);
        out.some_sint32(2, i64::from(signed));
        let bytes = out.into_bytes();
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(reader.field().unwrap().unwrap().varint().unwrap(), value);
        if let Some(field) = reader.field().unwrap() {
            prop_assert_eq!(unzigzag(field.varint().unwrap()), i64::from(signed));
        } else {
            prop_assert_eq!(signed, 0);
        }
    }
}
