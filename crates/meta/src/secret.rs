//! Secrets that are shown once and stored as a hash.
//!
//! A secret has 256 random bits, so a plain hash is enough: there is nothing to guess, and looking
//! the hash up in an index gives away nothing that helps to find the secret.

use std::fmt;

use crate::error::MetaError;

/// What every API key starts with, so that people and secret scanners recognise one.
pub const KEY_PREFIX: &str = "tt_";

/// 43 digits of base 62 hold 256 bits.
const SECRET_DIGITS: usize = 43;
const ID_DIGITS: usize = 16;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A secret text. `Debug` does not show it; `expose` does.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn key() -> Result<Self, MetaError> {
        Ok(Self(format!("{KEY_PREFIX}{}", random_digits(SECRET_DIGITS)?)))
    }

    pub(crate) fn session() -> Result<Self, MetaError> {
        random_digits(SECRET_DIGITS).map(Self)
    }

    /// The text, to be shown to its owner and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The form in which a secret is stored. The purpose is mixed in, so that a session id never passes
/// as a key.
pub(crate) fn hash(purpose: &'static str, secret: &str) -> [u8; 32] {
    blake3::derive_key(purpose, secret.as_bytes())
}

pub(crate) const KEY_PURPOSE: &str = "telltale 2025 api key";
pub(crate) const SESSION_PURPOSE: &str = "telltale 2025 browser session";

pub(crate) fn key_id() -> Result<String, MetaError> {
    Ok(format!("key_{}", random_digits(ID_DIGITS)?))
}

fn random_digits(count: usize) -> Result<String, MetaError> {
    let mut out = String::with_capacity(count);
    let mut bytes = [0_u8; 64];
    while out.len() < count {
        getrandom::fill(&mut bytes).map_err(MetaError::Random)?;
        // 248 is the largest multiple of 62 in a byte: beyond it some digits would come up more often.
        let digits = bytes.iter().filter(|b| **b < 248);
        let digits = digits.filter_map(|b| DIGITS.get(usize::from(b % 62)));
        let missing = count - out.len();
        out.extend(digits.take(missing).map(|digit| char::from(*digit)));
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
