//! The attribute keys of some rows of one table of one project: types, counts, times, frequent
//! values. Bounded in keys, values and bytes; what does not fit is counted.
//!
//! Keys beyond the limit are treated as values are (see [`super::frequent`]): the half with the
//! most rows stays, and a key that comes in later may have been in before.

use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use telltale_schema::{AttributeScope, RawText};

use super::key::{CatalogueKey, Seen};
use super::types::ValueTypes;
use crate::CatalogueConfig;

/// A scope and a key, to look up without copying.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place(u8, Arc<str>);

trait Name {
    fn parts(&self) -> (u8, &str);
}

impl Name for Place {
    fn parts(&self) -> (u8, &str) {
        (self.0, &self.1)
    }
}

impl Name for (u8, &str) {
    fn parts(&self) -> (u8, &str) {
        *self
    }
}

impl<'a> Borrow<dyn Name + 'a> for Place {
    fn borrow(&self) -> &(dyn Name + 'a) {
        self
    }
}

impl PartialEq for dyn Name + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn Name + '_ {}

impl Hash for dyn Name + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (scope, name) = self.parts();
        scope.hash(state);
        name.hash(state);
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct AttributeCatalogue {
    pub(super) limits: CatalogueConfig,
    pub(super) keys: Vec<CatalogueKey>,
    places: HashMap<Place, usize>,
    /// Rows that were counted, by partition.
    pub(super) days: BTreeMap<i32, u64>,
    /// Rows that a key which was left out had at most.
    pub(super) floor: u64,
    /// Hashes of keys that were left out, with the last partition that had them.
    pub(super) left_out: BTreeMap<u32, i32>,
    /// Values a key may have: fewer than the limit once bytes ran out.
    capacity: usize,
    bytes: usize,
    /// The key that was noted last.
    last: usize,
    /// Number of the group of rows that is being read.
    group: u32,
}

pub(super) fn scope_code(scope: AttributeScope) -> u8 {
    match scope {
        AttributeScope::Record => 0,
        AttributeScope::Resource => 1,
    }
}

impl AttributeCatalogue {
    /// A catalogue of no rows.
    pub fn new(limits: CatalogueConfig) -> Self {
        Self {
            limits,
            keys: Vec::new(),
            places: HashMap::new(),
            days: BTreeMap::new(),
            floor: 0,
            left_out: BTreeMap::new(),
            capacity: limits.values_max,
            bytes: 0,
            last: 0,
            group: 1,
        }
    }

    /// What comes from now on is of another group of rows: see [`Self::learn`].
    pub(crate) fn next_group(&mut self) {
        self.group += 1;
    }

    /// The keys, in no promised order.
    pub fn keys(&self) -> &[CatalogueKey] {
        &self.keys
    }

    /// Keys that were left out because of the limits. Stops counting at
    /// [`CatalogueConfig::left_out_max`].
    pub fn keys_left_out(&self) -> u64 {
        self.left_out.len() as u64
    }

    /// Rows that were counted, of partitions from `day` on.
    pub fn rows_since(&self, day: i32) -> u64 {
        self.days.range(day..).map(|(_, rows)| rows).sum()
    }

    /// Bytes of memory, roughly.
    pub fn memory_bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn first_day(&self) -> Option<i32> {
        self.days.keys().next().copied()
    }

    /// Counts rows, whatever attributes they have.
    pub(crate) fn count_rows(&mut self, day: i32, rows: u64) {
        *self.days.entry(day).or_default() += rows;
    }

    /// The place of a key as it is written in an attribute text; `None` when it is left out.
    /// `name` gives the key itself when it is escaped.
    pub(super) fn place(
        &mut self,
        scope: AttributeScope,
        raw: RawText<'_>,
        name: impl FnOnce() -> Option<String>,
        seen: &Seen,
    ) -> Option<usize> {
        // Rows of a kind have the same keys in the same order.
        let likely = self.keys.get(self.last).map_or(0, |key| key.next);
        let is_it = |key: &CatalogueKey| *key.name == *raw.text && key.scope == scope;
        if !raw.escaped && self.keys.get(likely).is_some_and(is_it) {
            self.last = likely;
            return Some(likely);
        }
        let place = if raw.escaped {
            self.find_or_add(scope, &name()?, seen)
        } else {
            self.find_or_add(scope, raw.text, seen)
        }?;
        if let Some(before) = self.keys.get_mut(self.last) {
            before.next = place;
        }
        self.last = place;
        Some(place)
    }

    fn find_or_add(&mut self, scope: AttributeScope, name: &str, seen: &Seen) -> Option<usize> {
        let wanted = (scope_code(scope), name);
        if let Some(place) = self.places.get(&wanted as &dyn Name) {
            return Some(*place);
        }
        if name.len() > self.limits.key_bytes_max {
            self.leave_out(scope, name, seen.day);
            return None;
        }
        if self.keys.len() >= self.limits.keys_max {
            self.shrink(self.limits.keys_max / 2);
        }
        let mut key = CatalogueKey::new(scope, name, ValueTypes::default());
        (key.first, key.last) = (seen.first, seen.last);
        (key.first_day, key.last_day) = (seen.day, seen.day);
        key.miss(self.floor);
        Some(self.add(key))
    }

    /// Adds a key that is not there yet.
    fn add(&mut self, mut key: CatalogueKey) -> usize {
        let place = self.keys.len();
        key.next = place + 1;
        self.bytes += key.bytes();
        let code = scope_code(key.scope);
        self.left_out.remove(&name_hash(code, &key.name));
        self.places.insert(Place(code, Arc::clone(&key.name)), place);
        self.keys.push(key);
        place
    }

