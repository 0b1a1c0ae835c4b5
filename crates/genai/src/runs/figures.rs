//! Sums of what the ledger says. What is missing or unpriced is counted beside the sums and is
//! never a zero in them.

use super::span::SpanLedger;

/// Calls, tokens and cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Provider calls.
    pub calls: u64,
    /// Calls for which nobody reported tokens.
    pub missing: u64,
    /// Calls with tokens and without a price.
    pub unpriced: u64,
    /// Input tokens of the calls that have them.
    pub input_tokens: u64,
    /// Output tokens of the calls that have them.
    pub output_tokens: u64,
    /// Cost of the calls that have one, in nano-dollars.
    pub cost_nano_usd: u64,
}

impl Figures {
    pub(super) fn of(ledger: SpanLedger) -> Self {
        let calls = u64::from(ledger.calls);
        // A cost below zero is nonsense and no price.
        let cost = ledger.cost_nano_usd.and_then(|cost| u64::try_from(cost).ok());
        Self {
            calls,
            missing: if ledger.is_missing { calls } else { 0 },
            unpriced: if cost.is_none() && !ledger.is_missing { calls } else { 0 },
            input_tokens: ledger.input_tokens.unwrap_or(0),
            output_tokens: ledger.output_tokens.unwrap_or(0),
            cost_nano_usd: cost.unwrap_or(0),
        }
    }

    /// Adds others; what would not fit stays at the largest number.
    pub fn add(&mut self, other: &Self) {
        let sum = |mine: &mut u64, theirs: u64| *mine = mine.saturating_add(theirs);
        sum(&mut self.calls, other.calls);
        sum(&mut self.missing, other.missing);
        sum(&mut self.unpriced, other.unpriced);
        sum(&mut self.input_tokens, other.input_tokens);
        sum(&mut self.output_tokens, other.output_tokens);
        sum(&mut self.cost_nano_usd, other.cost_nano_usd);
    }
}
