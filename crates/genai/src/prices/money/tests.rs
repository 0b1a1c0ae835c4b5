use proptest::prelude::*;

use super::*;

#[test]
fn prices_as_providers_write_them_are_exact() {
    assert_eq!(parse_usd("0.075"), Ok(75_000_000));
    assert_eq!(parse_usd("3"), Ok(3_000_000_000));
    assert_eq!(parse_usd("0.000000001"), Ok(1));
    assert_eq!(parse_usd("0"), Ok(0));
    assert_eq!(parse_usd("1000000000"), Ok(AMOUNT_USD_MAX * NANO_USD));
}

#[test]
fn other_texts_are_refused_for_what_they_are() {
    for text in ["", ".", "1.", ".5", "-1", "+1", "1e-3", "1,5", " 1", "1.2.3", "NaN"] {
        assert_eq!(parse_usd(text), Err(MoneyError::NotDecimal), "{text}");
    }
    assert_eq!(parse_usd("0.0000000001"), Err(MoneyError::TooFine));
    assert_eq!(parse_usd("1000000001"), Err(MoneyError::TooLarge));
    assert_eq!(parse_usd("99999999999999999999"), Err(MoneyError::TooLarge));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(nano in 0..AMOUNT_USD_MAX * NANO_USD) {
        prop_assert_eq!(parse_usd(&format_usd(nano)), Ok(nano));
    }
}