    /// Notes that rows have a value of the key at `place`. Whether the same group of rows had it
    /// before, for certain.
    pub(super) fn note(
        &mut self,
        place: usize,
        types: ValueTypes,
        value: Option<&str>,
        seen: &Seen,
    ) -> bool {
        self.note_in(self.group, place, types, value, seen)
    }

    /// The same for rows of no group: a value that is written in another way than usual must not
    /// stand for the usual one.
    pub(super) fn note_unusual(
        &mut self,
        place: usize,
        types: ValueTypes,
        value: Option<&str>,
        seen: &Seen,
    ) {
        self.note_in(0, place, types, value, seen);
    }

    fn note_in(
        &mut self,
        group: u32,
        place: usize,
        types: ValueTypes,
        value: Option<&str>,
        seen: &Seen,
    ) -> bool {
        let Some(key) = self.keys.get_mut(place) else { return false };
        key.types = key.types.with(types);
        key.rows += seen.rows;
        key.first = key.first.min(seen.first);
        key.last = key.last.max(seen.last);
        key.first_day = key.first_day.min(seen.day);
        key.last_day = key.last_day.max(seen.day);
        let Some(value) = value.filter(|value| value.len() <= self.limits.value_bytes_max) else {
            return false;
        };
        let before = key.values.bytes();
        let added = key.values.add(value, seen.rows, self.capacity, group);
        if added.inserted {
            self.bytes = self.bytes - before + key.values.bytes();
            if self.bytes > self.limits.bytes_max {
                self.squeeze();
            }
        }
        added.again
    }

    /// Adds what another catalogue of other rows has.
    pub fn merge(&mut self, other: &Self) {
        for (day, rows) in &other.days {
            *self.days.entry(*day).or_default() += rows;
        }
        let floor = self.floor;
        let mut met = vec![false; self.keys.len()];
        for theirs in &other.keys {
            let wanted = (scope_code(theirs.scope), theirs.name());
            let place = self.places.get(&wanted as &dyn Name).copied();
            let ours = place.and_then(|place| self.keys.get_mut(place).zip(met.get_mut(place)));
            if let Some((ours, met)) = ours {
                let before = ours.values.bytes();
                ours.merge(theirs, self.capacity);
                self.bytes = self.bytes - before + ours.values.bytes();
                *met = true;
            } else {
                let mut key = theirs.clone();
                key.miss(floor);
                self.add(key);
            }
        }
        for (ours, _) in self.keys.iter_mut().zip(met).filter(|(_, met)| !met) {
            ours.miss(other.floor);
        }
        self.floor += other.floor;
        for (hash, day) in &other.left_out {
            self.remember_left_out(*hash, *day);
        }
        // What one side left out and the other has is there.
        if !self.left_out.is_empty() {
            for key in &self.keys {
                self.left_out.remove(&name_hash(scope_code(key.scope), &key.name));
            }
        }
        if self.keys.len() > self.limits.keys_max {
            self.shrink(self.limits.keys_max / 2);
        }
        if self.bytes > self.limits.bytes_max {
            self.squeeze();
        }
    }

    /// Lets go of keys whose rows are all of partitions before `day`.
    pub(crate) fn prune(&mut self, day: i32) {
        self.days.retain(|of, _| *of >= day);
        self.left_out.retain(|_, last| *last >= day);
        self.keys.retain(|key| key.last_day >= day);
        self.index();
    }

    /// Keeps the `keep` keys with the most rows, of equals those that were seen last.
    fn shrink(&mut self, keep: usize) {
        if self.keys.len() <= keep {
            return;
        }
        self.keys.sort_unstable_by_key(|key| Reverse((key.rows, key.last)));
        let gone = self.keys.split_off(keep);
        self.floor = self.floor.max(gone.first().map_or(0, |key| key.rows));
        for key in &gone {
            self.remember_left_out(name_hash(scope_code(key.scope), &key.name), key.last_day);
        }
        self.index();
    }

    /// Halves values, and in the end keys, until the bytes fit.
    fn squeeze(&mut self) {
        while self.bytes > self.limits.bytes_max {
            if self.capacity > 0 {
                self.capacity /= 2;
                for key in &mut self.keys {
                    key.values.shrink(self.capacity / 2);
                }
            } else if self.keys.len() > 1 {
                self.shrink(self.keys.len() / 2);
            } else {
                return;
            }
            self.bytes = self.keys.iter().map(CatalogueKey::bytes).sum();
        }
    }

    fn leave_out(&mut self, scope: AttributeScope, name: &str, day: i32) {
        self.remember_left_out(name_hash(scope_code(scope), name), day);
    }

    fn remember_left_out(&mut self, hash: u32, day: i32) {
        let full = self.left_out.len() >= self.limits.left_out_max;
        if !full || self.left_out.contains_key(&hash) {
            let last = self.left_out.entry(hash).or_insert(day);
            *last = day.max(*last);
        }
    }

    /// Brings places and bytes in line with the keys.
    pub(super) fn index(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        self.places.clear();
        (self.bytes, self.last) = (0, 0);
        for key in keys {
            self.add(key);
        }
    }
}

fn name_hash(scope: u8, name: &str) -> u32 {
    crc32c::crc32c_append(u32::from(scope), name.as_bytes())
}

#[cfg(test)]
mod tests;
