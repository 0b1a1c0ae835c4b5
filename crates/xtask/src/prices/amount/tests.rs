use super::*;

#[test]
fn amounts_keep_every_digit() {
    assert_eq!(nano_usd("0.075", 1).unwrap(), 75_000_000);
    assert_eq!(nano_usd("1.5e-7", 1_000_000).unwrap(), 150_000_000);
    assert_eq!(nano_usd("3.0000000000000004e-07", 1_000_000).unwrap(), 300_000_000);
    assert_eq!(nano_usd("0.003625", 1).unwrap(), 3_625_000);
    assert_eq!(nano_usd("0", 1).unwrap(), 0);
    assert_eq!(usd(75_000_000), "0.075");
    assert_eq!(usd(10_000_000_000), "10");
    assert_eq!(usd(0), "0");
}

#[test]
fn other_texts_are_refused() {
    for text in ["", "-1", "a", "1e", "1.2.3", "9e99", "NaN"] {
        assert!(nano_usd(text, 1).is_err(), "{text}");
    }
}
