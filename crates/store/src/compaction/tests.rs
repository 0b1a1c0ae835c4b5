//! The choice of files, and that it ends.

use super::{Candidate, plan};
use crate::CompactionConfig;

const CONFIG: CompactionConfig = CompactionConfig {
    target_bytes: 64,
    input_bytes_max: 128,
    files_max: 8,
    inputs_max: 16,
    settled_days: 1,
};

fn files(sizes: &[(i32, u64)]) -> Vec<Candidate> {
    let file = |(index, (date, bytes)): (usize, &(i32, u64))| Candidate {
        index,
        date: *date,
        bytes: *bytes,
    };
    sizes.iter().enumerate().map(file).collect()
}

fn check(sizes: &[(i32, u64)], chosen: Option<&[usize]>) {
    let mut found = plan(&files(sizes), 10, &CONFIG);
    if let Some(found) = &mut found {
        found.sort_unstable();
    }
    assert_eq!(found.as_deref(), chosen, "{sizes:?}");
}

#[test]
fn small_files_wait_until_they_make_a_large_one() {
    check(&[], None);
    check(&[(10, 10), (10, 10)], None);
    check(&[(10, 20), (10, 20), (10, 24)], Some(&[0, 1, 2]));
    check(&[(10, 20), (9, 20), (10, 24)], None);
}

#[test]
fn many_tiny_files_do_not_wait() {
    check(&[(10, 1); 8], Some(&[0, 1, 2, 3, 4, 5, 6, 7]));
    check(&[(10, 1); 7], None);
}

#[test]
fn a_day_that_is_over_is_tidied_once() {
    check(&[(8, 3), (8, 2), (8, 2)], Some(&[0, 1, 2]));
    check(&[(8, 30), (8, 1)], None);
    check(&[(8, 7)], None);
}

#[test]
fn large_files_are_left_alone() {
    check(&[(10, 32), (10, 32), (10, 64)], None);
    // The large one is not rewritten for the sake of the tiny ones.
    let mut sizes = vec![(10, 31)];
    sizes.extend([(10, 1); 8]);
    check(&sizes, Some(&[1, 2, 3, 4, 5, 6, 7, 8]));
}

#[test]
fn inputs_are_bounded() {
    let chosen = plan(&files(&[(10, 31); 40]), 10, &CONFIG).unwrap();
    assert_eq!(chosen.len(), 4);
    let chosen = plan(&files(&[(10, 1); 40]), 10, &CONFIG).unwrap();
    assert_eq!(chosen.len(), 16);
}

/// However many files come, a byte is rewritten a bounded number of times.
#[test]
fn rewriting_is_bounded() {
    let mut sizes: Vec<(i32, u64)> = Vec::new();
    let (mut written, mut came) = (0, 0);
    for _ in 0..2000 {
        sizes.push((10, 4));
        came += 4;
        while let Some(mut chosen) = plan(&files(&sizes), 10, &CONFIG) {
            chosen.sort_unstable_by(|a, b| b.cmp(a));
            // Merging compresses a little.
            let sum: u64 = chosen.iter().map(|index| sizes.swap_remove(*index).1).sum();
            sizes.push((10, sum - sum / 10));
            written += sum;
        }
    }
    assert!(written <= 2 * came, "{written} bytes rewritten of {came}");
    assert!(sizes.iter().filter(|(_, bytes)| *bytes < 32).count() < 8);
}
