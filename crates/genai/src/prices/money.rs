//! Exact money: decimal dollars in text, whole nano-dollars in memory. Never a float.

/// Nano-dollars in one dollar.
pub const NANO_USD: i64 = 1_000_000_000;

/// Digits after the point that a nano-dollar can hold.
const FRACTION_DIGITS: usize = 9;

/// Dollars that one amount in a table may have at most; keeps every later product within `i128`
/// and catches prices that were written in the wrong unit.
pub const AMOUNT_USD_MAX: i64 = 1_000_000_000;

/// Why a text is not an amount of dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Something else than digits with at most one point.
    #[error("not a plain decimal number of dollars")]
    NotDecimal,
    /// More than nine digits after the point.
    #[error("finer than a nano-dollar")]
    TooFine,
    /// Above [`AMOUNT_USD_MAX`].
    #[error("more than {AMOUNT_USD_MAX} dollars")]
    TooLarge,
}

/// Reads decimal dollars such as `0.075`, without sign and exponent, as nano-dollars.
pub fn parse_usd(text: &str) -> Result<i64, MoneyError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
        return Err(MoneyError::NotDecimal);
    }
    if fraction.len() > FRACTION_DIGITS {
        return Err(MoneyError::TooFine);
    }
    let whole: i64 = whole.parse().map_err(|_| MoneyError::TooLarge)?;
    if whole > AMOUNT_USD_MAX {
        return Err(MoneyError::TooLarge);
    }
    let padded = fraction.bytes().chain(std::iter::repeat(b'0')).take(FRACTION_DIGITS);
    let fraction = padded.fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Ok(whole * NANO_USD + fraction)
}

/// Writes nano-dollars as decimal dollars, without trailing zeros. Any sign.
#[must_use]
pub fn format_usd(nano: i64) -> String {
    let (whole, fraction) =
        (nano.unsigned_abs() / 1_000_000_000, nano.unsigned_abs() % 1_000_000_000);
    let sign = if nano < 0 { "-" } else { "" };
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{fraction:09}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests;
