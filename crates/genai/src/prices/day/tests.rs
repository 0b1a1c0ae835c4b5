use proptest::prelude::*;

use super::*;

#[test]
fn known_days() {
    assert_eq!(Day::parse("1970-01-01"), Some(Day(0)));
    assert_eq!(Day::parse("2000-02-29"), Some(Day(11_016)));
    assert_eq!(Day::parse("2024-05-13"), Some(Day(19_856)));
    assert_eq!(Day::of(UnixNanos(UnixNanos::DAY - 1)), Day(0));
    assert_eq!(Day::of(UnixNanos(-1)), Day(-1));
}

#[test]
fn days_that_do_not_exist_are_refused() {
    for text in ["", "2025-02-29", "2025-13-01", "2025-00-10", "2025-1-1", "2025-01-01-01", "x"] {
        assert_eq!(Day::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(day in -700_000..2_900_000_i32) {
        let day = Day(day);
        let text = day.to_string();
        if text.len() == 10 && !text.starts_with('-') {
            prop_assert_eq!(Day::parse(&text), Some(day));
        }
        prop_assert!(Day(day.0 + 1).civil() > day.civil());
    }
}
