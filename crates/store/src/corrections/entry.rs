//! Everything that is to become of one row, with the version of each part.

use crate::catalogue::ATTRIBUTE_COLUMNS;
use crate::{Change, Correction, Scalar};

/// Age of a correction: sequence number of its frame, then its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Version {
    pub(crate) seq: u64,
    pub(crate) place: u32,
}

/// The combined corrections of one row. Merging is commutative, associative and idempotent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Partition that the row is said to lie in.
    pub(crate) date: i32,
    /// When the row was first deleted.
    pub(crate) deleted: Option<Version>,
    /// By column name, each once.
    pub(crate) columns: Vec<SetColumn>,
}

/// A new value of one column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetColumn {
    pub(crate) name: Box<str>,
    pub(crate) version: Version,
    pub(crate) value: Scalar,
}

impl Entry {
    pub(crate) fn new(correction: Correction, version: Version) -> Self {
        let mut entry = Self { date: correction.date, deleted: None, columns: Vec::new() };
        match correction.change {
            Change::Delete => entry.deleted = Some(version),
            Change::Set(columns) => {
                for (name, value) in columns {
                    entry.set(SetColumn { name: name.into(), version, value });
                }
            }
        }
        entry
    }

    /// Whether it changes which attributes rows have.
    pub(crate) fn changes_attributes(&self) -> bool {
        let holds = |column: &SetColumn| ATTRIBUTE_COLUMNS.contains(&&*column.name);
        self.deleted.is_some() || self.columns.iter().any(holds)
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.deleted = match (self.deleted, other.deleted) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        for column in other.columns {
            self.set(column);
        }
    }

    /// The part that came after `version`; `None` when nothing did.
    pub(crate) fn newer_than(&self, version: Version) -> Option<Self> {
        let deleted = self.deleted.filter(|at| *at > version);
        let columns: Vec<_> =
            self.columns.iter().filter(|c| c.version > version).cloned().collect();
        (deleted.is_some() || !columns.is_empty()).then_some(Self {
            date: self.date,
            deleted,
            columns,
        })
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let value = |value: &Scalar| match value {
            Scalar::Text(text) => text.len(),
            Scalar::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        self.columns.iter().map(|c| size_of::<SetColumn>() + c.name.len() + value(&c.value)).sum()
    }

    /// Within one correction the later of two values of a column wins.
    fn set(&mut self, column: SetColumn) {
        match self.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) if old.version <= column.version => *old = column,
            Some(_) => {}
            None => self.columns.push(column),
        }
    }
}
