//! A number that differs between different bytes, the same in every version.

/// FNV-1a, 64 bits: for telling whether something has changed, not against anybody who wants it to
/// look unchanged.
#[must_use]
pub fn fingerprint(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
