//! From the form of a table to the table: every name is checked, every rule gets its id, and the
//! attributes are indexed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::file::{DialectForm, EventForm, MetricForm, RuleFile, RuleForm};
use super::lookup::Pattern;
use super::table::{
    Adds, CallEvent, Condition, DIALECTS_MAX, Dialect, Glob, Metric, On, RULE_PARTS_MAX, RULES_MAX,
    Rank, Rule, Rules,
};
use crate::content::Encoding;
use crate::fields::{self, Target, Text};
use crate::transform::{self, Step, ValueMap};
use crate::usage::{Accounting, Part, Reading};

/// What is wrong with a table of rules.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Not TOML of the right form.
    #[error("rules `{file}`")]
    Form {
        /// The file.
        file: String,
        /// What the reader says, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A rule that makes no sense.
    #[error("dialect `{dialect}`, rule {number} (from `{from}` to `{to}`): {problem}")]
    Rule {
        /// Id of the dialect.
        dialect: String,
        /// Place of the rule in the dialect, from 1.
        number: usize,
        /// Its source.
        from: String,
        /// Its target.
        to: String,
        /// What is wrong.
        problem: String,
    },
    /// A name of content that makes no sense.
    #[error("rules `{file}`, content `{name}`: {problem}")]
    Content {
        /// The file.
        file: String,
        /// The name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A dialect that makes no sense.
    #[error("dialect `{dialect}`: {problem}")]
    Dialect {
        /// Id of the dialect.
        dialect: String,
        /// What is wrong.
        problem: String,
    },
    /// Over a limit.
    #[error("{count} {what} are more than the {max} that a table can have")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        max: usize,
    },
}

type Maps = HashMap<String, ValueMap>;

/// Compiles files of rules, the first ones first.
pub(super) fn compile(files: &[RuleFile]) -> Result<Rules, RuleError> {
    let maps = value_maps(files);
    let forms = merged(files);
    if forms.len() > DIALECTS_MAX {
        return Err(too_many("dialects", forms.len(), DIALECTS_MAX));
    }
    let mut rules = Rules::default();
    if let Some(map) = maps.get("token_type") {
        rules.token_type = Arc::clone(map);
    }
    if let Some(map) = maps.get("finish_reason") {
        rules.finish_reason = Arc::clone(map);
    }
    for file in files {
        file.ai_prefixes.iter().for_each(|word| rules.keys.mark_ai(word));
        for name in &file.content {
            check_name(name).map_err(|problem| RuleError::Content {
                file: file.name.clone(),
                name: name.clone(),
                problem,
            })?;
            rules.keys.mark_content(name);
        }
        let names = file.not_a_provider.iter().map(|name| name.to_lowercase().into());
        rules.not_a_provider.extend(names);
        let starts = file.model_provider.iter();
        rules.model_provider.extend(starts.map(|(s, p)| (s.as_str().into(), p.as_str().into())));
    }
    let mut builder = Builder { rules, maps, ids: HashSet::new() };
    for (place, form) in (0_u8..).zip(&forms) {
        builder.dialect(place, form)?;
    }
    builder.identities();
    let mut rules = builder.rules;
    if rules.all.len() > RULES_MAX {
        return Err(too_many("rules", rules.all.len(), RULES_MAX));
    }
    mark_unambiguous(&mut rules);
    Ok(rules)
}

fn too_many(what: &'static str, count: usize, max: usize) -> RuleError {
    RuleError::TooMany { what, count, max }
}

/// All value maps; of two spellings the first file's counts.
fn value_maps(files: &[RuleFile]) -> Maps {
    let mut all: BTreeMap<&str, HashMap<Box<str>, Arc<str>>> = BTreeMap::new();
    for (name, spellings) in files.iter().flat_map(|file| &file.map) {
        let map = all.entry(name).or_default();
        for (spelling, canonical) in spellings {
            map.entry(spelling.to_lowercase().into()).or_insert_with(|| canonical.as_str().into());
        }
    }
    all.into_iter().map(|(name, map)| (name.to_owned(), Arc::new(map))).collect()
}

