//! Combining, applying and coding corrections.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    StringViewArray,
};
use arrow::datatypes::{Float64Type, Int64Type};
use proptest::prelude::*;
use telltale_base::Project;
use telltale_schema::Table;

use super::codec::{Saved, decode_frame, decode_snapshot, encode_frame, encode_snapshot};
use super::{Change, Correction, CorrectionFrame, Corrections, Entry, Scalar, Version};

fn set(record_id: i64, column: &str, value: Scalar) -> Correction {
    Correction { record_id, date: 1, change: Change::Set(vec![(column.to_owned(), value)]) }
}

fn delete(record_id: i64) -> Correction {
    Correction { record_id, date: 1, change: Change::Delete }
}

fn index(corrections: &[(u64, Correction)]) -> Corrections {
    corrections.iter().fold(Corrections::default(), |index, (seq, correction)| {
        let entry = Entry::new(correction.clone(), Version { seq: *seq, place: 0 });
        index.with(vec![(correction.record_id, entry)])
    })
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![10, 20, 30, 40]));
    let columns = [("record_id", ids)].into_iter().chain(columns);
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, n != "record_id")))
        .unwrap()
}

#[test]
fn values_take_the_type_of_their_column() {
    let batch = batch(vec![
        ("plain", Arc::new(StringArray::from(vec!["a", "b", "c", "d"]))),
        ("view", Arc::new(StringViewArray::from(vec!["a", "b", "c", "d"]))),
        ("id", Arc::new(BinaryArray::from_vec(vec![b"a", b"b", b"c", b"d"]))),
        ("float", Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0, 4.0]))),
        ("int", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
    ]);
    let all = index(&[
        (1, set(20, "plain", Scalar::Text("x".into()))),
        (1, set(20, "view", Scalar::Text("y".into()))),
        (1, set(20, "id", Scalar::Bytes(vec![0, 255]))),
        (1, set(20, "float", Scalar::Float(f64::NAN))),
        (1, set(20, "int", Scalar::Int(i64::MIN))),
        (1, set(40, "int", Scalar::Null)),
        (1, set(40, "absent", Scalar::Int(1))),
        (1, delete(30)),
    ]);
    let corrected = all.apply(&batch).unwrap();
    assert_eq!(corrected.schema(), batch.schema());
    let ids = corrected.column(0).as_primitive::<Int64Type>();
    assert_eq!(ids.values(), &[10, 20, 40]);
    let plain: Vec<_> = corrected.column(1).as_string::<i32>().iter().flatten().collect();
    assert_eq!(plain, ["a", "x", "d"]);
    let view: Vec<_> = corrected.column(2).as_string_view().iter().flatten().collect();
    assert_eq!(view, ["a", "y", "d"]);
    assert_eq!(corrected.column(3).as_binary::<i32>().value(1), [0, 255]);
    assert!(corrected.column(4).as_primitive::<Float64Type>().value(1).is_nan());
    let ints: Vec<_> = corrected.column(5).as_primitive::<Int64Type>().iter().collect();
    assert_eq!(ints, [Some(1), Some(i64::MIN), None]);
    assert!(all.touches(30, 39) && all.touches(40, 40) && !all.touches(31, 39));
    assert!(!all.touches(41, 99));
}

#[test]
fn a_batch_without_ids_is_an_error_and_an_empty_index_a_copy() {
    let array: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
    assert!(index(&[(1, delete(1))]).apply(&batch).is_err());
    assert_eq!(Corrections::default().apply(&batch).unwrap(), batch);
}

fn scalars() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        Just(Scalar::Null),
        any::<i64>().prop_map(Scalar::Int),
        (-1e300..1e300_f64).prop_map(Scalar::Float),
        any::<bool>().prop_map(Scalar::Bool),
        ".{0,8}".prop_map(Scalar::Text),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(Scalar::Bytes),
    ]
}

fn corrections() -> impl Strategy<Value = Vec<Correction>> {
    let change = prop_oneof![
        1 => Just(Change::Delete),
        5 => prop::collection::vec(("[abc]", scalars()), 0..4).prop_map(Change::Set),
    ];
    let correction = (0..6_i64, any::<i32>(), change)
        .prop_map(|(record_id, date, change)| Correction { record_id, date, change });
    prop::collection::vec(correction, 0..20)
}

/// Everything known of each row, in one entry, columns in the order of their names.
fn flat(index: &Corrections) -> Vec<(i64, Entry)> {
    let mut rows = std::collections::BTreeMap::<i64, Entry>::new();
    for (id, entry) in index.iter() {
        rows.entry(*id).and_modify(|e| e.merge(entry.clone())).or_insert_with(|| entry.clone());
    }
    let sorted = |(id, mut entry): (i64, Entry)| {
        entry.columns.sort_by(|a, b| a.name.cmp(&b.name));
        entry.date = 0;
        (id, entry)
    };
    rows.into_iter().map(sorted).collect()
}

proptest! {
    #[test]
    fn order_and_repetition_do_not_matter(all in corrections(), seed in any::<u64>()) {
        let entries: Vec<_> = (1_u64..).zip(&all).map(|(seq, c)| {
            (c.record_id, Entry::new(c.clone(), Version { seq, place: 0 }))
        }).collect();
        let straight = entries.iter().fold(Corrections::default(), |i, e| i.with(vec![e.clone()]));
        let mut shuffled = entries.clone();
        shuffled.extend(entries.iter().take(5).cloned());
        let mut random = telltale_testkit::Rng::new(seed);
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, random.index(at + 1));
        }
        let other = shuffled.chunks(3).fold(Corrections::default(), |i, c| i.with(c.to_vec()));
        prop_assert_eq!(flat(&straight), flat(&other));
    }

    #[test]
    fn what_is_settled_leaves_and_what_came_later_stays(all in corrections(), cut in 0..25_u64) {
        let numbered: Vec<_> = (1_u64..).zip(all).collect();
        let whole = index(&numbered);
        let left = whole.without(|_, _| Some(Version { seq: cut, place: u32::MAX }));
        let later: Vec<_> = numbered.into_iter().filter(|(seq, _)| *seq > cut).collect();
        let rest = index(&later);
        // A deletion after a deletion is the same deletion: only the first counts.
        let columns = |i: &Corrections| -> Vec<_> {
            flat(i).into_iter().map(|(id, e)| (id, e.columns)).filter(|(_, c)| !c.is_empty()).collect()
        };
        prop_assert_eq!(columns(&left), columns(&rest));
    }

    #[test]
    fn frames_come_back_equal(corrections in corrections()) {
        let project = Project::default_project();
        let frame = CorrectionFrame { project, table: Table::Logs, corrections };
        let bytes = encode_frame(&frame);
        prop_assert_eq!(decode_frame(&bytes).unwrap(), frame);
        for cut in 0..bytes.len() {
            prop_assert!(decode_frame(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn snapshots_come_back_equal_and_damage_is_seen(
        all in corrections(), position in any::<u64>(), at in any::<usize>(), bit in 0..8_u8,
    ) {
        let project = Project::default_project();
        let entries: Vec<_> = (1_u64..).zip(all).map(|(seq, c)| {
            (project.clone(), c.record_id, Entry::new(c, Version { seq, place: 7 }))
        }).collect();
        let mut bytes = encode_snapshot(position, entries.iter().map(|(p, id, e)| (p, *id, e)));
        prop_assert_eq!(decode_snapshot(&bytes).unwrap(), Saved { position, entries });
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(decode_snapshot(&bytes).is_err());
    }
}
