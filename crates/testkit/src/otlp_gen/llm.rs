//! Spans of models, agents, tools and retrieval, by the current `gen_ai.*` conventions.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::OtlpGen;
use super::attributes::{double, int, text, texts};
use super::tree::{Draft, Place, Trace};

const MILLI: u64 = 1_000_000;
const AGENTS: [&str; 4] = ["Support agent", "Order agent", "Research agent", "Planner"];
const TOOLS: [&str; 6] =
    ["get_order", "search_documents", "create_refund", "lookup_customer", "run_sql", "send_email"];
/// Bytes of an LLM span besides its messages.
const FRAME_BYTES: u64 = 900;

/// What was said in a trace so far. An agent sends it again with every call, as real ones do.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    id: String,
    agent: &'static str,
    /// Each message as JSON.
    messages: Vec<String>,
}

impl OtlpGen {
    /// A call of a model with its HTTP request below it; answers its end.
    pub(super) fn llm(&mut self, trace: &mut Trace, place: Place) -> u64 {
        let (draft, output_tokens) = self.chat_draft(trace);
        let at = self.start(trace, place, draft);
        let mut end = place.start + 200_000;
        if self.config.mix == super::Mix::Mixed && trace.left > 0 {
            let draft = self.provider_request();
            let below = Place { parent: Some(at), start: end, ..place };
            end = self.leaf(trace, below, draft, (50 + output_tokens * 8) * MILLI);
        } else {
            end += (50 + output_tokens * 8) * MILLI;
        }
        self.finish(trace, at, end, MILLI)
    }

    fn chat_draft(&mut self, trace: &mut Trace) -> (Draft, u64) {
        let target = self.rng.within(self.config.llm_bytes.clone()).saturating_sub(FRAME_BYTES);
        let (input, output) = self.exchange(&mut trace.conversation, target);
        let mut attributes = self.model_attributes("chat", &trace.conversation);
        let input_tokens = input.len() as u64 / 4 + self.rng.below(40);
        let output_tokens = output.len() as u64 / 4 + self.rng.below(10);
        let cached = if self.rng.chance(0.4) { input_tokens * self.rng.below(90) / 100 } else { 0 };
        let reasoning = if self.rng.chance(0.2) { self.rng.below(400) } else { 0 };
        attributes.extend([
            int("gen_ai.usage.input_tokens", input_tokens),
            int("gen_ai.usage.output_tokens", output_tokens + reasoning),
        ]);
        if cached > 0 {
            attributes.push(int("gen_ai.usage.cache_read.input_tokens", cached));
        }
        if reasoning > 0 {
            attributes.push(int("gen_ai.usage.reasoning.output_tokens", reasoning));
        }
        let finish = if self.rng.chance(0.3) { "tool_calls" } else { "stop" };
        attributes.extend([
            texts("gen_ai.response.finish_reasons", &[finish]),
            text("gen_ai.input.messages", input),
            text("gen_ai.output.messages", output),
        ]);
        let error = self.rng.chance(self.config.error_rate).then_some("rate_limit_exceeded");
        (self.model_draft("chat", attributes, error), output_tokens)
    }

    /// An embedding of the question; answers its end.
    pub(super) fn embedding(&mut self, trace: &mut Trace, place: Place) -> u64 {
        let mut attributes = self.model_attributes("embeddings", &trace.conversation);
        attributes.push(int("gen_ai.usage.input_tokens", self.rng.within(8..=400)));
        attributes.push(int("gen_ai.embeddings.dimension.count", 1536));
        let draft = self.model_draft("embeddings", attributes, None);
        self.leaf(trace, place, draft, 20 * MILLI)
    }

    pub(super) fn agent_draft(&mut self, trace: &mut Trace) -> Draft {
        let agent = self.rng.pick(&AGENTS).copied().unwrap_or("Planner");
        let conversation = &mut trace.conversation;
        conversation.agent = agent;
        if conversation.id.is_empty() {
            conversation.id = format!("conv_{:016x}", self.rng.bits());
        }
        Draft {
            scope: "opentelemetry.instrumentation.openai_agents",
            name: format!("invoke_agent {agent}"),
            kind: SpanKind::Internal,
            attributes: vec![
                text("gen_ai.operation.name", "invoke_agent"),
                text("gen_ai.provider.name", "openai"),
                text("gen_ai.agent.name", agent),
                text("gen_ai.agent.id", format!("asst_{:08x}", agent.len() * 7919)),
                text("gen_ai.conversation.id", conversation.id.clone()),
                text("user.id", format!("u{}", self.rng.below(5000))),
            ],
            error: None,
        }
    }

    pub(super) fn tool_draft(&mut self) -> Draft {
        let tool = self.rng.pick(&TOOLS).copied().unwrap_or("get_order");
        let mut result = String::new();
        self.words.prose(&mut self.rng, 120, &mut result);
        let failed = self.rng.chance(self.config.error_rate);
        Draft {
            scope: "opentelemetry.instrumentation.openai_agents",
            name: format!("execute_tool {tool}"),
            kind: SpanKind::Internal,
            attributes: vec![
                text("gen_ai.operation.name", "execute_tool"),
                text("gen_ai.tool.name", tool),
                text("gen_ai.tool.type", "function"),
                text("gen_ai.tool.call.id", format!("call_{:016x}", self.rng.bits())),
                text(
                    "gen_ai.tool.call.arguments",
                    format!("{{\"id\":{}}}", self.rng.below(1_000_000)),
                ),
                text("gen_ai.tool.call.result", json_text(&result)),
            ],
            error: failed.then_some("ToolError"),
        }
    }