/// The dialects of all files; one that has the id of a later one goes before it, within it.
fn merged(files: &[RuleFile]) -> Vec<DialectForm> {
    let all: Vec<&DialectForm> = files.iter().flat_map(|file| &file.dialect).collect();
    let mut merged = Vec::new();
    for (place, form) in all.iter().enumerate() {
        let is_added_to = all.iter().skip(place + 1).any(|later| later.id == form.id);
        if is_added_to {
            continue;
        }
        let mut whole = (*form).clone();
        let additions = all.iter().take(place).filter(|earlier| earlier.id == form.id);
        for addition in additions.rev() {
            whole.rules.splice(0..0, addition.rules.iter().cloned());
            whole.calls.extend(addition.calls.iter().cloned());
            whole.metrics.extend(addition.metrics.iter().cloned());
            let (detect, more) = (&mut whole.detect, &addition.detect);
            detect.scope.extend(more.scope.iter().cloned());
            detect.attributes.extend(more.attributes.iter().cloned());
            detect.resource.extend(more.resource.iter().cloned());
            detect.events.extend(more.events.iter().cloned());
            detect.metrics.extend(more.metrics.iter().cloned());
        }
        merged.push(whole);
    }
    merged
}

struct Builder {
    rules: Rules,
    maps: Maps,
    ids: HashSet<String>,
}

