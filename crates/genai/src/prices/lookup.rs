//! From what telemetry says about a model to the row that prices it.
//!
//! A provider that is known narrows: only its own rows are taken, or those of a provider whose
//! prices it passes on. A maker's name is the exception, since clients of its API are pointed at
//! other servers: a router's prefix in the model's name says more. Without a provider, one is
//! inferred, but only where the name alone tells who bills. In doubt there is no price.

use telltale_base::UnixNanos;

use super::names::{self, Form, Step};
use super::providers::{self, Named, Provider};
use super::table::{ModelPrices, PriceRow, PriceTable};

/// Where the provider of a match comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderMatch {
    /// The call named it.
    Named,
    /// The call named another one that charges the same for this model.
    SamePrices,
    /// From the name of the model.
    Inferred,
}

/// A model of the table that a call's names mean, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<'t> {
    /// The line of the table.
    pub model: &'t ModelPrices,
    /// What was done to the name; empty for an exact match.
    pub steps: Vec<Step>,
    /// Where the provider comes from.
    pub provider: ProviderMatch,
}

impl<'t> Listed<'t> {
    /// With the row in force at a moment, if one is known.
    #[must_use]
    pub fn at(self, at: UnixNanos) -> Option<Match<'t>> {
        let row = self.model.row(at)?;
        Some(Match { model: self.model, row, steps: self.steps, provider: self.provider })
    }
}

/// A priced model, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match<'t> {
    /// The line of the table.
    pub model: &'t ModelPrices,
    /// The row in force.
    pub row: &'t PriceRow,
    /// What was done to the name; empty for an exact match.
    pub steps: Vec<Step>,
    /// Where the provider comes from.
    pub provider: ProviderMatch,
}

impl Match<'_> {
    /// `anthropic/claude-opus-5@2026-10-14`; without a day where the row has none.
    #[must_use]
    pub fn row_id(&self) -> String {
        let ModelPrices { provider, model, .. } = self.model;
        let from = self.row.from.map(|day| format!("@{day}")).unwrap_or_default();
        format!("{provider}/{model}{from}")
    }

    /// How it was found, in words: `exact`, or `prefix-stripped, date-stripped, inferred`.
    #[must_use]
    pub fn how(&self) -> String {
        let mut words: Vec<&str> = self.steps.iter().map(|step| step.as_str()).collect();
        words.extend(match self.provider {
            ProviderMatch::Named => None,
            ProviderMatch::SamePrices => Some("same prices"),
            ProviderMatch::Inferred => Some("inferred"),
        });
        if words.is_empty() { "exact".into() } else { words.join(", ") }
    }
}

impl PriceTable {
    /// The row that prices a call at that moment; `None` if there is none, or no certain one.
    #[must_use]
    pub fn lookup(&self, provider: Option<&str>, model: &str, at: UnixNanos) -> Option<Match<'_>> {
        self.find(provider, model)?.at(at)
    }

    /// The time-independent half of [`Self::lookup`], and nearly all of its work (microseconds):
    /// who prices many calls keeps the answer for each pair of names.
    #[must_use]
    pub fn find(&self, provider: Option<&str>, model: &str) -> Option<Listed<'_>> {
        let forms = names::forms(model);
        let (model, steps, provider) = match provider.map_or(Named::Nothing, providers::named) {
            Named::Unlisted => None,
            Named::Known(provider) if provider.is_maker() => self.at_maker(provider, &forms),
            Named::Known(provider) => self.at_host(provider, &forms),
            Named::Nothing => self.anywhere(&forms),
        }?;
        Some(Listed { model, steps, provider })
    }

    fn at_host(&self, provider: &'static Provider, forms: &[Form]) -> Option<Hit<'_>> {
        let own = forms.iter().find_map(|form| self.named(provider.id, form));
        let of_same = || {
            let same = provider.same_prices.iter();
            let hit = |other: &&str| forms.iter().find_map(|form| self.named(other, form));
            same.copied().find_map(|other| hit(&other))
        };
        own.map(|(model, steps)| (model, steps, ProviderMatch::Named))
            .or_else(|| of_same().map(|(model, steps)| (model, steps, ProviderMatch::SamePrices)))
    }

    fn at_maker(&self, maker: &'static Provider, forms: &[Form]) -> Option<Hit<'_>> {
        let elsewhere = forms.iter().find_map(|form| form.implied.filter(|other| *other != maker));
        match elsewhere {
            Some(_) => self.anywhere(forms),
            None => self.at_host(maker, forms),
        }
    }

    fn anywhere(&self, forms: &[Form]) -> Option<Hit<'_>> {
        forms.iter().find_map(|form| {
            let (model, steps) = match form.implied {
                Some(provider) if provider.is_maker() => {
                    self.named(provider.id, form).filter(|_| provider.owns(&form.text))
                }
                Some(provider) => {
                    let (model, steps, _) = self.at_host(provider, std::slice::from_ref(form))?;
                    Some((model, steps))
                }
                None => self.owned(form),
            }?;
            Some((model, steps, ProviderMatch::Inferred))
        })
    }

    /// The model that one provider lists under a form of its name.
    fn named(&self, provider: &str, form: &Form) -> Option<(&ModelPrices, Vec<Step>)> {
        let mut listed = self.models_at(self.listed.get(&form.text));
        if let Some(model) = listed.find(|model| model.provider == provider) {
            return Some((model, form.steps.clone()));
        }
        // Taking a date off one side is enough: two different dates may be two different prices.
        let undated = self.undated.get(&form.text).filter(|_| form.is_whole());
        let mut undated = self.models_at(undated).filter(|model| model.provider == provider);
        let only = undated.next().filter(|_| undated.next().is_none())?;
        Some((only, [&form.steps[..], &[Step::Undated]].concat()))
    }

    /// The model of the one provider that a name without any provider belongs to.
    fn owned(&self, form: &Form) -> Option<(&ModelPrices, Vec<Step>)> {
        let undated = self.undated.get(&form.text).filter(|_| form.is_whole());
        let known = self.models_at(self.listed.get(&form.text)).chain(self.models_at(undated));
        let owners = || known.filter_map(|model| providers::by_id(&model.provider));
        let mut owners: Vec<_> = owners().filter(|owner| owner.owns(&form.text)).collect();
        owners.dedup();
        match owners.as_slice() {
            [owner] => self.named(owner.id, form),
            _ => None,
        }
    }
}

type Hit<'t> = (&'t ModelPrices, Vec<Step>, ProviderMatch);

#[cfg(test)]
mod tests;