    pub(super) fn retrieval_draft(&mut self) -> Draft {
        let mut query = String::new();
        self.words.prose(&mut self.rng, 60, &mut query);
        Draft {
            scope: "opentelemetry.instrumentation.langchain",
            name: "retrieval documents".into(),
            kind: SpanKind::Internal,
            attributes: vec![
                text("gen_ai.operation.name", "retrieval"),
                text("gen_ai.data_source.id", "documents"),
                text("gen_ai.retrieval.query.text", query),
                int("gen_ai.request.top_k", 8),
            ],
            error: None,
        }
    }

    fn provider_request(&mut self) -> Draft {
        Draft {
            scope: "opentelemetry.instrumentation.httpx",
            name: "POST".into(),
            kind: SpanKind::Client,
            attributes: vec![
                text("http.request.method", "POST"),
                text("url.full", "https://api.openai.com/v1/chat/completions"),
                text("server.address", "api.openai.com"),
                int("server.port", 443),
                int("http.response.status_code", 200),
                text("network.protocol.version", "2"),
                int("http.request.body.size", self.rng.within(1500..=12_000)),
                text("http.response.header.x-request-id", format!("req_{:016x}", self.rng.bits())),
            ],
            error: None,
        }
    }

    fn model_attributes(&mut self, operation: &str, conversation: &Conversation) -> Vec<KeyValue> {
        let model = self.rng.pick(&self.config.models).cloned();
        let (name, provider) = model.map_or_else(Default::default, |m| (m.name, m.provider));
        let mut attributes = vec![
            text("gen_ai.operation.name", operation),
            text("gen_ai.provider.name", provider),
            text("gen_ai.request.model", name.clone()),
            text("gen_ai.response.model", format!("{name}-2026-01-05")),
            text(
                "gen_ai.response.id",
                format!("resp_{:016x}{:016x}", self.rng.bits(), self.rng.bits()),
            ),
            text("server.address", "api.openai.com"),
            int("server.port", 443),
        ];
        if operation == "chat" {
            attributes.push(double("gen_ai.request.temperature", 0.2));
            attributes.push(int("gen_ai.request.max_tokens", 4096));
        }
        if !conversation.id.is_empty() {
            attributes.push(text("gen_ai.conversation.id", conversation.id.clone()));
            attributes.push(text("gen_ai.agent.name", conversation.agent));
        }
        attributes
    }

    fn model_draft(
        &self,
        operation: &str,
        attributes: Vec<KeyValue>,
        error: Option<&'static str>,
    ) -> Draft {
        let model = self.config.models.first().map_or("model", |m| m.name.as_str());
        let model = attributes
            .iter()
            .find(|a| a.key == "gen_ai.request.model")
            .and_then(|a| match a.value.as_ref()?.value.as_ref()? {
                opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(s) => {
                    Some(s.as_str())
                }
                _ => None,
            })
            .unwrap_or(model);
        Draft {
            scope: "opentelemetry.instrumentation.openai_v2",
            name: format!("{operation} {model}"),
            kind: SpanKind::Client,
            attributes,
            error,
        }
    }

    /// What goes to a model, of about four fifths of `bytes`, and what comes back, both as JSON.
    /// The end of the conversation so far is sent again, and what is missing is said anew.
    fn exchange(&mut self, conversation: &mut Conversation, bytes: u64) -> (String, String) {
        let input_bytes = usize::try_from(bytes * 4 / 5).unwrap_or(0);
        let output_bytes = usize::try_from(bytes / 5).unwrap_or(0).saturating_sub(80);
        let said = &mut conversation.messages;
        let again = input_bytes.saturating_sub(self.rng.index(input_bytes / 3 + 1).max(120));
        let mut sent = 0;
        let repeated = said
            .iter()
            .rev()
            .take_while(|message| {
                let fits = sent + message.len() <= again;
                sent += if fits { message.len() } else { 0 };
                fits
            })
            .count();
        let first = said.len() - repeated;
        while sent + 120 < input_bytes || said.len() == first {
            let role = if said.len().is_multiple_of(2) { "user" } else { "tool" };
            let message = self.message(role, (input_bytes - sent.min(input_bytes)).min(3000));
            sent += message.len();
            said.push(message);
        }
        let input = format!("[{}]", said.get(first..).unwrap_or_default().join(","));
        let answer = self.message("assistant", output_bytes);
        let output = format!("[{answer}]");
        said.push(answer);
        (input, output)
    }

    /// A message of about this many bytes.
    fn message(&mut self, role: &str, bytes: usize) -> String {
        let mut said = String::with_capacity(bytes + 40);
        // The rest is JSON around it, and half a sentence that the prose is longer.
        self.words.prose(&mut self.rng, bytes.saturating_sub(120).max(8), &mut said);
        let said = json_text(said.trim_end());
        format!("{{\"role\":\"{role}\",\"parts\":[{{\"type\":\"text\",\"content\":{said}}}]}}")
    }
}

/// A JSON string. The prose holds no control characters but line feeds.
fn json_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
