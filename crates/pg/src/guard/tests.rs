use datafusion_postgres::datafusion_pg_catalog::sql::PostgresCompatibilityParser;

use super::*;

fn answer(sql: &str) -> String {
    let statements = PostgresCompatibilityParser::new().parse(sql).unwrap();
    match statements.iter().try_for_each(check) {
        Ok(()) => "ok".to_owned(),
        Err(PgWireError::UserError(info)) => info.code.clone(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn reads_and_display_settings_pass() {
    for sql in [
        "SELECT 1",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "EXPLAIN SELECT 1",
        "SHOW server_version",
        "BEGIN",
        "COMMIT",
        "SET application_name = 'x'",
        "SET TIME ZONE 'UTC'",
        "SET extra_float_digits = 3",
        "SET search_path = public, pg_catalog",
        "SET search_path TO '\"$user\", public'",
        "SET statement_timeout = '5s'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "BEGIN READ ONLY",
        "RESET ALL",
        "DISCARD ALL",
    ] {
        assert_eq!(answer(sql), "ok", "{sql}");
    }
}

#[test]
fn everything_else_is_refused_with_its_code() {
    for (sql, code) in [
        ("INSERT INTO spans VALUES (1)", code::READ_ONLY),
        ("CREATE TABLE t (a int)", code::READ_ONLY),
        ("DROP TABLE spans", code::READ_ONLY),
        ("COPY spans TO '/tmp/x'", code::READ_ONLY),
        ("DELETE FROM spans", code::READ_ONLY),
        ("SELECT 1; DROP TABLE spans", code::READ_ONLY),
        ("SET datafusion.runtime.memory_limit = '1T'", code::NOT_SUPPORTED),
        ("SET ROLE admin", code::NOT_SUPPORTED),
        ("SET TRANSACTION READ WRITE", code::READ_ONLY),
        ("BEGIN READ WRITE", code::READ_ONLY),
        ("SET search_path = other", code::INVALID_SCHEMA),
        ("SET statement_timeout = 'soon'", code::INVALID_PARAMETER),
        ("SET LOCAL statement_timeout = 5", code::NOT_SUPPORTED),
    ] {
        assert_eq!(answer(sql), code, "{sql}");
    }
}

#[test]
fn texts_that_parsing_would_not_come_back_from_are_refused() {
    assert!(check_text("SELECT relname FROM pg_catalog.pg_class").is_ok());
    let nested = format!("SELECT {}1{}", "upper(".repeat(50), ")".repeat(50));
    let refused = check_text(&nested).unwrap_err().to_string();
    assert!(refused.contains("nested too deeply"), "{refused}");
}
