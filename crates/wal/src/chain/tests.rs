//! What a chain of headers says about each segment.

use super::{Extent, Listed, assign_extents};
use crate::header::{Former, Header};

/// Segments as `(first, former)`; `None` is a lost header, former `(0, 0)` is none.
fn check(segments: &[(u64, Option<(u64, u64)>)], expect: &[Extent]) {
    let mut listed: Vec<Listed> = segments
        .iter()
        .map(|(first, header)| Listed {
            first: *first,
            path: "x".into(),
            header: header.map(|(former, end)| Header {
                salt: 1,
                first_seq: *first,
                former: (former != 0).then_some(Former { first: former, end }),
            }),
            extent: Extent::Open,
            file_len: 0,
        })
        .collect();
    assign_extents(&mut listed);
    assert_eq!(listed.iter().map(|l| l.extent).collect::<Vec<_>>(), expect, "{segments:?}");
}

#[test]
fn successors_decide() {
    use Extent::{Exact, Open, Void};
    check(&[], &[]);
    check(&[(1, Some((0, 0)))], &[Open]);
    check(&[(1, Some((0, 0))), (5, Some((1, 100)))], &[Exact(100), Open]);
    // 5 failed to be created, whether or not its header reached the disk.
    check(&[(1, Some((0, 0))), (5, None), (6, Some((1, 90)))], &[Exact(90), Void, Open]);
    check(&[(1, Some((0, 0))), (5, Some((1, 70))), (6, Some((1, 90)))], &[Exact(90), Void, Open]);
    // The header of 5 is lost: 1 ends where its frames end.
    check(&[(1, Some((0, 0))), (5, None), (9, Some((5, 80)))], &[Open, Exact(80), Open]);
    // 5 was trimmed.
    check(&[(1, Some((0, 0))), (9, Some((5, 80)))], &[Open, Open]);
    // The first creation of a log failed.
    check(&[(1, None), (2, Some((0, 0)))], &[Void, Open]);
    check(&[(1, Some((0, 0))), (5, None)], &[Open, Open]);
}
