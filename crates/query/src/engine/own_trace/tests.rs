use super::*;
use crate::guard;

#[test]
fn statements_are_named_by_kind_and_by_nothing_in_them() {
    for (text, expected) in [
        ("SELECT 'secret'", "SELECT"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "SELECT"),
        ("VALUES (1)", "SELECT"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN"),
        ("SHOW TABLES", "SHOW"),
        ("DESCRIBE spans", "DESCRIBE"),
    ] {
        let statement = guard::parse(text, 1000, 100).unwrap();
        assert_eq!(kind(&statement), expected, "{text}");
    }
}
