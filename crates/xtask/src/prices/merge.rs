//! Two lists become one table.
//!
//! The dated list is right where both speak. The flat one confirms it, adds the names, tiers and
//! rates that it lacks where all they have in common is equal, and brings the models that only it
//! has. Where they differ on one name, the difference is reported.

use std::collections::{BTreeMap, HashMap};

use super::dated::Dated;
use super::flat::SOURCE as FLAT;
use super::line::{Line, Rates, fold};

/// Prices that differ by less than this part are one price with noise.
const EQUAL_WITHIN: i64 = 100_000;

/// Lines of the dated list that still hold a plan which its provider ended: `DeepSeek` and its discount by
/// hours, of September 2025. The flat list has what came after.
const ENDED: &[(&str, &str)] = &[("deepseek", "deepseek-chat"), ("deepseek", "deepseek-reasoner")];

/// The table, and what a person should look at.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) lines: Vec<Line>,
    /// Prices that the two lists disagree on.
    pub(super) differences: Vec<String>,
    /// Names listed with a price of their own although a rule of the dated list covers them.
    pub(super) apart: Vec<String>,
    /// Things that cannot be in a table, such as a name that two models claim.
    pub(super) refused: Vec<String>,
    /// Models on which both lists agree.
    pub(super) agreed: usize,
}

/// Names that are taken, at their providers, and by which model.
type Index = HashMap<(String, String), usize>;

/// Where a line of the flat list went.
enum Joined {
    /// To a model of the dated list, as one more name.
    Same,
    /// It stays a model of its own.
    Apart,
}

/// Merges the lists as of a day (`YYYY-MM-DD`).
pub(super) fn merge(dated: Vec<Dated>, flat: Vec<Line>, day: &str) -> Merged {
    let mut merged = Merged::default();
    let mut models = dated;
    let mut index = claim_names(&mut models, &mut merged);
    let mut new: Vec<Line> = Vec::new();
    for line in flat {
        let key = (line.provider.clone(), fold(&line.model));
        let listed = |name: &str| index.get(&(key.0.clone(), name.to_owned())).copied();
        let version = without_interface(&key.1);
        let known = listed(&key.1).or_else(|| listed(version));
        let known = known.or_else(|| listed(without_date(version)));
        let covers = |m: &Dated| m.line.provider == line.provider && m.covers(&line.model);
        match known.or_else(|| models.iter().position(covers)) {
            None if is_passed_on(&models, &line, &mut merged) => {}
            None => new.push(line),
            Some(at) => {
                let Some(Dated { line: ours, .. }) = models.get_mut(at) else { continue };
                match join(ours, &line, known.is_some(), day, &mut merged) {
                    Joined::Same if index.contains_key(&key) => {}
                    Joined::Same => {
                        index.insert(key, at);
                        ours.names.insert(line.model);
                    }
                    Joined::Apart => new.push(line),
                }
            }
        }
    }
    merged.lines = models.into_iter().map(|model| model.line).chain(new).collect();
    refuse_unusable(&mut merged);
    merged.lines.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
    merged
}
/// Takes Bedrock's version of the interface off: it does not change the price.
fn without_interface(name: &str) -> &str {
    let name = match name.rsplit_once(':') {
        Some((rest, last)) if is_number(last) => rest,
        _ => name,
    };
    match name.rsplit_once("-v") {
        Some((rest, last)) if is_number(last) && last.len() == 1 => rest,
        _ => name,
    }
}

