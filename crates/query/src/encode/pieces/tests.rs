use std::sync::Arc;

use arrow::array::{Int64Array, ListArray, StringArray, StringViewArray};
use arrow::datatypes::Int64Type;

use super::*;

fn rows_of(columns: Vec<ArrayRef>) -> Vec<usize> {
    let names = ["a", "b"];
    let batch = RecordBatch::try_from_iter(names.into_iter().zip(columns)).unwrap();
    Pieces::of(batch).map(|(piece, _)| piece.num_rows()).collect()
}

#[test]
fn a_batch_is_cut_by_what_it_is_when_written_out() {
    let small: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1_000));
    assert_eq!(rows_of(vec![small]), [1_000]);
    let text = "x".repeat(400 << 10);
    let long: ArrayRef = Arc::new(StringViewArray::from_iter_values([&text; 5]));
    assert_eq!(rows_of(vec![long]), [2, 2, 1]);
    let plain: ArrayRef = Arc::new(StringArray::from_iter_values([&text; 5]));
    let number: ArrayRef = Arc::new(Int64Array::from_iter_values(0..5));
    assert_eq!(rows_of(vec![number, plain]), [2, 2, 1]);
    let list = Some((0..200_000).map(Some).collect::<Vec<_>>());
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([list.clone(), None, list]);
    assert_eq!(rows_of(vec![Arc::new(lists)]), [1, 1, 1], "a longer row is a piece by itself");
}

#[test]
fn an_empty_batch_has_no_pieces() {
    let none: ArrayRef = Arc::new(Int64Array::from_iter_values([]));
    assert_eq!(rows_of(vec![none]), [0_usize; 0]);
}
