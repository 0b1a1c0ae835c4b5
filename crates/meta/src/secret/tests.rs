//! Secrets look as documented and do not leak through `Debug`.

use super::{KEY_PURPOSE, SESSION_PURPOSE, Secret, hash, random_digits};

#[test]
fn a_key_is_the_prefix_and_43_digits() {
    let key = Secret::key().unwrap();
    assert!(key.expose().starts_with("tt_"));
    assert_eq!(key.expose().len(), 46);
    assert!(key.expose().bytes().skip(3).all(|b| b.is_ascii_alphanumeric()));
    assert_ne!(key, Secret::key().unwrap());
}

#[test]
fn debug_hides_the_secret() {
    let key = Secret::key().unwrap();
    assert_eq!(format!("{key:?}"), "Secret(..)");
}

#[test]
fn the_purpose_separates_keys_from_sessions() {
    assert_ne!(hash(KEY_PURPOSE, "same"), hash(SESSION_PURPOSE, "same"));
}

#[test]
fn every_digit_comes_up() {
    let digits = random_digits(20_000).unwrap();
    let mut seen: Vec<char> = digits.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 62);
}
