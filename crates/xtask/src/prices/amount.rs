//! Exact amounts: nano-dollars for the unit in which a price is published.

use anyhow::{Context, Result, bail};

/// Reads a decimal, exponent allowed, and scales it; what is finer than a nano-dollar is rounded
/// half up (sources computed with floats carry such noise).
pub(super) fn nano_usd(text: &str, scale: u64) -> Result<i64> {
    let wrong = || format!("{text:?} is no amount");
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        bail!(wrong());
    }
    let value: i128 = digits.parse().with_context(wrong)?;
    let exponent: i32 = exponent.parse().with_context(wrong)?;
    let places = i32::try_from(fraction.len()).with_context(wrong)?;
    let power = exponent - places + 9;
    let scaled = value.checked_mul(i128::from(scale)).with_context(wrong)?;
    let ten = |power: u32| 10_i128.checked_pow(power).with_context(wrong);
    let nano = if power >= 0 {
        scaled.checked_mul(ten(power.unsigned_abs())?).with_context(wrong)?
    } else {
        let divisor = ten(power.unsigned_abs())?;
        (scaled + divisor / 2) / divisor
    };
    i64::try_from(nano).with_context(wrong)
}

/// Decimal dollars without trailing zeros.
pub(super) fn usd(nano: i64) -> String {
    let (whole, fraction) = (nano / 1_000_000_000, nano % 1_000_000_000);
    let text = format!("{whole}.{fraction:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
