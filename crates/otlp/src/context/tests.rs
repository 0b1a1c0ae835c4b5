//! Tests of the choice of partition.

use super::*;

#[test]
fn times_before_the_clock_existed_do_not_wrap() {
    let context = Context {
        arrival: UnixNanos(5),
        retention: Some(Duration::MAX),
        limits: Limits::default(),
        rules: Rules::shared(),
    };
    let days = Days::new(&context);
    assert_eq!(days.partition(1), (0, None));
    assert_eq!(days.partition(u64::MAX), (0, Some("arrival")));
    assert_eq!(micros(u64::MAX), 18_446_744_073_709_551);
}
