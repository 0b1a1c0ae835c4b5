//! The two times move as promised.

use std::time::Duration;

use telltale_base::{Clock, UnixNanos};

use super::FakeClock;

#[test]
fn stands_advances_and_jumps() {
    let clock = FakeClock::new(UnixNanos(5));
    assert_eq!((clock.now(), clock.monotonic()), (UnixNanos(5), Duration::ZERO));
    clock.advance(Duration::from_nanos(7));
    assert_eq!((clock.now(), clock.monotonic()), (UnixNanos(12), Duration::from_nanos(7)));
    clock.set(UnixNanos(-1));
    assert_eq!((clock.now(), clock.monotonic()), (UnixNanos(-1), Duration::from_nanos(7)));
    assert_eq!(FakeClock::default().now().day(), 20_468);
}
