//! The types that the values of a key have, as a set in a few bits. The bits are on disk: they are
//! only ever added to.

/// A set of types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ValueTypes(pub(super) u16);

/// In the order of their names, which is the order of the bits.
const NAMES: [(ValueTypes, &str); 8] = [
    (ValueTypes::ARRAY, "array"),
    (ValueTypes::BOOL, "bool"),
    (ValueTypes::BYTES, "bytes"),
    (ValueTypes::DOUBLE, "double"),
    (ValueTypes::EMPTY, "empty"),
    (ValueTypes::INT, "int"),
    (ValueTypes::MAP, "map"),
    (ValueTypes::STRING, "string"),
];

impl ValueTypes {
    pub(super) const ARRAY: Self = Self(1);
    pub(super) const BOOL: Self = Self(1 << 1);
    pub(super) const BYTES: Self = Self(1 << 2);
    pub(super) const DOUBLE: Self = Self(1 << 3);
    pub(super) const EMPTY: Self = Self(1 << 4);
    pub(super) const INT: Self = Self(1 << 5);
    pub(super) const MAP: Self = Self(1 << 6);
    pub(super) const STRING: Self = Self(1 << 7);

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn names(self) -> Vec<&'static str> {
        let has = |(ty, _): &&(Self, &str)| self.0 & ty.0 != 0;
        NAMES.iter().filter(has).map(|(_, name)| *name).collect()
    }

    /// The type of a JSON word: a number, `true`, `false` or `null`.
    pub(super) fn of_word(word: &str) -> Self {
        match word.as_bytes().first() {
            Some(b't' | b'f') => Self::BOOL,
            Some(b'n') | None => Self::EMPTY,
            Some(_) if word.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) => Self::DOUBLE,
            Some(_) => Self::INT,
        }
    }
}
