//! Who bills: the providers of the table, their spellings, and what may be inferred.
//!
//! Names follow `gen_ai.provider.name` of the semantic conventions where they have one.

/// A provider that the table may have prices of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Provider {
    /// The spelling in the table.
    pub(super) id: &'static str,
    /// Other spellings, lower case, letters and digits only.
    spellings: &'static [&'static str],
    /// Providers whose price holds for the same model where this one lists none.
    pub(super) same_prices: &'static [&'static str],
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Makes models. Clients of its API are also pointed at other servers, so that its name is weak
    /// evidence, while names that begin like these are its own.
    Maker(&'static [&'static str]),
    /// Serves models of others under names of its own making: these beginnings and endings.
    Host(&'static [&'static str]),
}

/// What a text in a provider attribute means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// One of the table's.
    Known(&'static Provider),
    /// Hardware of the user's own, or a host that the table has no prices of: the price of
    /// someone else would be a lie.
    Unlisted,
    /// A gateway, a framework, or unknown: says nothing about who bills.
    Nothing,
}

const fn maker(
    id: &'static str,
    spellings: &'static [&'static str],
    same_prices: &'static [&'static str],
    families: &'static [&'static str],
) -> Provider {
    Provider { id, spellings, same_prices, kind: Kind::Maker(families) }
}

const fn host(
    id: &'static str,
    spellings: &'static [&'static str],
    same_prices: &'static [&'static str],
    shapes: &'static [&'static str],
) -> Provider {
    Provider { id, spellings, same_prices, kind: Kind::Host(shapes) }
}

const PROVIDERS: &[Provider] = &[
    maker("alibaba", &["alibabacloud", "dashscope", "modelstudio", "qwen"], &[], &["qwen-"]),
    maker("anthropic", &["anthropicai", "claude"], &[], &["claude"]),
    host(
        "aws.bedrock",
        &["amazon", "amazonbedrock", "aws", "awsbedrock", "bedrock", "bedrockconverse", "converse"],
        &[],
        &[],
    ),
    host(
        "azure.ai.openai",
        &[
            "az",
            "azaiinference",
            "azaiopenai",
            "azure",
            "azureai",
            "azureaifoundry",
            "azureaiinference",
            "azureopenai",
            "azuretext",
            "microsoftfoundry",
        ],
        &["openai", "anthropic", "deepseek", "x_ai", "moonshot_ai"],
        &[],
    ),
    host("cerebras", &["cerebrasai"], &[], &[]),
    host("cloudflare", &["cloudflareworkersai", "workersai"], &[], &["@cf/"]),
    maker("cohere", &["cohereai", "coherechat"], &[], &["command", "embed-", "rerank-", "c4ai-"]),
    host("databricks", &["mosaicml"], &[], &["databricks-"]),
    host("deepinfra", &[], &[], &[]),
    maker("deepseek", &[], &[], &["deepseek-"]),
    host("fireworks", &["fireworksai"], &[], &["accounts/fireworks/"]),
    maker(
        "gcp.gemini",
        &["gcpgenai", "gemini", "genai", "google", "googleai", "googleaistudio", "googlegenai"],
        &["gcp.vertex_ai"],
        &["gemini-", "imagen-", "veo-", "text-embedding-00"],
    ),
    host(
        "gcp.vertex_ai",
        &["gcp", "googlevertex", "googlevertexai", "vertex", "vertexai", "vertexaibeta"],
        &["gcp.gemini", "anthropic"],
        &[],
    ),
    host("groq", &["groqcloud"], &[], &["-versatile", "-instant", "-specdec"]),
    host("ibm.watsonx.ai", &["ibm", "ibmwatsonx", "watsonx"], &[], &[]),
    maker("jina", &["jinaai"], &[], &["jina-"]),
    maker("meta", &["metaai", "metallama"], &[], &["muse-"]),
    maker("minimax", &["minimaxai"], &[], &["minimax-"]),
    maker(
        "mistral_ai",
        &["codestral", "mistral", "mistralai"],
        &[],
        &["codestral", "devstral", "magistral", "ministral", "mistral-", "open-mi", "pixtral"],
    ),
    maker("moonshot_ai", &["kimi", "moonshot", "moonshotai"], &[], &["kimi-", "moonshot-"]),
    maker(
        "openai",
        &["oai", "openaichat", "openairesponses", "textcompletionopenai"],
        &[],
        &[
            "babbage-",
            "chatgpt-",
            "codex-",
            "computer-use-",
            "dall-e-",
            "davinci-",
            "ft:",
            "gpt-",
            "o1",
            "o3",
            "o4",
            "omni-",
            "sora-",
            "text-embedding-",
            "tts-",
            "whisper-",
        ],
    ),
    host("openrouter", &[], &[], &[]),
    maker("perplexity", &["perplexityai"], &[], &["sonar", "pplx-"]),
    host("together", &["togetherai"], &[], &[]),
    maker("voyage", &["voyageai"], &[], &["voyage-", "rerank-"]),
    maker("x_ai", &["grok", "xai"], &[], &["grok-"]),
    maker("zai", &["bigmodel", "zhipu", "zhipuai"], &[], &["glm-"]),
];

