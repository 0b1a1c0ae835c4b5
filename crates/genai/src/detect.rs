//! Which dialects a record may speak. The scope says most, and many records share it: its answer is
//! worked out once and kept by the caller.

use crate::rules::{Dialect, Rules};
use crate::value::Attribute;

/// The dialects of an instrumentation scope and its resource: a small value to keep beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct ScopeDialects {
    pub(crate) own: u64,
}

impl ScopeDialects {
    /// Works out the dialects of a scope.
    pub fn new(rules: &Rules, name: &str, version: &str, resource: &[Attribute<'_>]) -> Self {
        let mut own = 0;
        for (place, dialect) in rules.dialects.iter().enumerate() {
            if speaks(dialect, name, version) || lives_in(dialect, resource) {
                own |= 1 << place;
            }
        }
        Self { own }
    }

    /// Whether the scope itself is one of an AI client.
    pub fn is_ai(self) -> bool {
        self.own != 0
    }
}

fn speaks(dialect: &Dialect, name: &str, version: &str) -> bool {
    if !dialect.scopes.iter().any(|scope| scope.matches(name)) {
        return false;
    }
    let mut numbers = version.split('.').map(|part| {
        let end = part.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(part.len());
        part.get(..end).and_then(|digits| digits.parse::<u32>().ok())
    });
    let version = match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), minor) => Some([major, minor.unwrap_or(0)]),
        (None, _) => None,
    };
    let after = dialect.version_min.is_none_or(|min| version.is_some_and(|v| v >= min));
    let before = dialect.version_below.is_none_or(|below| version.is_some_and(|v| v < below));
    after && before
}

fn lives_in(dialect: &Dialect, resource: &[Attribute<'_>]) -> bool {
    dialect.resource.iter().any(|(name, wanted)| {
        resource.iter().any(|(key, value)| {
            **key == **name && value.as_str().is_some_and(|value| wanted.matches(value))
        })
    })
}
