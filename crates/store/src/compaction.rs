//! Which small files to merge. Pure: facts about files in, a choice out.
//!
//! The rule that bounds the work: a file is only merged with others that together are at least half
//! as large, so that every rewrite of a row makes its file grow by half at least, and one merge
//! usually brings it past the size where it is left alone.

use crate::CompactionConfig;

/// What the choice needs to know of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its place in the caller's list.
    pub(crate) index: usize,
    pub(crate) date: i32,
    pub(crate) bytes: u64,
}

/// Files of one date to merge now, at least two; `None` when nothing is worth it. All candidates
/// are of one table and project. `today` is in days since 1970.
pub(crate) fn plan(
    candidates: &[Candidate],
    today: i32,
    config: &CompactionConfig,
) -> Option<Vec<usize>> {
    let mut dates: Vec<i32> = candidates.iter().map(|c| c.date).collect();
    dates.sort_unstable();
    dates.dedup();
    dates.into_iter().rev().find_map(|date| {
        let of_date = candidates.iter().filter(|c| c.date == date).copied().collect();
        plan_date(of_date, today.saturating_sub(date) > config.settled_days, config)
    })
}

fn plan_date(
    mut files: Vec<Candidate>,
    settled: bool,
    config: &CompactionConfig,
) -> Option<Vec<usize>> {
    // Merging can make the result smaller than the sum: half of the target is large enough.
    files.retain(|file| file.bytes < config.target_bytes / 2);
    files.sort_by_key(|file| file.bytes);
    let mut sum: u64 = files.iter().map(|file| file.bytes).sum();
    while let Some(largest) = files.pop_if(|last| last.bytes > 2 * (sum - last.bytes)) {
        sum -= largest.bytes;
    }
    let worth_it = settled || sum >= config.target_bytes || files.len() >= config.files_max;
    if !worth_it {
        return None;
    }
    let mut taken = 0;
    let fits = |file: &&Candidate| {
        taken += file.bytes;
        taken <= config.input_bytes_max
    };
    let inputs: Vec<usize> =
        files.iter().take(config.inputs_max).take_while(fits).map(|file| file.index).collect();
    (inputs.len() >= 2).then_some(inputs)
}

#[cfg(test)]
mod tests;