/// What runs models on hardware of one's own.
const SELF_HOSTED: &[&str] = &[
    "huggingfacelocal",
    "llamacpp",
    "llamafile",
    "lmstudio",
    "local",
    "localai",
    "mlx",
    "ollama",
    "selfhosted",
    "sglang",
    "tensorrtllm",
    "tgi",
    "triton",
    "vllm",
    "xinference",
];

/// Hosts of models of others that the table has no prices of.
const OTHER_HOSTS: &[&str] = &[
    "anyscale",
    "awssagemaker",
    "baseten",
    "chutes",
    "featherless",
    "featherlessai",
    "friendli",
    "friendliai",
    "github",
    "githubcopilot",
    "githubmodels",
    "hf",
    "huggingface",
    "hyperbolic",
    "lambda",
    "lambdaai",
    "lambdalabs",
    "modal",
    "nebius",
    "nim",
    "novita",
    "novitaai",
    "nscale",
    "nvidia",
    "nvidianim",
    "oci",
    "oraclecloud",
    "ovhcloud",
    "parasail",
    "predibase",
    "replicate",
    "runpod",
    "sagemaker",
    "sambanova",
    "scaleway",
    "siliconflow",
    "snowflake",
    "volcengine",
];

/// Ends that some clients append to the provider's name for the API in use.
const API_ENDINGS: &[&str] = &[
    ".chat",
    ".completion",
    ".completions",
    ".embedding",
    ".generative-ai",
    ".image",
    ".messages",
    ".responses",
    ".text-embedding",
];

/// Vendors in the model names of Bedrock.
const BEDROCK_VENDORS: &[&str] = &[
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "zai",
];

/// Organisations on model hubs whose weights anyone may serve: such a prefix is not a provider.
const HUB_ORGANISATIONS: &[&str] = &["metallama", "minimaxai", "qwen"];

/// What a provider attribute says.
pub(super) fn named(text: &str) -> Named {
    let lower = text.trim().to_ascii_lowercase();
    let base = API_ENDINGS.iter().find_map(|ending| lower.strip_suffix(ending)).unwrap_or(&lower);
    let squashed = squash(base);
    let squashed_str = squashed.as_str();
    if SELF_HOSTED.contains(&squashed_str) || OTHER_HOSTS.contains(&squashed_str) {
        return Named::Unlisted;
    }
    match PROVIDERS.iter().find(|provider| provider.is_spelled(&squashed)) {
        Some(provider) => Named::Known(provider),
        None => Named::Nothing,
    }
}

/// The provider that a prefix of a model's name means, as in `azure/gpt-4o`.
pub(super) fn of_prefix(text: &str) -> Option<&'static Provider> {
    match named(text) {
        Named::Known(provider) if !HUB_ORGANISATIONS.contains(&squash(text).as_str()) => {
            Some(provider)
        }
        _ => None,
    }
}

/// A provider by the spelling of the table.
pub(super) fn by_id(id: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.id == id)
}

/// True for `anthropic.claude-...`, with or without a region in front.
pub(super) fn is_bedrock_name(name: &str) -> bool {
    name.split('.').take(2).any(|part| BEDROCK_VENDORS.contains(&part)) && name.contains('.')
}

fn squash(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

impl Provider {
    fn is_spelled(&self, squashed: &str) -> bool {
        let id = self.id.bytes().filter(u8::is_ascii_alphanumeric);
        self.spellings.contains(&squashed) || id.eq(squashed.bytes())
    }

    /// True if its name in telemetry may only mean "the client library speaks this API".
    pub(super) fn is_maker(&self) -> bool {
        matches!(self.kind, Kind::Maker(_))
    }

    /// True if the name of a model (folded) is enough to know that this provider bills.
    pub(super) fn owns(&self, name: &str) -> bool {
        match self.kind {
            Kind::Maker(families) => families.iter().any(|family| name.starts_with(family)),
            Kind::Host(_) if self.id == "aws.bedrock" => is_bedrock_name(name),
            Kind::Host(shapes) => {
                shapes.iter().any(|shape| name.starts_with(shape) || name.ends_with(shape))
            }
        }
    }
}
