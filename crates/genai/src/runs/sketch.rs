//! Durations as counts of narrow classes, so that percentiles of many runs come from sums.
//!
//! Whole numbers only: below 32 a class is one number, above it a thirty-second of a power of two,
//! so that what is read back is at most 3.2 % above what went in, and merging is exact.

use std::collections::BTreeMap;

/// Binary digits that tell classes of one power of two apart.
const DIGITS: u32 = 5;

/// Counts of durations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sketch {
    classes: BTreeMap<u16, u64>,
}

impl Sketch {
    /// Counts one duration.
    pub fn add(&mut self, duration_ns: u64) {
        let count = self.classes.entry(class(duration_ns)).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (class, more) in &other.classes {
            let count = self.classes.entry(*class).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.classes.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The duration in nanoseconds that this many of a thousand do not exceed, at most 3.2 % too
    /// large; `None` if nothing was counted.
    pub fn per_mille(&self, share: u16) -> Option<u64> {
        let rank = u128::from(self.count()).saturating_mul(u128::from(share.min(1000)));
        let rank = rank.div_ceil(1000).max(1);
        let mut seen = 0_u128;
        self.classes.iter().find_map(|(class, count)| {
            seen += u128::from(*count);
            (seen >= rank).then(|| largest(*class))
        })
    }
}

fn class(value: u64) -> u16 {
    let power = value.max(1).ilog2();
    if power < DIGITS {
        return u16::try_from(value).unwrap_or(u16::MAX);
    }
    let within = (value >> (power - DIGITS)) - (1 << DIGITS);
    let class = (u64::from(power - DIGITS + 1) << DIGITS) + within;
    u16::try_from(class).unwrap_or(u16::MAX)
}

/// The largest value of a class.
fn largest(class: u16) -> u64 {
    let (class, digits) = (u64::from(class), 1_u64 << DIGITS);
    if class < digits {
        return class;
    }
    let shift = u32::try_from(class / digits - 1).unwrap_or(0);
    let next = u128::from(digits + class % digits + 1) << shift;
    u64::try_from(next - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_back_is_at_most_one_class_above() {
        for value in (0..64).flat_map(|power| [(1_u64 << power) - 1, 1 << power, 3 << power >> 1]) {
            let back = largest(class(value));
            let allowed = u128::from(value) * 1032 / 1000 + 1;
            assert!(back >= value && u128::from(back) <= allowed, "{value}: {back}");
        }
        assert_eq!(largest(class(u64::MAX)), u64::MAX);
    }

    #[test]
    fn percentiles_come_from_ranks() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.per_mille(500), None);
        (1..=10).for_each(|value| sketch.add(value));
        assert_eq!(sketch.per_mille(500), Some(5));
        assert_eq!(sketch.per_mille(990), Some(10));
        assert_eq!(sketch.per_mille(0), Some(1));
    }
}