fn without_date(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((rest, last)) if is_number(last) && last.len() == 8 => rest,
        _ => name,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Joins a line of the flat list to the model that has its name, or whose rule covers it.
fn join(ours: &mut Line, line: &Line, by_name: bool, day: &str, merged: &mut Merged) -> Joined {
    let differing = differences(ours, line, day);
    if differing.is_empty() {
        merged.agreed += 1;
        add(ours, line, day);
        return Joined::Same;
    }
    let name = format!("{}/{}", line.provider, line.model);
    if !by_name {
        merged.apart.push(format!("{name} (not {})", ours.model));
        return Joined::Apart;
    }
    let ended = ENDED.contains(&(ours.provider.as_str(), ours.model.as_str()));
    let taken = if ended { "flat" } else { "dated" };
    merged.differences.push(format!("{name}: {}; {taken} taken", differing.join(", ")));
    if ended && fold(&ours.model) == fold(&line.model) {
        ours.rows.clone_from(&line.rows);
        ours.source = FLAT.into();
    } else if ended {
        // Another name of a model whose own price was replaced.
        ours.names.retain(|other| fold(other) != fold(&line.model));
        return Joined::Apart;
    }
    Joined::Same
}

/// Gives each name to one model: to the one whose main name it is, else to the first.
fn claim_names(models: &mut Vec<Dated>, merged: &mut Merged) -> Index {
    let mut index = HashMap::new();
    models.retain({
        let mut seen = std::collections::HashSet::new();
        let refused = &mut merged.refused;
        move |model| {
            let key = (model.line.provider.clone(), fold(&model.line.model));
            let new = seen.insert(key);
            if !new {
                refused.push(format!("{}/{}: listed twice", model.line.provider, model.line.model));
            }
            new
        }
    });
    for (at, model) in models.iter().enumerate() {
        index.insert((model.line.provider.clone(), fold(&model.line.model)), at);
    }
    for (at, model) in models.iter_mut().enumerate() {
        let provider = model.line.provider.clone();
        model.line.names.retain(|name| {
            let key = (provider.clone(), fold(name));
            let free = !index.contains_key(&key);
            if free {
                index.insert(key, at);
            }
            free
        });
    }
    index
}

/// Vertex AI passes the prices of the Gemini API on, which the reader knows.
fn is_passed_on(models: &[Dated], line: &Line, merged: &mut Merged) -> bool {
    if line.provider != "gcp.vertex_ai" {
        return false;
    }
    let name = fold(&line.model);
    let of_gemini = models.iter().filter(|model| model.line.provider == "gcp.gemini");
    let mut same = of_gemini.filter(|model| {
        model.line.all_names().any(|known| fold(known) == name) || model.covers(&line.model)
    });
    let Some(model) = same.next() else { return false };
    let mut other = model.line.clone();
    let equal = differences(&mut other, line, "9999").is_empty();
    if !equal {
        merged.apart.push(format!("{}/{} (not the Gemini API's)", line.provider, line.model));
    }
    equal
}

/// Rates that both have and that are not equal.
fn differences(ours: &mut Line, theirs: &Line, day: &str) -> Vec<String> {
    let (Some(ours), Some(theirs)) = (ours.row_on(day), theirs.rows.first()) else {
        return vec!["no row in force".into()];
    };
    let compare = |ours: &Rates, theirs: &Rates, what: &str| {
        let both = ours.iter().filter_map(|(rate, a)| Some((*rate, *a, *theirs.get(rate)?)));
        // One list is computed from prices for one unit, cut to a few digits.
        let unequal = both.filter(|(_, a, b)| (a - b).abs() > a / EQUAL_WITHIN);
        let text = unequal.map(|(rate, a, b)| {
            let (a, b) = (super::amount::usd(a), super::amount::usd(b));
            format!("{what}{} {a} or {b}", rate.key())
        });
        text.collect::<Vec<_>>()
    };
    let mut found = compare(&ours.standard.rates, &theirs.standard.rates, "");
    if ours.standard.rates.keys().all(|rate| !theirs.standard.rates.contains_key(rate)) {
        found.push("nothing in common".into());
    }
    for (above, rates) in &ours.standard.long {
        if let Some(other) = theirs.standard.long.get(above) {
            found.extend(compare(rates, other, &format!("above {above} ")));
        }
    }
    for (name, tier) in &ours.tiers {
        if let Some(other) = theirs.tiers.get(name) {
            found.extend(compare(&tier.rates, &other.rates, &format!("{name} ")));
        }
    }
    found
}

/// Adds rates, steps and tiers that only the flat list has to the row of today.
fn add(ours: &mut Line, theirs: &Line, day: &str) {
    let (Some(row), Some(theirs)) = (ours.row_on(day), theirs.rows.first()) else { return };
    let before = row.clone();
    for (rate, nano) in &theirs.standard.rates {
        row.standard.rates.entry(*rate).or_insert(*nano);
    }
    if row.standard.long.is_empty() {
        row.standard.long.clone_from(&theirs.standard.long);
    }
    let mut tiers: BTreeMap<_, _> = theirs.tiers.clone();
    tiers.extend(std::mem::take(&mut row.tiers));
    row.tiers = tiers;
    if *row != before && !ours.source.contains(FLAT) {
        ours.source.push_str(FLAT);
    }
}

/// Takes out what no reader of the table would accept, and says so.
fn refuse_unusable(merged: &mut Merged) {
    let refused = &mut merged.refused;
    let rate = super::line::Rate::of_key;
    merged.lines.retain_mut(|line| {
        let name = format!("{}/{}", line.provider, line.model);
        if line.rows.iter().any(|row| row.standard.rates.is_empty()) {
            refused.push(format!("{name}: a row without rates"));
            return false;
        }
        for row in &mut line.rows {
            let get = |key| rate(key).and_then(|rate| row.standard.rates.get(&rate).copied());
            let (input, read) = (get("in"), get("read"));
            if read > input && input.is_some() {
                refused.push(format!("{name}: cached input costs more than input; left out"));
                if let Some(read) = rate("read") {
                    row.standard.rates.remove(&read);
                }
            }
            row.standard.tidy();
            row.tiers.values_mut().for_each(super::line::Set::tidy);
        }
        true
    });
}
