use super::*;

fn table(lines: &str) -> Result<PriceTable, TableError> {
    PriceTable::parse(&format!(
        r#"{{"format":1,"as_of":"2026-01-01","sources":[],"models":[{lines}]}}"#
    ))
}

/// A table of one model with these rows.
fn rows(rows: &str) -> Result<PriceTable, TableError> {
    table(&format!(r#"{{"provider":"p","model":"m","src":"t","prices":[{rows}]}}"#))
}

fn refused(result: Result<PriceTable, TableError>, why: &str) {
    let error = result.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains(why), "{error:?} does not say {why:?}");
}

#[test]
fn a_row_says_what_the_file_says() {
    let read = rows(
        r#"{"from":"2025-02-03","hours":"23:00-01:30","in":"0.075","long":[{"above":7,"in":"1"}],
            "tiers":{"batch":{"in":"0.5"}}}"#,
    );
    let read = read.unwrap();
    let row = read.models()[0].rows[0].clone();
    assert_eq!(row.from, Day::parse("2025-02-03"));
    assert_eq!(row.hours, Some(Hours { from: 82_800, until: 5_400 }));
    assert_eq!(row.card.standard.rates.get(super::super::Rate::Input), Some(75_000_000));
    assert_eq!(row.card.standard.long[0].above, 7);
    assert!(row.card.tier("batch").is_some() && row.card.tier("flex").is_none());
}

#[test]
fn hours_may_pass_midnight() {
    let hours = Hours { from: 82_800, until: 5_400 };
    let inside = [82_799, 82_800, 86_399, 0, 5_399, 5_400].map(|second| hours.contain(second));
    assert_eq!(inside, [false, true, true, true, true, false]);
    let day = Hours { from: 10, until: 20 };
    assert_eq!([9, 10, 19, 20].map(|s| day.contain(s)), [false, true, true, false]);
}

#[test]
fn before_the_first_known_day_there_is_no_price() {
    let table = rows(r#"{"from":"1970-01-11","in":"1"},{"from":"1970-01-21","in":"2"}"#).unwrap();
    let price = |day: i64| {
        let row = table.models()[0].row(UnixNanos(day * UnixNanos::DAY))?;
        row.card.standard.rates.get(super::super::Rate::Input)
    };
    let (one, two) = (Some(1_000_000_000), Some(2_000_000_000));
    assert_eq!([price(9), price(10), price(19), price(20)], [None, one, one, two]);
}

#[test]
fn a_table_that_contradicts_itself_is_refused() {
    let line = |model: &str, names: &str| {
        format!(
            r#"{{"provider":"p","model":"{model}","names":[{names}],"src":"t","prices":[{{"in":"1"}}]}}"#
        )
    };
    assert!(table(&[line("a", ""), line("b", r#""c""#)].join(",")).is_ok());
    refused(table(&[line("b", ""), line("a", "")].join(",")), "out of order");
    refused(table(&[line("a", ""), line("a", "")].join(",")), "out of order");
    refused(table(&[line("a-1.5", ""), line("b", r#""A-1-5""#)].join(",")), "another model");
    refused(rows(""), "no prices");
    refused(rows("{}"), "no standard rates");
    refused(rows(r#"{"in":"0","out":"0"}"#), "not marked free");
    refused(rows(r#"{"in":"1","read":"2"}"#), "cached input");
    refused(rows(r#"{"from":"2026-01-02","in":"1"},{"from":"2026-01-01","in":"1"}"#), "rising");
    refused(rows(r#"{"in":"1","long":[{"above":9,"in":"2"},{"above":8,"in":"3"}]}"#), "rising");
    refused(rows(r#"{"in":"1","long":[{"above":9,"out":"2"}]}"#), "no plain rate");
}

#[test]
fn what_is_not_the_form_is_refused() {
    refused(PriceTable::parse("[]"), "price table");
    let later = r#"{"format":2,"as_of":"2026-01-01","sources":[],"models":[]}"#;
    refused(PriceTable::parse(later), "format 2");
    refused(rows(r#"{"inn":"1"}"#), "unknown rate");
    refused(rows(r#"{"in":"1","in":"2"}"#), "twice");
    refused(rows(r#"{"in":1}"#), "invalid type");
    refused(rows(r#"{"in":"-1"}"#), "decimal");
    refused(rows(r#"{"in":"1","above":3}"#), "long-context step");
    refused(rows(r#"{"in":"1","long":[{"in":"1"}]}"#), "above");
    refused(
        rows(r#"{"in":"1","long":[{"above":1,"in":"1","long":[{"above":2,"in":"1"}]}]}"#),
        "steps",
    );
    refused(rows(r#"{"in":"1","tiers":{"t":{"in":"1","from":"2026-01-01"}}}"#), "nothing else");
    refused(rows(r#"{"in":"1","hours":"24:00-01:00"}"#), "hours");
    refused(rows(r#"{"in":"1","hours":"01:00-01:00"}"#), "hours");
    refused(rows(r#"{"in":"1","from":"2026-02-30"}"#), "not a day");
}