impl Builder {
    fn dialect(&mut self, place: u8, form: &DialectForm) -> Result<(), RuleError> {
        let wrong = |problem: String| RuleError::Dialect { dialect: form.id.clone(), problem };
        if form.id.is_empty() {
            return Err(wrong("has no id".to_owned()));
        }
        let detect = &form.detect;
        for name in &detect.attributes {
            check_name(name).map_err(&wrong)?;
            self.rules.keys.mark(name, place);
        }
        for event in &detect.events {
            self.rules.events.entry(event.as_str().into()).or_default().markers |= 1 << place;
        }
        let calls = form.calls.iter().map(call_event).collect::<Result<_, _>>().map_err(&wrong)?;
        for metric in &form.metrics {
            let compiled = token_metric(place, metric).map_err(&wrong)?;
            self.rules.metrics.entry(metric.name.as_str().into()).or_default().push(compiled);
        }
        let resource = detect.resource.iter().map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((name.into(), Glob::new(value))),
            None => Err(wrong(format!("resource `{pair}` is not name=value"))),
        });
        let dialect = Dialect {
            id: form.id.as_str().into(),
            framework: form.framework.as_deref().map(Arc::from),
            family: form.family.as_deref().unwrap_or(&form.id).into(),
            unlinked_signals: form.unlinked_signals,
            scopes: detect.scope.iter().map(|scope| Glob::new(scope)).collect(),
            version_min: detect.version_min,
            version_below: detect.version_below,
            resource: resource.collect::<Result<_, _>>()?,
            metric_names: detect.metrics.iter().map(|name| Glob::new(name)).collect(),
            accounting: accounting(form).map_err(&wrong)?,
            operation: form.operation.as_deref().map(Arc::from),
            calls,
            always: detect.scope.is_empty()
                && detect.attributes.is_empty()
                && detect.resource.is_empty()
                && detect.events.is_empty()
                && detect.metrics.is_empty(),
        };
        self.rules.always |= u64::from(dialect.always) << place;
        self.rules.dialects.push(dialect);
        for (number, rule) in form.rules.iter().enumerate() {
            self.rule(place, form, number, rule).map_err(|problem| RuleError::Rule {
                dialect: form.id.clone(),
                number: number + 1,
                from: rule.from.names().join(", "),
                to: rule.to.clone(),
                problem,
            })?;
        }
        Ok(())
    }

    fn rule(
        &mut self,
        place: u8,
        dialect: &DialectForm,
        number: usize,
        form: &RuleForm,
    ) -> Result<(), String> {
        let target = fields::target(&form.to).ok_or("the target is not a canonical name")?;
        let (steps, encoding) = self.steps(form, target)?;
        let on = match form.on.as_deref() {
            None => On::SpansAndLogs,
            Some("span") => On::Span,
            Some("log") => On::Log,
            Some("event") => On::Event,
            Some(other) => return Err(format!("`on` is span, log or event, not `{other}`")),
        };
        if on == On::Event && form.event.is_none() {
            return Err("a rule on span events names its event".to_owned());
        }
        let reading = form
            .reading
            .as_deref()
            .map(|name| Reading::named(name).ok_or_else(|| format!("unknown reading `{name}`")));
        let reading = reading.transpose()?;
        let when = form.when.iter().map(|text| condition(text)).collect::<Result<Vec<_>, _>>()?;
        let path: Vec<Box<str>> =
            form.path.iter().flat_map(|path| path.split('.')).map(Into::into).collect();
        let parts = [when.len(), steps.len(), path.len(), form.from.names().len()];
        if parts.iter().chain([&form.values.len()]).any(|count| *count > RULE_PARTS_MAX) {
            return Err(format!("more than {RULE_PARTS_MAX} conditions, steps, names or values"));
        }
        if form.from.names().is_empty() {
            return Err("has no `from`".to_owned());
        }
        for from in form.from.names() {
            let shown = match &form.path {
                Some(path) => format!("{from}:{path}"),
                None => from.clone(),
            };
            let shown = match &form.event {
                Some(event) => format!("{event}/{shown}"),
                None => shown,
            };
            let rule = Rule {
                id: self.id(&dialect.id, &shown, &form.to),
                dialect: place,
                order: u16::try_from(number).map_err(|_| "too many rules")?,
                shown: shown.into(),
                from: from.as_str().into(),
                is_pattern: Pattern::is_one(from),
                path: path.clone().into(),
                on,
                event: form.event.as_deref().map(Into::into),
                target,
                steps: steps.clone(),
                encoding,
                when: when.clone(),
                values: form.values.iter().map(|value| value.as_str().into()).collect(),
                adds: match (form.append, form.supplement) {
                    (_, true) => Adds::ToAny,
                    (true, false) => Adds::ToOwn,
                    (false, false) => Adds::No,
                },
                rank: if form.wins { Rank::Override } else { Rank::Plain },
                reading,
                unambiguous: false,
            };
            self.index(rule, on)?;
        }
        Ok(())
    }

    fn index(&mut self, rule: Rule, on: On) -> Result<(), String> {
        let place = u16::try_from(self.rules.all.len()).map_err(|_| "too many rules")?;
        match (&*rule.from, &rule.event) {
            (_, Some(event)) if on == On::Event => {
                self.rules.events.entry(event.clone()).or_default().rules.push(place);
            }
            ("@name" | "@body", _) => self.rules.pseudo.push(place),
            (from, _) if from.starts_with('@') => return Err(format!("`{from}` means nothing")),
            (from, _) => {
                check_name(from)?;
                self.rules.keys.add(from, place);
            }
        }
        self.rules.all.push(rule);
        Ok(())
    }

    fn steps(
        &self,
        form: &RuleForm,
        target: Target,
    ) -> Result<(Vec<Step>, Option<Encoding>), String> {
        let with = form.with.as_deref().unwrap_or_default();
        if matches!(target, Target::Content(_)) {
            let name = if with.is_empty() { "json" } else { with };
            let encoding = Encoding::named(name);
            return Ok((
                Vec::new(),
                Some(encoding.ok_or_else(|| format!("unknown encoding `{name}`"))?),
            ));
        }
        let names = with.split('|').map(str::trim).filter(|name| !name.is_empty());
        let steps = names.map(|name| {
            transform::parse(name, &self.maps).ok_or_else(|| format!("unknown step `{name}`"))
        });
        Ok((steps.collect::<Result<_, _>>()?, None))
    }

    /// An id that no other rule has.
    fn id(&mut self, dialect: &str, shown: &str, to: &str) -> Arc<str> {
        let mut id = format!("{dialect}/{shown}");
        if self.ids.contains(&id) {
            id = format!("{id}>{to}");
        }
        let base = id.clone();
        let mut number = 1;
        while !self.ids.insert(id.clone()) {
            number += 1;
            id = format!("{base}#{number}");
        }
        id.into()
    }

    /// Every canonical name leads to itself, with the spelling of its value put right.
    fn identities(&mut self) {
        let home = self.rules.dialects.iter().position(|d| &*d.id == "otel_genai_current");
        let home = home.and_then(|place| u8::try_from(place).ok()).unwrap_or(0);
        for name in fields::identities() {
            let Some(target) = fields::target(name) else { continue };
            let map = |map: &str| transform::parse(&format!("map:{map}"), &self.maps);
            let steps: Vec<Step> = match target {
                Target::Text(Text::Operation) => map("operation").into_iter().collect(),
                Target::Text(Text::Provider) => map("provider").into_iter().collect(),
                Target::FinishReasons => map("finish_reason").into_iter().collect(),
                _ => Vec::new(),
            };
            let rule = Rule {
                id: format!("canonical/{name}").into(),
                dialect: home,
                order: 0,
                shown: name.into(),
                from: name.into(),
                is_pattern: false,
                path: Arc::new([]),
                on: On::SpansAndLogs,
                event: None,
                target,
                steps,
                encoding: matches!(target, Target::Content(_)).then_some(Encoding::Json),
                when: Vec::new(),
                values: Vec::new(),
                adds: Adds::No,
                rank: Rank::Canonical,
                reading: None,
                unambiguous: true,
            };
            let place = u16::try_from(self.rules.all.len()).unwrap_or(u16::MAX);
            self.rules.keys.add(name, place);
            self.rules.all.push(rule);
        }
    }
}

