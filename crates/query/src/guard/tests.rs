use super::*;

const BYTES: usize = 10_000;
const OPERATORS: usize = 1_000;

fn check(text: &str) -> Result<(), String> {
    parse(text, BYTES, OPERATORS).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn what_reads_is_let_through() {
    for text in [
        "SELECT 1",
        "select * from spans;",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT 2) SELECT * FROM a",
        "VALUES (1), (2)",
        "(SELECT 1) UNION (SELECT 2)",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN VERBOSE SELECT 1",
        "SHOW TABLES",
        "SHOW COLUMNS FROM spans",
        "SHOW ALL",
        "DESCRIBE spans",
        "-- a comment\nSELECT 1 /* and another */",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn what_writes_is_refused_by_name() {
    let refused = [
        ("INSERT INTO spans VALUES (1)", "INSERT INTO spans VALUES"),
        ("UPDATE spans SET name = 'x'", "UPDATE spans SET name"),
        ("DELETE FROM spans", "DELETE FROM spans"),
        ("TRUNCATE TABLE spans", "TRUNCATE TABLE spans"),
        ("MERGE INTO spans USING x ON true WHEN MATCHED THEN DELETE", "MERGE INTO spans USING"),
        ("CREATE TABLE t AS SELECT 1", "CREATE TABLE t AS"),
        ("CREATE VIEW v AS SELECT 1", "CREATE VIEW v AS"),
        ("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION 's3://b'", "CREATE EXTERNAL TABLE t"),
        ("CREATE FUNCTION f() RETURNS int RETURN 1", "CREATE FUNCTION f() RETURNS"),
        ("CREATE DATABASE d", "CREATE DATABASE d"),
        ("CREATE SCHEMA s", "CREATE SCHEMA s"),
        ("DROP TABLE spans", "DROP TABLE spans"),
        ("ALTER TABLE spans ADD COLUMN x int", "ALTER TABLE spans ADD"),
        ("COPY spans TO '/tmp/x.csv'", "COPY spans TO /tmp/x.csv"),
        ("COPY spans FROM '/etc/passwd'", "COPY spans FROM '/etc/passwd'"),
        ("COPY (SELECT 1) TO 's3://b/x' STORED AS PARQUET", "COPY (SELECT 1) TO"),
        ("SET datafusion.execution.batch_size = 1", "SET datafusion.execution.batch_size = 1"),
        ("RESET datafusion.execution.batch_size", "RESET datafusion.execution.batch_size"),
        ("PREPARE p AS SELECT 1", "PREPARE p AS SELECT"),
        ("EXECUTE p", "EXECUTE p"),
        ("DEALLOCATE p", "DEALLOCATE p"),
        ("BEGIN", "BEGIN"),
        ("COMMIT", "COMMIT"),
        ("SELECT 1 INTO t", "SELECT INTO"),
        ("WITH x AS (SELECT 1 INTO t) SELECT 1", "SELECT INTO"),
        ("SELECT 1 UNION ALL SELECT 2 INTO t", "SELECT INTO"),
        ("EXPLAIN INSERT INTO spans VALUES (1)", "INSERT INTO spans VALUES"),
        ("EXPLAIN ANALYZE DELETE FROM spans", "DELETE FROM spans"),
        ("EXPLAIN COPY spans TO '/tmp/x'", "COPY spans TO /tmp/x"),
        ("WITH x AS (INSERT INTO spans VALUES (1)) SELECT 1", "INSERT INTO spans VALUES"),
        ("WITH x AS (DELETE FROM spans) SELECT 1", "DELETE FROM spans"),
        ("KILL 1", "KILL 1"),
        ("VACUUM spans", "VACUUM spans"),
        ("GRANT ALL ON spans TO x", "GRANT ALL ON spans"),
    ];
    for (text, name) in refused {
        let message = format!(
            "{name} is not allowed: queries are read-only (SELECT, WITH, VALUES, EXPLAIN, SHOW and DESCRIBE)"
        );
        assert_eq!(check(text), Err(message), "{text}");
    }
}

#[test]
fn what_is_no_statement_at_all_is_wrong_and_not_forbidden() {
    for text in ["SELEKT 1", "FROM spans", "hello", "1", "spans", "GET /api", "{}"] {
        let error = parse(text, BYTES, OPERATORS).unwrap_err();
        assert_eq!(error.kind(), telltale_base::ErrorKind::Invalid, "{text}: {error}");
        assert!(error.to_string().starts_with("syntax error: "), "{text}: {error}");
    }
    for text in ["INSERT nonsense", "set x y z", "vacuum (", "COPY"] {
        let error = parse(text, BYTES, OPERATORS).unwrap_err();
        assert_eq!(error.kind(), telltale_base::ErrorKind::Denied, "{text}: {error}");
    }
}

#[test]
fn exactly_one_statement() {
    let count =
        |found| Err(format!("a request holds exactly one statement, this one holds {found}"));
    assert_eq!(check(""), count(0));
    assert_eq!(check(" -- nothing\n"), count(0));
    assert_eq!(check("SELECT 1; SELECT 2"), count(2));
    assert_eq!(check("SELECT 1; DROP TABLE spans"), count(2));
    assert_eq!(check("SELECT 1;"), Ok(()));
}

#[test]
fn syntax_errors_say_where() {
    let error = check("SELECT 1\nFROM spans WHERE 1 = = 2").unwrap_err();
    assert!(error.starts_with("syntax error: ") && error.contains("Line: 2"), "{error}");
    let error = check("SELECT 'open").unwrap_err();
    assert!(error.contains("Unterminated string"), "{error}");
}

#[test]
fn calls_nest_up_to_a_limit() {
    let nested = |n: usize| format!("SELECT {}1{}", "abs(".repeat(n), ")".repeat(n));
    assert_eq!(check(&nested(10)), Ok(()));
    let deep = Err("the query is nested too deeply: at most 10 function calls or 30 parentheses within each other".to_owned());
    assert_eq!(check(&nested(11)), deep);
    assert_eq!(check(&nested(60)), deep);
    let side_by_side = format!("SELECT {}", ["abs(1)"; 100].join(", "));
    assert_eq!(check(&side_by_side), Ok(()));
    let parentheses = format!("SELECT 1 IN (2, (3)), abs({}1{})", "(".repeat(26), ")".repeat(26));
    assert_eq!(check(&parentheses), Ok(()));
    assert!(check("SELECT )))))").is_err());
}

/// Scenario: everything that opens a level, opened as often as the limits allow, closed or not.
/// Guarantees: an answer. A parser that tries each level twice would not come back.
#[test]
fn deep_nesting_of_any_kind_is_answered() {
    // As much stack as the threads of queries have.
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    thread.spawn(parse_deep_nesting).unwrap().join().unwrap();
}

fn parse_deep_nesting() {
    let pairs = [
        ("(", ")"),
        ("(SELECT ", ")"),
        ("CASE WHEN ", " THEN 1 END"),
        ("CASE ", " END"),
        ("ARRAY[", "]"),
        ("[", "]"),
        ("NOT ", ""),
        ("- ", ""),
        ("CAST(", " AS int)"),
        ("TRY_CAST(", " AS int)"),
        ("1 IN (", ")"),
        ("1 IN (SELECT ", ")"),
        ("EXISTS (SELECT ", ")"),
        ("EXTRACT(year FROM ", ")"),
        ("INTERVAL ", ""),
        ("DATE ", ""),
        ("a[", "]"),
        ("{'a': ", "}"),
        ("STRUCT(", ")"),
        ("ROW(", ")"),
        ("(1, ", ")"),
        ("x -> ", ""),
        ("(x) -> ", ""),
        ("SUBSTRING(", " FROM 1)"),
        ("TRIM(", ")"),
        ("POSITION(", " IN 'a')"),
        ("OVERLAY(", ")"),
        ("COLLATE(", ")"),
        ("1 BETWEEN ", " AND 2"),
        ("ANY(", ")"),
        ("1 = ALL(", ")"),
        ("(VALUES (", "))"),
        ("MAP {", "}"),
        ("a.", ""),
        ("1 FROM (SELECT ", ")"),
        ("1 FROM ((SELECT ", "))"),
        ("* FROM (", ")"),
        ("* FROM (a JOIN ", ")"),
        ("1 UNION SELECT ", ""),
        ("1 OVER (ORDER BY ", ")"),
        ("GROUPING SETS (", ")"),
    ];
    for (open, close) in pairs {
        for depth in [5, 20, 45, 70] {
            for tail in [close.repeat(depth), String::new()] {
                for core in ["1", "", "x", "a, b"] {
                    drop(check(&format!("SELECT {}{core}{tail}", open.repeat(depth))));
                }
            }
        }
    }
}
