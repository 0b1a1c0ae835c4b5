//! How clients count: whether input includes cached tokens, whether output includes reasoning, and
//! the known bugs of clients that need a correction of their own.

/// How a count was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Convention {
    /// The count includes its subsets: cached tokens in input, reasoning in output.
    #[default]
    Inclusive,
    /// The count stands beside them.
    Exclusive,
}

/// How a dialect, or the spelling of one attribute, says a count is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Inclusive,
    Exclusive,
    /// Every other bucket of the same side stands beside it, audio and images too.
    Buckets,
    /// As the provider counts: Anthropic and Bedrock leave cached tokens out.
    ByProvider,
}

impl Reading {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "inclusive" => Self::Inclusive,
            "exclusive" => Self::Exclusive,
            "buckets" => Self::Buckets,
            "by_provider" => Self::ByProvider,
            _ => return None,
        })
    }

    /// What this means for input of a provider.
    pub(crate) fn of_input(self, provider: Option<&str>) -> Convention {
        match self {
            Self::Inclusive => Convention::Inclusive,
            Self::Exclusive | Self::Buckets => Convention::Exclusive,
            Self::ByProvider => match provider {
                Some("anthropic" | "aws.bedrock") => Convention::Exclusive,
                _ => Convention::Inclusive,
            },
        }
    }

    /// What this means for output; no provider leaves reasoning out of it.
    pub(crate) fn of_output(self) -> Convention {
        match self {
            Self::Exclusive | Self::Buckets => Convention::Exclusive,
            Self::Inclusive | Self::ByProvider => Convention::Inclusive,
        }
    }
}

/// How a dialect counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accounting {
    pub(crate) input: Reading,
    pub(crate) output: Reading,
    /// The client makes its total from input and output, so it proves nothing.
    pub(crate) total_is_sum: bool,
    /// Models reached through a router have their reasoning added to output a second time.
    pub(crate) routed_reasoning_twice: bool,
}

impl Default for Accounting {
    fn default() -> Self {
        Self {
            input: Reading::Inclusive,
            output: Reading::Inclusive,
            total_is_sum: false,
            routed_reasoning_twice: false,
        }
    }
}

impl Accounting {
    /// How input and output are read for a provider.
    pub(crate) fn conventions(self, provider: Option<&str>) -> (Convention, Convention) {
        (self.input.of_input(provider), self.output.of_output())
    }
}
