use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, Schema};
use futures::executor::block_on_stream;
use futures::stream;

use super::*;

fn batches(sizes: &[usize]) -> Vec<Result<RecordBatch, QueryError>> {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    let batch = |rows: &usize| {
        let numbers = (0_i64..).take(*rows).collect::<Int64Array>();
        Ok(RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(numbers)]).unwrap())
    };
    sizes.iter().map(batch).collect()
}

fn limited(sizes: &[usize], limit: usize) -> (usize, bool) {
    let (stream, truncated) = RowLimit::new(stream::iter(batches(sizes)), limit);
    let rows = block_on_stream(stream).map(|batch| batch.unwrap().num_rows()).sum();
    (rows, truncated.get())
}

#[test]
fn exactly_the_limit_is_not_truncated_and_one_more_is() {
    assert_eq!(limited(&[3, 4], 7), (7, false));
    assert_eq!(limited(&[3, 4], 6), (6, true));
    assert_eq!(limited(&[3, 4, 1], 7), (7, true));
    assert_eq!(limited(&[3, 0], 3), (3, false));
    assert_eq!(limited(&[1], 0), (0, true));
    assert_eq!(limited(&[], 0), (0, false));
}

#[test]
fn slots_are_freed_on_drop() {
    let slots = Slots::new(2);
    let first = slots.take().unwrap();
    let _second = slots.take().unwrap();
    assert!(matches!(slots.take(), Err(QueryError::Busy { .. })));
    drop(first);
    slots.take().unwrap();
}

fn pool(limit: u64, shared: &Arc<SharedMemory>) -> Arc<dyn MemoryPool> {
    Arc::new(QueryPool::new(limit, Arc::clone(shared)))
}

#[test]
fn a_query_is_bounded_by_its_own_limit_and_by_what_others_hold() {
    let shared = SharedMemory::new(150);
    let (one, two) = (pool(100, &shared), pool(100, &shared));
    let a = MemoryConsumer::new("a").register(&one);
    a.try_grow(100).unwrap();
    let own = a.try_grow(1).unwrap_err();
    assert!(!own.to_string().contains(SHARED_MEMORY_USED_UP));
    let b = MemoryConsumer::new("b").register(&two);
    b.try_grow(50).unwrap();
    let others = b.try_grow(1).unwrap_err();
    assert!(others.to_string().contains(SHARED_MEMORY_USED_UP));
    assert_eq!(two.reserved(), 50);
    drop(a);
    b.try_grow(50).unwrap();
    drop(b);
    assert_eq!(shared.used(), 0);
}
