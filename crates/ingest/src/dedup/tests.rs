use super::*;

const SECOND: i64 = 1_000_000_000;

fn key(n: u8) -> Key {
    Key::of(&[n], b"p")
}

fn at(seconds: i64) -> UnixNanos {
    UnixNanos(seconds * SECOND)
}

fn dedup() -> Dedup {
    Dedup::new(Duration::from_mins(10), 1_000, 1_000)
}

fn claim(dedup: &Dedup, n: u8, now: UnixNanos) -> Claim {
    match dedup.claim(Some(key(n)), now) {
        Fingerprint::New(claim) => claim,
        Fingerprint::Stored(_) => panic!("stored"),
        Fingerprint::Pending(_) => panic!("pending"),
    }
}

fn stored(dedup: &Dedup, n: u8, now: UnixNanos) -> bool {
    match dedup.claim(Some(key(n)), now) {
        Fingerprint::Stored(_) => true,
        Fingerprint::New(claim) => {
            dedup.release(claim);
            false
        }
        Fingerprint::Pending(_) => panic!("pending"),
    }
}

fn repeated(dedup: &Dedup, claim: &mut Claim, spans: &[u8]) -> Vec<u32> {
    let keys: Vec<Key> = spans.iter().map(|n| key(*n)).collect();
    match dedup.claim_spans(claim, &keys, at(0)) {
        Spans::Repeated(places) => places,
        Spans::Pending(_) => panic!("pending"),
    }
}

#[test]
fn a_settled_export_is_a_retry_for_the_window_and_a_failed_one_is_not() {
    let dedup = dedup();
    let failed = claim(&dedup, 1, at(0));
    dedup.release(failed);
    let first = claim(&dedup, 1, at(0));
    assert!(matches!(dedup.claim(Some(key(1)), at(0)), Fingerprint::Pending(_)));
    dedup.settle(first, None);
    assert!(stored(&dedup, 1, at(0)));
    assert!(stored(&dedup, 1, at(600)));
    assert!(!stored(&dedup, 1, at(901)));
}

#[test]
fn spans_are_recognised_across_exports_and_within_one() {
    let dedup = dedup();
    let mut first = claim(&dedup, 1, at(0));
    assert_eq!(repeated(&dedup, &mut first, &[10, 11, 10]), [2]);
    let mut second = claim(&dedup, 2, at(0));
    assert!(matches!(
        dedup.claim_spans(&mut second, &[key(12), key(11)], at(0)),
        Spans::Pending(_)
    ));
    dedup.settle(first, None);
    assert_eq!(repeated(&dedup, &mut second, &[12, 11]), [1]);
    dedup.release(second);
    let mut third = claim(&dedup, 3, at(0));
    assert_eq!(repeated(&dedup, &mut third, &[12, 10]), [1], "12 was never stored");
}

#[tokio::test]
async fn waiting_ends_with_the_outcome() {
    let dedup = dedup();
    let first = claim(&dedup, 1, at(0));
    let Fingerprint::Pending(mut outcome) = dedup.claim(Some(key(1)), at(0)) else { panic!() };
    dedup.settle(first, None);
    assert!(outcome.changed().await.is_err(), "the sender is gone");
    assert!(stored(&dedup, 1, at(0)));
}

#[test]
fn a_snapshot_holds_what_is_settled_and_nothing_else() {
    let dedup = dedup();
    let mut first = claim(&dedup, 1, at(5));
    assert!(repeated(&dedup, &mut first, &[10]).is_empty());
    dedup.settle(first, None);
    let mut open = claim(&dedup, 2, at(5));
    assert!(repeated(&dedup, &mut open, &[11]).is_empty());
    let bytes = dedup.snapshot();

    let restored = Dedup::new(Duration::from_mins(10), 1_000, 1_000);
    restored.load(&bytes).unwrap();
    assert_eq!(restored.sizes(), (1, 1));
    assert!(stored(&restored, 1, at(100)));
    assert!(!stored(&restored, 1, at(5 + 901)), "the window counts from when it was stored");
    let mut next = claim(&restored, 3, at(6));
    assert_eq!(repeated(&restored, &mut next, &[10, 11]), Vec::<u32>::new(), "aged out above");
}

/// Scenario: a retry of an export of which records were refused, in the same run, after a start
/// from the snapshot, and after one from the log. Guarantees: the number is known each time.
#[test]
fn what_was_refused_is_remembered() {
    let number = |dedup: &Dedup, n: u8| match dedup.claim(Some(key(n)), at(6)) {
        Fingerprint::Stored(refused) => refused.map(|refused| refused.records),
        Fingerprint::New(_) | Fingerprint::Pending(_) => panic!("not stored"),
    };
    let first = dedup();
    let (refusing, whole) = (claim(&first, 1, at(5)), claim(&first, 2, at(5)));
    first.settle(refusing, Some(Refused { records: 3, reason: Some("too large".into()) }));
    first.settle(whole, None);
    let second = dedup();
    second.load(&first.snapshot()).unwrap();
    let third = dedup();
    third.restore(key(1), 3, &[], at(5));
    third.restore(key(2), 0, &[], at(5));
    for dedup in [first, second, third] {
        assert_eq!((number(&dedup, 1), number(&dedup, 2)), (Some(3), None));
    }
}

#[test]
fn snapshots_of_the_first_version_are_read() {
    let mut bytes = b"TTDEDUP\x01".to_vec();
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    for n in [1, 10] {
        bytes.extend(at(5).0.to_le_bytes());
        bytes.extend(key(n).to_bytes());
    }
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    let dedup = dedup();
    dedup.load(&bytes).unwrap();
    assert_eq!(dedup.sizes(), (1, 1));
    assert!(stored(&dedup, 1, at(6)));
}

#[test]
fn damaged_snapshots_are_refused() {
    let mut bytes = dedup().snapshot();
    assert_eq!(dedup().load(&bytes), Ok(()));
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(dedup().load(&bytes), Err(SnapshotError::Damaged));
    assert_eq!(dedup().load(b"something else"), Err(SnapshotError::Foreign));
}

#[test]
fn the_oldest_are_forgotten_over_the_limit() {
    let dedup = Dedup::new(Duration::from_mins(10), 4, 1_000);
    for n in 0..10 {
        let claim = claim(&dedup, n, at(0));
        dedup.settle(claim, None);
    }
    assert!(dedup.sizes().0 <= 4);
    assert!(stored(&dedup, 9, at(0)));
    assert!(!stored(&dedup, 0, at(0)));
}
