//! The 128-bit identity of an export or a span.

use std::hash::{BuildHasherDefault, Hash, Hasher};

use xxhash_rust::xxh3::Xxh3Default;

/// A 128-bit hash (XXH3). At a million entries the chance that a new record meets a foreign entry
/// is below 1e-32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    high: u64,
    low: u64,
}

impl Key {
    /// Hash of `content` under a `scope` (a project, a signal).
    pub(crate) fn of(content: &[u8], scope: &[u8]) -> Self {
        let mut hasher = Xxh3Default::new();
        hasher.update(&scope.len().to_le_bytes());
        hasher.update(scope);
        hasher.update(content);
        Self::from_bytes(hasher.digest128().to_le_bytes())
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.high) << 64 | u128::from(self.low)).to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        let (low, high) = (u128::from_le_bytes(bytes), u128::from_le_bytes(bytes) >> 64);
        let half = |value: u128| u64::try_from(value & u128::from(u64::MAX)).unwrap_or(0);
        Self { high: half(high), low: half(low) }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.low);
    }
}

/// Keys are hashes already: hashing them again would only cost time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Builds the hasher of maps keyed by [`Key`].
pub(crate) type KeyHasher = BuildHasherDefault<PassThrough>;
