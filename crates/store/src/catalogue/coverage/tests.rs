use super::*;

#[test]
fn gaps_are_remembered_until_they_are_filled() {
    let mut coverage = Coverage::nothing_up_to(5);
    assert_eq!(coverage.missing, [Missing { after: 0, upto: 5 }]);
    assert!(coverage.advance(9, true) && coverage.advance(12, false));
    assert!(coverage.advance(14, false) && coverage.advance(3, false));
    let gaps = [Missing { after: 0, upto: 5 }, Missing { after: 9, upto: 14 }];
    assert_eq!((coverage.position, coverage.missing.as_slice()), (14, gaps.as_slice()));
    for (frame, missing) in [(1, true), (5, true), (6, false), (9, false), (10, true)] {
        assert_eq!(gaps.iter().any(|gap| gap.has(frame)), missing, "{frame}");
    }
    assert!(gaps[1].touches(1, 10) && gaps[1].touches(14, 20));
    assert!(!gaps[1].touches(1, 9) && !gaps[1].touches(15, 20));
    let other = Missing { after: 9, upto: 12 };
    assert!(!coverage.filled(&[other]), "it has grown since");
    assert!(coverage.filled(&gaps[..1]));
    assert_eq!(coverage.missing, gaps[1..]);
    assert!(coverage.filled(&gaps[1..]));
    assert_eq!(coverage, Coverage { position: 14, missing: Vec::new() });
    assert_eq!(Coverage::nothing_up_to(0), Coverage::default());
}

#[test]
fn too_many_gaps_are_noticed() {
    let mut coverage = Coverage::default();
    for gap in 0..RANGES_MAX as u64 {
        assert!(coverage.advance(gap * 2 + 1, true) && coverage.advance(gap * 2 + 2, false));
    }
    assert!(coverage.advance(1_001, true));
    assert!(!coverage.advance(1_002, false));
}
