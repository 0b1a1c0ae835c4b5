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
        Fingerprint::Stored => panic!("stored"),
        Fingerprint::Pending(_) => panic!("pending"),
    }
}

fn stored(dedup: &Dedup, n: u8, now: UnixNanos) -> bool {
    match dedup.claim(Some(key(n)), now) {
        Fingerprint::Stored => true,
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
    dedup.settle(first);
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
    dedup.settle(first);
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
    dedup.settle(first);
    assert!(outcome.changed().await.is_err(), "the sender is gone");
    assert!(stored(&dedup, 1, at(0)));
}

#[test]
fn a_snapshot_holds_what_is_settled_and_nothing_else() {
    let dedup = dedup();
    let mut first = claim(&dedup, 1, at(5));
    assert!(repeated(&dedup, &mut first, &[10]).is_empty());
    dedup.settle(first);
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
        dedup.settle(claim);
    }
    assert!(dedup.sizes().0 <= 4);
    assert!(stored(&dedup, 9, at(0)));
    assert!(!stored(&dedup, 0, at(0)));
}
