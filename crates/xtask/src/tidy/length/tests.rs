//! The limits, at their edges, and the ratchet.

use super::*;

fn check_lengths(lines: usize, ratchet: &[(&str, usize)], problem: &str, warning: &str) {
    let lengths = compare([("a.rs", lines)].into_iter(), ratchet);
    for (found, expected) in [(&lengths.problems, problem), (&lengths.warnings, warning)] {
        assert_eq!(found.is_empty(), expected.is_empty(), "{found:?}");
        assert!(found.concat().contains(expected), "{found:?} lacks {expected:?}");
    }
}

#[test]
fn limits_hold_at_their_edges() {
    check_lengths(400, &[], "", "");
    check_lengths(401, &[], "", "401 lines");
    check_lengths(500, &[], "", "500 lines");
    check_lengths(501, &[], "at most 500", "");
}

#[test]
fn a_listed_file_may_only_shrink() {
    check_lengths(600, &[("a.rs", 600)], "", "600 lines");
    check_lengths(601, &[("a.rs", 600)], "at most 600", "");
    check_lengths(599, &[("a.rs", 600)], "lower its line", "");
    check_lengths(10, &[("gone.rs", 600)], "gone.rs, which is gone", "");
}

#[test]
fn only_code_counts() {
    let text = "//! A.\n\nfn a() {\n    // Why.\n}\n\n#[cfg(test)]\nmod tests {\n    x\n}\n";
    assert_eq!(lines_of_code(text), 2);
}
