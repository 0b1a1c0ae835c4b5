//! Scanning arbitrary and mutated bytes never fails, never loops and never invents a frame.

use std::io;

use proptest::prelude::*;

use super::{Bounds, Item, Scan};
use crate::frame::FrameHeader;
use crate::fs::FsFile;
use crate::reader::Reader;

#[derive(Debug)]
struct Memory(Vec<u8>);

impl FsFile for Memory {
    fn write_all(&mut self, _: &[u8]) -> io::Result<()> {
        unreachable!("scanning does not write")
    }
    fn write_all_at(&mut self, _: &[u8], _: u64) -> io::Result<()> {
        unreachable!("scanning does not write")
    }
    fn sync_data(&mut self) -> io::Result<()> {
        unreachable!("scanning does not write")
    }
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }
    fn preallocate(&mut self, _: u64) -> io::Result<()> {
        unreachable!("scanning does not write")
    }
    fn truncate(&mut self, _: u64) -> io::Result<()> {
        unreachable!("scanning does not write")
    }
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|o| self.0.get(o..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

/// Of equal bytes: the hardest to find, because it overlaps itself.
const SALT: u32 = 0x5151_5151;

/// All frames found, after checking that what was found covers the bytes from the start without
/// overlap.
fn scan(bytes: Vec<u8>, salt: Option<u32>) -> Vec<(u64, Vec<u8>)> {
    let limit = bytes.len() as u64;
    let reader = Reader::new(Box::new(Memory(bytes)), limit);
    let mut scan = Scan::new(reader, 0, Bounds { salt, seqs: 1..1 << 20 });
    let mut frames = Vec::new();
    let mut at = 0;
    loop {
        match scan.next().unwrap() {
            Item::Frame(found) => {
                assert_eq!(found.at.start, at);
                at = found.at.end;
                frames.push((found.header.seq, found.payload));
            }
            Item::Gap(range) => {
                assert!(range.start == at && range.end > at);
                at = range.end;
            }
            Item::End { at: end, junk } => {
                assert!(end == at && junk.is_none_or(|junk| junk > at && junk <= limit));
                return frames;
            }
        }
    }
}

fn encode(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (seq, payload) in (1..).zip(payloads) {
        let len = u32::try_from(payload.len()).unwrap();
        bytes.extend(FrameHeader::new(SALT, len, 0, seq, &[payload]).encode());
        bytes.extend(payload);
    }
    bytes
}

proptest! {
    #[test]
    fn arbitrary_bytes_hold_no_frame(bytes: Vec<u8>, know_salt: bool) {
        prop_assert_eq!(scan(bytes, know_salt.then_some(SALT)), vec![]);
    }

    #[test]
    fn bytes_that_look_like_headers_hold_no_frame(
        words in prop::collection::vec(prop_oneof![Just(SALT), 0..40_u32, any::<u32>()], 0..400),
        know_salt: bool,
    ) {
        let bytes = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        prop_assert_eq!(scan(bytes, know_salt.then_some(SALT)), vec![]);
    }

    #[test]
    fn mutations_lose_only_what_they_touch(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..12),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 0..4),
        zeros in 0..100_usize,
        know_salt: bool,
    ) {
        let mut bytes = encode(&payloads);
        let mut touched = Vec::new();
        for (at, change) in edits {
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            touched.push(at);
        }
        bytes.extend(vec![0; zeros]);
        let mut start = 0;
        let mut expect = Vec::new();
        for (seq, payload) in (1..).zip(payloads) {
            let end = start + 24 + payload.len();
            // Two edits of one byte may cancel out; then the frame is whole and found.
            if !touched.iter().any(|at| (start..end).contains(at)) {
                expect.push((seq, payload));
            }
            start = end;
        }
        let found = scan(bytes, know_salt.then_some(SALT));
        prop_assert!(expect.iter().all(|frame| found.contains(frame)));
        prop_assert!(found.is_sorted_by(|a, b| a.0 < b.0));
    }
}

#[test]
fn frames_are_found_across_the_borders_of_windows() {
    for lead in (65_480..65_600).chain(262_100..262_200) {
        let mut bytes = vec![0xff; lead];
        bytes.extend(encode(&[vec![1; 10], vec![2; 300_000]]));
        let found = scan(bytes, Some(SALT));
        assert_eq!(found.len(), 2, "behind {lead} bytes");
    }
}

#[test]
fn a_salt_that_overlaps_itself_is_found() {
    let mut bytes = vec![0x51];
    bytes.extend(encode(&[b"frame".to_vec()]));
    assert_eq!(scan(bytes, Some(SALT)), [(1, b"frame".to_vec())]);
}
