//! Prices that a configuration sets, by project.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use telltale_base::Project;
use telltale_genai::prices::{BUNDLED, Overrides};
use telltale_ledger::ProjectPrices;

use crate::config::Config;

/// See the module.
#[derive(Debug)]
pub(crate) struct Prices {
    common: Arc<Overrides>,
    projects: HashMap<String, Arc<Overrides>>,
}

/// Checks the prices of a configuration.
pub(crate) fn load(config: &Config) -> Result<Prices> {
    let common = Overrides::new(&config.genai.prices).context("genai.prices")?;
    let mut projects = HashMap::new();
    for (name, section) in config.projects.iter().filter(|(_, own)| !own.prices.is_empty()) {
        let own = Overrides::new(&section.prices);
        let own = own.with_context(|| format!("projects.{name}.prices"))?;
        projects.insert(name.clone(), Arc::new(own));
    }
    Ok(Prices { common: Arc::new(common), projects })
}

/// A number that differs between different prices.
pub(crate) fn fingerprint(config: &Config) -> u64 {
    let own: Vec<_> = config.projects.iter().map(|(name, own)| (name, &own.prices)).collect();
    let own = format!("{:?} {own:?}", config.genai.prices);
    telltale_base::fingerprint(own.bytes().chain(BUNDLED.bytes()))
}

impl ProjectPrices for Prices {
    fn overrides(&self, project: &Project) -> Vec<Arc<Overrides>> {
        let own = self.projects.get(project.as_str());
        own.into_iter().chain([&self.common]).map(Arc::clone).collect()
    }
}
