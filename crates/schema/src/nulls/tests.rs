use arrow::array::{Array, AsArray};
use arrow::compute::{concat, filter};
use arrow::datatypes::{DataType, Int64Type};

use super::*;

fn check(ty: &DataType, rows: usize) {
    let column = nulls(ty, rows);
    assert_eq!((column.data_type(), column.len(), column.null_count()), (ty, rows, rows));
    let kept = filter(&column, &vec![true; rows].into()).unwrap();
    assert_eq!(kept.null_count(), rows);
    let twice = concat(&[column.as_ref(), column.as_ref()]).unwrap();
    assert_eq!((twice.len(), twice.null_count()), (2 * rows, 2 * rows));
}

#[test]
fn a_column_of_nulls_is_a_column() {
    for ty in [
        DataType::Utf8View,
        DataType::BinaryView,
        DataType::Int64,
        DataType::Float64,
        DataType::Boolean,
    ] {
        for rows in [0, 1, 7, 64, 1000, ROWS_MAX, ROWS_MAX + 1] {
            check(&ty, rows);
        }
    }
}

#[test]
fn columns_share_one_block() {
    let (text, ints) = (nulls(&DataType::Utf8View, 10), nulls(&DataType::Int64, 20));
    let text = text.as_string_view().views().inner().as_ptr();
    let ints = ints.as_primitive::<Int64Type>().values().inner().as_ptr();
    assert_eq!(text, ints);
}