/// Rules about names that only AI clients use and that no dialect reads otherwise.
fn mark_unambiguous(rules: &mut Rules) {
    let mut readings: HashMap<_, BTreeSet<String>> = HashMap::new();
    let key =
        |rule: &Rule| (Arc::clone(&rule.from), Arc::clone(&rule.path), format!("{:?}", rule.when));
    let reading = |rule: &Rule| {
        let steps: Vec<_> = rule.steps.iter().map(Step::name).collect();
        format!("{:?} {steps:?} {:?} {:?} {:?}", rule.target, rule.encoding, rule.on, rule.values)
    };
    for rule in &rules.all {
        readings.entry(key(rule)).or_default().insert(reading(rule));
    }
    for rule in &mut rules.all {
        let is_ai = rules.keys.look(&rule.from).is_some_and(|hit| hit.is_ai);
        let one = readings.get(&key(rule)).is_some_and(|readings| readings.len() == 1);
        rule.unambiguous |= is_ai && one && rule.rank != Rank::Override;
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let body = name.strip_suffix('*').unwrap_or(name);
    if body.is_empty() || body.contains('*') {
        return Err(format!("`{name}`: `*` stands only at the end, after a name"));
    }
    let word = name.split(['.', ':']).next().unwrap_or_default();
    if word.is_empty() || Pattern::is_one(word) {
        return Err(format!("`{name}`: the first word has to be plain"));
    }
    Ok(())
}

fn condition(text: &str) -> Result<Condition, String> {
    if let Some(operations) = text.strip_prefix("op=") {
        return Ok(Condition::Operation(operations.split('|').map(Into::into).collect()));
    }
    if let Some(name) = text.strip_prefix("!attr:") {
        return Ok(Condition::Lacks(name.into()));
    }
    match text.strip_prefix("attr:").map(|rest| rest.split_once('=').unwrap_or((rest, ""))) {
        Some((name, "")) => Ok(Condition::Has(name.into())),
        Some((name, value)) => Ok(Condition::Is(name.into(), value.into())),
        None => Err(format!("`{text}` is no condition")),
    }
}

fn accounting(form: &DialectForm) -> Result<Option<Accounting>, String> {
    let read = |name: &Option<String>| match name.as_deref() {
        None => Ok(None),
        Some(name) => match Reading::named(name) {
            Some(reading) => Ok(Some(reading)),
            None => Err(format!("unknown reading `{name}`")),
        },
    };
    let (input, output) = (read(&form.accounting.input)?, read(&form.accounting.output)?);
    let quirks = form.accounting.total_is_sum || form.accounting.routed_reasoning_twice;
    let default = Accounting::default();
    Ok((input.is_some() || output.is_some() || quirks).then_some(Accounting {
        input: input.unwrap_or(default.input),
        output: output.unwrap_or(default.output),
        total_is_sum: form.accounting.total_is_sum,
        routed_reasoning_twice: form.accounting.routed_reasoning_twice,
    }))
}

fn call_event(form: &EventForm) -> Result<CallEvent, String> {
    let when = form.when.iter().map(|text| condition(text)).collect::<Result<_, _>>()?;
    Ok(CallEvent {
        event: form.event.as_str().into(),
        operation: form.operation.as_str().into(),
        when,
    })
}

fn token_metric(dialect: u8, form: &MetricForm) -> Result<Metric, String> {
    let part = form.part.as_deref().map(|name| {
        let part = Part::ALL.into_iter().find(|part| part.name() == name);
        part.ok_or_else(|| format!("metric `{}` counts an unknown part `{name}`", form.name))
    });
    let part = part.transpose()?;
    if part.is_none() && form.kind.is_none() {
        return Err(format!("metric `{}` does not say which part it counts", form.name));
    }
    Ok(Metric { dialect, part, kind: form.kind.as_deref().map(Into::into), rank: form.rank })
}
