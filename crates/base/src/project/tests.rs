use super::*;

#[test]
fn names_are_safe_in_paths_and_urls() {
    for good in ["a", "default", "team-1_x", "0day"] {
        assert_eq!(Project::new(good).unwrap().as_str(), good);
    }
    let long = "a".repeat(64);
    for bad in ["", "-a", "_a", "A", "a/b", "a=b", "..", "ä", "a b", long.as_str()] {
        assert!(Project::new(bad).is_err(), "{bad}");
    }
}
