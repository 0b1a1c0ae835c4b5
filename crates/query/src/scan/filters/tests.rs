use datafusion::logical_expr::{col, not};
use datafusion_functions_json::functions::json_as_text;

use super::*;

fn stored(filter: Expr) -> Expr {
    to_stored(filter, Table::Spans, &Project::new("p").unwrap(), IdForm::Hex).unwrap()
}

fn text(value: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(value.to_owned())))
}

fn bytes(value: &[u8]) -> Expr {
    lit(ScalarValue::BinaryView(Some(value.to_vec())))
}

#[test]
fn comparisons_of_ids_become_comparisons_of_bytes() {
    let id = || col("trace_id");
    assert_eq!(stored(id().eq(text("0aff"))), id().eq(bytes(&[10, 255])));
    assert_eq!(stored(text("0a").not_eq(id())), id().not_eq(bytes(&[10])));
    assert_eq!(
        stored(id().in_list(vec![text("0a"), text("no")], true)),
        id().in_list(vec![bytes(&[10]), bytes(&[])], true)
    );
    assert_eq!(stored(not(id().eq(text("0A")))), not(id().eq(bytes(&[]))));
    assert_eq!(stored(id().is_null()), id().is_null());
    assert_eq!(stored(col("spans.trace_id").eq(text("0a"))), id().eq(bytes(&[10])));
}

#[test]
fn other_uses_of_ids_see_hex() {
    let shown = stored(col("trace_id").like(text("0a%"))).to_string();
    assert_eq!(shown, r#"hex_id(trace_id) LIKE Utf8View("0a%")"#);
    let shown = stored(col("span_id").eq(col("parent_span_id"))).to_string();
    assert_eq!(shown, "hex_id(span_id) = hex_id(parent_span_id)");
}

#[test]
fn the_project_is_a_constant() {
    assert_eq!(stored(col("project").eq(text("x"))), text("p").eq(text("x")));
}

fn lookups(filter: Expr) -> Lookups {
    let mut lookups = Lookups::default();
    lookups.add(&stored(filter), Table::Spans);
    lookups
}

fn has(key: &str, value: &str) -> Expr {
    json_as_text(col("attributes"), lit(key)).eq(lit(value))
}

#[test]
fn lookups_are_taken_from_equalities_only() {
    let hash = |key, value| attribute_hash(AttributeScope::Record, key, value).unwrap();
    assert_eq!(lookups(has("k", "v")).attributes, [vec![hash("k", "v")]]);
    let either = has("k", "v").or(has("k", "w"));
    assert_eq!(lookups(either).attributes, [vec![hash("k", "v"), hash("k", "w")]]);
    assert_eq!(lookups(col("trace_id").eq(text("0a"))).ids, [vec![vec![10]]]);
    for nothing in [
        has("k", "v").or(has("j", "v")),
        has("k", "v").or(col("name").eq(text("x"))),
        not(has("k", "v")),
        has("k", "[1]"),
        has("k", "{}"),
        has("k", "a\"b"),
        has("k", "a\\b"),
        has("k", "a\nb"),
        has("k\"", "v"),
        has("k", &"x".repeat(300)),
        json_as_text(col("events"), lit("k")).eq(lit("v")),
        json_as_text(col("attributes"), lit(1_i64)).eq(lit("v")),
        col("span_id").eq(text("0a")),
        col("trace_id").in_list(vec![text("0a")], true),
    ] {
        assert!(lookups(nothing.clone()).is_empty(), "{nothing}");
    }
}

#[test]
fn filters_are_ranked_by_what_they_cost() {
    let cost = |filter: Expr| cost(&stored(filter), Table::Spans);
    assert_eq!(cost(col("duration_ns").gt(lit(1_i64))), Cost::Cheap);
    assert_eq!(cost(col("trace_id").eq(text("0a"))), Cost::Cheap);
    assert_eq!(cost(col("name").eq(text("a"))), Cost::Text);
    assert_eq!(cost(has("k", "v")), Cost::Function);
}

#[test]
fn only_filters_on_fixed_columns_are_fixed() {
    let fixed = |filter: Expr| is_fixed(&stored(filter), Table::Spans);
    assert!(fixed(col("name").eq(text("a")).and(col("start_unix_nano").gt(lit(1_i64)))));
    assert!(!fixed(col("status_code").eq(text("error"))));
    assert!(!fixed(col("name").eq(text("a")).or(has("k", "v"))));
    assert!(fixed(col("date").eq(lit(ScalarValue::Date32(Some(1))))));
}
