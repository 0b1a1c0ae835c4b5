//! What a table must be before anything is priced with it.

use std::collections::HashSet;

use super::super::card::{RateCard, RateSet};
use super::super::rate::Rate;
use super::{ModelPrices, PriceTable, TableError};

/// Refuses a table that is not sorted, names one thing twice, or has a line that says nothing.
pub(super) fn table(table: &PriceTable) -> Result<(), TableError> {
    for (model, next) in table.models.iter().zip(table.models.iter().skip(1)) {
        if (&model.provider, &model.model) >= (&next.provider, &next.model) {
            return Err(problem(next, "out of order, or listed twice".into()));
        }
    }
    for (name, at) in &table.listed {
        let mut providers = HashSet::new();
        for model in table.models_at(Some(at)) {
            if !providers.insert(&model.provider) {
                return Err(problem(model, format!("another model has the name {name:?} too")));
            }
        }
    }
    table.models.iter().try_for_each(rows)
}

fn rows(model: &ModelPrices) -> Result<(), TableError> {
    if model.rows.is_empty() {
        return Err(problem(model, "no prices".into()));
    }
    for (row, next) in model.rows.iter().zip(model.rows.iter().skip(1)) {
        if next.from < row.from {
            return Err(problem(model, "rows are not by rising day".into()));
        }
    }
    for row in &model.rows {
        card(&row.card).map_err(|text| problem(model, text))?;
        if row.card.is_free() && !model.free {
            return Err(problem(model, "all rates are 0, and the line is not marked free".into()));
        }
    }
    Ok(())
}

/// Refuses a card that prices nothing, or whose long-context steps are not rising.
pub(in super::super) fn card(card: &RateCard) -> Result<(), String> {
    if card.standard.rates.is_empty() {
        return Err("no standard rates".into());
    }
    for set in std::iter::once(&card.standard).chain(card.tiers.iter().map(|(_, set)| set)) {
        steps(set)?;
    }
    let rates = &card.standard.rates;
    let (read, input) = (rates.get(Rate::CacheRead), rates.get(Rate::Input));
    if read.zip(input).is_some_and(|(read, input)| read > input) {
        return Err("cached input costs more than fresh input".into());
    }
    Ok(())
}

fn steps(set: &RateSet) -> Result<(), String> {
    let rising = set.long.iter().zip(set.long.iter().skip(1)).all(|(a, b)| a.above < b.above);
    if !rising {
        return Err("long-context steps are not by rising threshold".into());
    }
    let known = |rate| set.rates.get(rate).is_some();
    let mut stepped = set.long.iter().flat_map(|step| step.rates.iter());
    match stepped.find(|(rate, _)| !known(*rate)) {
        Some((rate, _)) => Err(format!("{} has a long-context step and no plain rate", rate.key())),
        None => Ok(()),
    }
}

fn problem(model: &ModelPrices, problem: String) -> TableError {
    TableError::Line { provider: model.provider.clone(), model: model.model.clone(), problem }
}
