//! What a call cost, by the project's own prices or the table.

use std::fmt;
use std::sync::Arc;

use telltale_base::{Project, UnixNanos};
use telltale_genai::ledger::Call;
use telltale_genai::prices::{self, Buckets, Context, Overrides, PriceSource};

/// The overrides of each project.
pub trait ProjectPrices: Send + Sync + fmt::Debug {
    /// Those of one, the first to be asked first.
    fn overrides(&self, project: &Project) -> Vec<Arc<Overrides>>;
}

/// Prices as they are now.
#[derive(Clone, Debug)]
pub struct Pricing {
    projects: Arc<dyn ProjectPrices>,
}

/// The price of a call, ready for its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) nano_usd: Option<i64>,
    pub(crate) source: &'static str,
    pub(crate) price: String,
}

/// No project has prices of its own.
#[derive(Debug)]
struct TableOnly;

impl ProjectPrices for TableOnly {
    fn overrides(&self, _project: &Project) -> Vec<Arc<Overrides>> {
        Vec::new()
    }
}

impl Default for Pricing {
    fn default() -> Self {
        Self::new(Arc::new(TableOnly))
    }
}

impl Pricing {
    /// The table that is built in, and the overrides of the projects.
    pub fn new(projects: Arc<dyn ProjectPrices>) -> Self {
        Self { projects }
    }

    /// What a call cost; `None` if it has no usage, so that there is nothing to price.
    pub(crate) fn cost(&self, project: &Project, call: &Call) -> Option<Cost> {
        let used = call.usage.as_ref().filter(|usage| usage.is_known())?.buckets();
        let model = call.response_model.as_deref().or(call.request_model.as_deref());
        let buckets = Buckets {
            fresh_input: used.fresh_input,
            cache_read: used.cache_read,
            cache_write_5m: used.cache_write_5m,
            cache_write_1h: used.cache_write_1h,
            cache_write_unknown: used.cache_write_unknown,
            output: used.output,
            reasoning: used.reasoning,
            audio_input: used.audio_input,
            audio_output: used.audio_output,
            image_input: used.image_input,
            image_output: used.image_output,
            requests: call.count.unwrap_or(1),
            ..Buckets::NONE
        };
        let at = UnixNanos(call.start_unix_nano.cast_signed());
        let duration_ns = call.end_unix_nano.checked_sub(call.start_unix_nano);
        let levels = self.projects.overrides(project);
        let none = Overrides::default();
        let priced = |model: &str| {
            let call = prices::Call { provider: call.provider.as_deref(), model, at, duration_ns };
            let covers = |own: &&Arc<Overrides>| own.find(call.provider, model, at).is_some();
            let own = levels.iter().find(covers).map_or(&none, AsRef::as_ref);
            prices::price(prices::bundled(), own, call, &buckets, &Context::default())
        };
        // A deployment or an alias may be what answered; what was asked for is then the model.
        let asked = call.request_model.as_deref().filter(|asked| Some(*asked) != model);
        let found = match (model.map(priced), asked) {
            (Some(Err(_)), Some(asked)) => Some(priced(asked)),
            (found, _) => found,
        };
        Some(match found {
            Some(Ok((cost, source))) => Cost {
                nano_usd: Some(cost.nano_usd),
                source: match source {
                    PriceSource::Table { .. } => "table",
                    PriceSource::Override { .. } => "override",
                },
                price: source.to_string(),
            },
            Some(Err(why)) => Cost { nano_usd: None, source: "unpriced", price: why.to_string() },
            None => Cost {
                nano_usd: None,
                source: "unpriced",
                price: "the call names no model".to_owned(),
            },
        })
    }
}
