//! The frame codec loses nothing and its checksum covers everything.

use proptest::prelude::*;

use super::{FRAME_HEADER, FrameHeader};

proptest! {
    #[test]
    fn comes_back_equal(salt: u32, index: u32, seq: u64, payload: Vec<u8>, cut: usize) {
        let len = u32::try_from(payload.len()).unwrap();
        let (left, right) = payload.split_at(cut % (payload.len() + 1));
        let header = FrameHeader::new(salt, len, index, seq, &[left, right]);
        prop_assert_eq!(header, FrameHeader::new(salt, len, index, seq, &[&payload]));
        prop_assert_eq!(FrameHeader::decode(&header.encode()), header);
        prop_assert_eq!(header.sum(&[&payload]), header.crc);
    }

    #[test]
    fn any_flipped_bit_is_noticed(seq: u64, payload: Vec<u8>, at: usize) {
        let len = u32::try_from(payload.len()).unwrap();
        let header = FrameHeader::new(1, len, 0, seq, &[&payload]);
        let mut bytes = header.encode().to_vec();
        bytes.extend_from_slice(&payload);
        let bit = at % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let read = FrameHeader::decode(bytes.first_chunk::<FRAME_HEADER>().unwrap());
        prop_assert_ne!(read.sum(&[&bytes[FRAME_HEADER..]]), read.crc);
    }
}
