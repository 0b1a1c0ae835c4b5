//! Which values of one key are frequent, in bounded memory.
//!
//! A summary of the space-saving family. A value that is in it has an estimate that is never too
//! low, and at most `error` too high. A value that is not in it came at most `floor` times. When
//! there are more than `capacity` values, the larger half stays, and `floor` becomes the largest
//! estimate that had to go; a value that comes in later starts at `floor`, because it may have been
//! in before.
//!
//! Bound: each time `floor` rises by some amount, more than `capacity / 2` values, those that stay
//! and one that goes, have had that amount counted which no other rise is charged to. So
//! `floor <= n / (capacity / 2 + 1)`, with `n` the sum of all weights: with 128 values, one in 65.
//! Merging adds both floors and both sums, so the bound holds for summaries of summaries.

use std::cmp::Reverse;
use std::collections::HashMap;

/// Bytes of memory and of disk that a value takes besides its text, roughly.
const ITEM_BYTES: usize = 40;

/// Tags looked at together: enough for the compiler to use vector instructions.
const LANES: usize = 16;

/// A value and about how often it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) text: Box<str>,
    /// It came at most this often.
    pub(super) count: u64,
    /// And at least `count - error` times.
    pub(super) error: u64,
    /// The group of rows that had it last, while rows are read.
    pub(super) group: u32,
}

/// What counting a value did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Added {
    /// The bytes may have changed.
    pub(super) inserted: bool,
    /// The value was counted in the same group of rows before, for certain.
    pub(super) again: bool,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frequent {
    items: Vec<Item>,
    /// Short hashes of the texts, in the order of `items`, so that most are not compared.
    tags: Vec<u32>,
    floor: u64,
    /// Place of the value that came last: neighbouring rows are alike.
    last: usize,
    bytes: usize,
}

impl Frequent {
    /// Takes what an earlier summary had.
    pub(super) fn from_parts(items: Vec<Item>, floor: u64) -> Self {
        let mut found = Self { items, floor, ..Self::default() };
        found.index();
        found
    }

    /// The values, in no promised order.
    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    /// How often a value that is not in the summary came at most.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// Bytes of memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts a value of a group of rows `weight` times more, keeping at most `capacity` values.
    pub(super) fn add(&mut self, text: &str, weight: u64, capacity: usize, group: u32) -> Added {
        let is_last = self.items.get(self.last).is_some_and(|item| &*item.text == text);
        if !is_last {
            let tag = tag(text);
            let Some(place) = self.find(text, tag) else {
                self.insert(text, tag, weight, capacity, group);
                return Added { inserted: true, again: false };
            };
            self.last = place;
        }
        let Some(item) = self.items.get_mut(self.last) else {
            return Added { inserted: false, again: false };
        };
        item.count += weight;
        let before = std::mem::replace(&mut item.group, group);
        Added { inserted: false, again: before == group }
    }

    fn find(&self, text: &str, tag: u32) -> Option<usize> {
        let same = |tags: &[u32]| tags.iter().map(|found| u32::from(*found == tag)).sum::<u32>();
        let chunks = self.tags.chunks(LANES).zip(self.items.chunks(LANES)).enumerate();
        chunks.filter(|(_, (tags, _))| same(tags) > 0).find_map(|(chunk, (_, items))| {
            let place = items.iter().position(|item| &*item.text == text)?;
            Some(chunk * LANES + place)
        })
    }

    fn insert(&mut self, text: &str, tag: u32, weight: u64, capacity: usize, group: u32) {
        if self.items.len() >= capacity {
            self.shrink(capacity / 2);
        }
        if self.items.len() >= capacity {
            self.floor += weight;
            return;
        }
        self.last = self.items.len();
        self.bytes += text.len() + ITEM_BYTES;
        self.tags.push(tag);
        let (count, error) = (self.floor + weight, self.floor);
        self.items.push(Item { text: text.into(), count, error, group });
    }

    /// Takes into account that each value may have come up to `times` more.
    pub(super) fn miss(&mut self, times: u64) {
        for item in &mut self.items {
            item.count += times;
            item.error += times;
        }
        self.floor += times;
    }

    /// Adds the counts of another summary, keeping at most `capacity` values.
    pub(super) fn merge(&mut self, other: &Self, capacity: usize) {
        let places: HashMap<&str, usize> =
            self.items.iter().enumerate().map(|(place, item)| (&*item.text, place)).collect();
        let both: Vec<Option<usize>> =
            other.items.iter().map(|item| places.get(&*item.text).copied()).collect();
        let floor = self.floor;
        self.miss(other.floor);
        for (item, place) in other.items.iter().zip(both) {
            match place.and_then(|place| self.items.get_mut(place)) {
                Some(ours) => {
                    ours.count = ours.count - other.floor + item.count;
                    ours.error = ours.error - other.floor + item.error;
                }
                None => self.items.push(Item {
                    text: item.text.clone(),
                    count: item.count + floor,
                    error: item.error + floor,
                    group: item.group,
                }),
            }
        }
        if self.items.len() > capacity {
            self.shrink(capacity / 2);
        }
        self.index();
    }

    /// Keeps the `keep` most frequent values; among equals, any.
    pub(super) fn shrink(&mut self, keep: usize) {
        if self.items.len() <= keep {
            return;
        }
        let (_, gone, _) = self.items.select_nth_unstable_by_key(keep, |item| Reverse(item.count));
        self.floor = self.floor.max(gone.count);
        self.items.truncate(keep);
        self.index();
    }

    fn index(&mut self) {
        self.tags.clear();
        self.tags.extend(self.items.iter().map(|item| tag(&item.text)));
        self.bytes = self.items.iter().map(|item| item.text.len() + ITEM_BYTES).sum();
        self.last = 0;
    }
}

/// A few bits of both ends of a text. Texts that were chosen to have the same tag only make each
/// other be compared.
fn tag(text: &str) -> u32 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = text.as_bytes();
    let word = |part: &[u8]| {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(part) {
            *to = *from;
        }
        u64::from_le_bytes(word)
    };
    let (head, tail) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => (word(bytes), 0),
    };
    let mixed = (head ^ tail.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(ODD);
    // The high half of a product depends on all bits below it.
    u32::try_from(mixed >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests;
