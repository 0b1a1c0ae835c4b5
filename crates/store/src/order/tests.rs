//! Sorting and merging against a plain sort.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use proptest::prelude::*;
use telltale_schema::{SpanRow, SpansBuilder, Table, assign_record_ids};

use super::{Sorted, merge};

/// Service, name, time, day; `number` comes back as the duration.
type Spec = (u8, u8, i8, bool);

fn batch(specs: &[Spec], first: i64) -> RecordBatch {
    let mut builder = SpansBuilder::new();
    for (number, (service, name, time, late)) in (first..).zip(specs) {
        builder.append(&SpanRow {
            date: i32::from(*late),
            trace_id: &[1; 16],
            span_id: &[2; 8],
            service_name: &format!("service with a long name {}", service % 3),
            name: &format!("n{}", name % 4),
            start_unix_nano: i64::from(*time),
            duration_ns: number,
            ..SpanRow::default()
        });
    }
    assign_record_ids(&builder.finish().unwrap(), first).unwrap()
}

fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    let column = |b: &RecordBatch| {
        b.column_by_name("duration_ns").unwrap().as_primitive::<Int64Type>().values().to_vec()
    };
    batches.iter().flat_map(column).collect()
}

/// Numbers of the rows of a day in file order.
fn expected(specs: &[Spec], late: bool) -> Vec<i64> {
    let mut keys: Vec<_> = (0_i64..)
        .zip(specs)
        .filter(|(_, spec)| spec.3 == late)
        .map(|(number, (service, name, time, _))| (service % 3, name % 4, *time, number))
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| key.3).collect()
}

fn split(specs: &[Spec], size: usize) -> Vec<RecordBatch> {
    let firsts = (0_i64..).step_by(size);
    specs.chunks(size).zip(firsts).map(|(part, first)| batch(part, first)).collect()
}

proptest! {
    #[test]
    fn sorting_is_by_prefix_then_time(
        specs in prop::collection::vec(any::<Spec>(), 1..200), size in 1..50_usize,
    ) {
        let batches = split(&specs, size);
        let sorted = Sorted::new(Table::Spans, &batches).unwrap();
        for date in sorted.dates() {
            let chunks: Vec<_> = sorted.chunks(date).map(Result::unwrap).collect();
            prop_assert_eq!(numbers(&chunks), expected(&specs, date == 1));
        }
        let all: usize = sorted.dates().flat_map(|d| sorted.chunks(d)).map(|c| c.unwrap().num_rows()).sum();
        prop_assert_eq!(all, specs.len());
    }

    #[test]
    fn merging_sorted_inputs_is_sorting_them_together(
        specs in prop::collection::vec(any::<Spec>(), 1..200), size in 1..50_usize, piece in 1..9_usize,
    ) {
        let specs: Vec<Spec> = specs.into_iter().map(|s| (s.0, s.1, s.2, false)).collect();
        let inputs: Vec<_> = split(&specs, size).iter().map(|input| {
            let input = std::slice::from_ref(input);
            let sorted = Sorted::new(Table::Spans, input).unwrap();
            let whole: Vec<_> = sorted.chunks(0).map(Result::unwrap).collect();
            let pieces: Vec<_> = whole.iter().flat_map(|chunk| {
                (0..chunk.num_rows()).step_by(piece).map(|at| {
                    Ok(chunk.slice(at, piece.min(chunk.num_rows() - at)))
                })
            }).collect();
            pieces.into_iter()
        }).collect();
        let mut merged = Vec::new();
        merge(Table::Spans, inputs, &mut |chunk| { merged.push(chunk); Ok(()) }).unwrap();
        prop_assert_eq!(numbers(&merged), expected(&specs, false));
    }
}
