use std::fmt::Write as _;

use super::*;

/// The columns are a promise to files on disk and to everybody's SQL: a change shows here.
#[test]
fn columns_are_as_reviewed() {
    let mut text = String::new();
    for table in Table::ALL {
        writeln!(text, "{} (version {SCHEMA_VERSION})", table.name()).unwrap();
        for column in table.columns() {
            let null = if column.nullable { "null" } else { "" };
            let mark = if column.correctable { "" } else { "fixed" };
            writeln!(text, "  {:36}{:12?}{null:6}{mark}", column.name, column.ty).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn shapes_differ_only_as_documented() {
    for table in Table::ALL {
        let names = |schema: SchemaRef| -> Vec<String> {
            schema.fields().iter().map(|f| f.name().clone()).collect()
        };
        let declared: Vec<String> = table.columns().iter().map(|c| c.name.to_owned()).collect();
        let with = |head: &[&str]| -> Vec<String> {
            head.iter().map(|h| (*h).to_owned()).chain(declared.clone()).collect()
        };
        assert_eq!(names(table.memory_schema()), with(&["record_id", "date"]));
        assert_eq!(names(table.file_schema()), with(&["record_id"]));
        assert_eq!(names(table.delta_schema()), with(&["project", "date", "record_id"]));
        assert_eq!(names(table.sql_schema()), with(&["project", "date", "record_id"]));
    }
}

#[test]
fn sort_time_and_bloom_columns_exist_and_are_fixed() {
    for table in Table::ALL {
        let used = [table.time_column(), table.timestamp_column()]
            .into_iter()
            .chain(table.sort_prefix().iter().copied())
            .chain(table.bloom_columns().iter().copied());
        for name in used {
            let column = table.column(name).unwrap_or_else(|| panic!("{name}"));
            assert!(!column.correctable || name == "attributes", "{name}");
        }
    }
}

#[test]
fn names_and_codes_round_trip() {
    for table in Table::ALL {
        assert_eq!(Table::from_name(table.name()), Some(table));
        assert_eq!(Table::from_code(table.code()), Some(table));
    }
}
