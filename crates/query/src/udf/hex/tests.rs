use arrow::array::BinaryViewArray;

use super::*;

#[test]
fn ids_become_lower_case_hex_and_null_stays_null() {
    let ids: ArrayRef = Arc::new(BinaryViewArray::from(vec![
        Some([0x00, 0x0f, 0xa5, 0xff].as_slice()),
        None,
        Some([0xab; 16].as_slice()),
    ]));
    let text = hex_array(&ids).unwrap();
    let text: Vec<Option<&str>> = text.as_string_view().iter().collect();
    assert_eq!(text, [Some("000fa5ff"), None, Some("abababababababababababababababab")]);
}

#[test]
fn other_types_are_refused() {
    let numbers: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![1]));
    assert!(hex_array(&numbers).is_err());
}
