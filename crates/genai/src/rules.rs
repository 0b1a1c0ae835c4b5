//! The table of dialects. The compiled-in rules are data files of the crate (`rules/*.toml`); rules
//! of the user have the same form and go before them. A table is checked as a whole when it is
//! compiled, and an error names the rule.

mod compile;
mod file;
mod lookup;
mod table;

use std::sync::{Arc, OnceLock};

pub use compile::RuleError;
pub use file::RuleFile;
pub use table::Rules;

pub(crate) use table::{Adds, Condition, Dialect, On, Rank, Rule};

/// Version of the compiled-in rules. It changes with every change of `rules/*.toml`, so that what
/// was normalised with older ones can be found.
pub const RULES_VERSION: u32 = 2;

/// The compiled-in rules, in the order in which dialects are tried.
const FILES: &[(&str, &str)] = &[
    ("base", include_str!("../rules/base.toml")),
    ("frameworks", include_str!("../rules/frameworks.toml")),
    ("agents", include_str!("../rules/agents.toml")),
    ("platforms", include_str!("../rules/platforms.toml")),
    ("assistants", include_str!("../rules/assistants.toml")),
    ("openllmetry", include_str!("../rules/openllmetry.toml")),
    ("openinference", include_str!("../rules/openinference.toml")),
    ("otel", include_str!("../rules/otel.toml")),
    ("generic", include_str!("../rules/generic.toml")),
];

impl Rules {
    /// The compiled-in rules.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Rules> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            // A test compiles the same files; what ships cannot fail here. An empty table would
            // leave every span as it is.
            Self::compile(&[]).unwrap_or_default()
        })
    }

    /// A number that differs between tables of different text: what was normalised by another one
    /// may come out different by this one.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The compiled-in rules, to be kept beside others that are made at run time.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Rules>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(|| Arc::new(Self::compile(&[]).unwrap_or_default())))
    }

    /// The compiled-in rules with rules of the user before them. A dialect that has the id of a
    /// compiled-in one adds to it.
    ///
    /// # Errors
    /// Names the dialect and rule that is wrong, and what is wrong with it.
    pub fn with_user(user: &[RuleFile]) -> Result<Self, RuleError> {
        Self::compile(user)
    }

    fn compile(user: &[RuleFile]) -> Result<Self, RuleError> {
        let mut files = user.to_vec();
        for (name, text) in FILES {
            files.push(RuleFile::parse(name, text)?);
        }
        let fingerprint = fingerprint(&files);
        Ok(Self { fingerprint, ..compile::compile(&files)? })
    }
}

/// Over the version and what the files say.
fn fingerprint(files: &[RuleFile]) -> u64 {
    telltale_base::fingerprint(format!("{RULES_VERSION} {files:?}").into_bytes())
}

#[cfg(test)]
mod tests;
