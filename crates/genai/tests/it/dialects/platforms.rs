//! Agent frameworks and SDKs of platforms.

use telltale_genai::{Tag, Value};

use super::{check, text};

#[test]
fn langsmith() {
    check(
        ("langsmith", ""),
        &[
            ("langsmith.span.kind", text("llm")),
            ("gen_ai.operation.name", text("ChatOpenAI")),
            ("gen_ai.system", text("openai")),
            ("langsmith.metadata.ls_model_name", text("gpt-4o-mini")),
            ("gen_ai.prompt", text(r#"{"messages":[],"tools":[{"type":"function"}]}"#)),
            ("gen_ai.completion", text(r#"{"id":"chatcmpl-1","choices":[]}"#)),
            ("gen_ai.usage.input_tokens", Value::Int(120)),
            ("gen_ai.usage.output_tokens", Value::Int(30)),
            ("gen_ai.usage.input_token_details", text("{'cache_read': 64, 'audio': None}")),
            ("gen_ai.usage.output_token_details", text("{'reasoning': 12}")),
            ("langsmith.metadata.thread_id", text("t")),
            ("langsmith.trace.session_name", text("project")),
        ],
        "langsmith_otel",
        Tag::Call,
        &[
            "gen_ai.operation.name=chat",
            "gen_ai.response.id=chatcmpl-1",
            "gen_ai.conversation.id=t",
            "gen_ai.usage.cache_read.input_tokens=64",
            "gen_ai.usage.reasoning.output_tokens=12",
            "gen_ai.input.messages as openai",
            "gen_ai.tool.definitions as json",
        ],
    );
}

#[test]
fn crewai_azure_sentry_and_voltagent() {
    check(
        ("crewai", ""),
        &[
            ("crewai.agent.role", text("Researcher")),
            ("gen_ai.operation.name", text("invoke_agent")),
            ("gen_ai.usage.reasoning_tokens", Value::Int(3)),
        ],
        "crewai",
        Tag::RollUp,
        &["gen_ai.agent.name=Researcher", "ai.framework=crewai"],
    );
    check(
        ("azure.ai.projects", "2.0"),
        &[
            ("gen_ai.operation.name", text("chat")),
            ("gen_ai.thread.id", text("th")),
            ("gen_ai.system", text("az.ai.openai")),
            ("az.namespace", text("Microsoft.CognitiveServices")),
            ("gen_ai.request.max_output_tokens", text("100")),
            ("gen_ai.request.response_format", text("json_schema")),
        ],
        "azure_ai_projects",
        Tag::Call,
        &[
            "gen_ai.conversation.id=th",
            "gen_ai.provider.name=azure.ai.openai",
            "azure.resource_provider.namespace=Microsoft.CognitiveServices",
            "gen_ai.request.max_tokens=100",
            "gen_ai.output.type=json",
        ],
    );
    check(
        ("sentry", ""),
        &[
            ("sentry.op", text("gen_ai.chat")),
            ("gen_ai.request.model", text("gpt-4o")),
            ("gen_ai.request.messages", text("[]x")),
            ("gen_ai.response.text", text("hi")),
            ("gen_ai.response.tool_calls", text("[{}]")),
            ("gen_ai.usage.input_tokens", Value::Int(120)),
            ("gen_ai.usage.input_tokens.cached", Value::Int(64)),
            ("gen_ai.usage.output_tokens.reasoning", Value::Int(12)),
            ("gen_ai.usage.output_tokens", Value::Int(30)),
        ],
        "sentry",
        Tag::Call,
        &[
            "gen_ai.operation.name=chat",
            "gen_ai.usage.cache_read.input_tokens=64",
            "gen_ai.output.messages as json_or_text",
            "gen_ai.output.messages as tool_calls",
        ],
    );
    check(
        ("voltagent", ""),
        &[
            ("entity.type", text("llm")),
            ("voltagent.conversation_id", text("c")),
            ("llm.model", text("gpt-4o")),
            ("usage.prompt_tokens", Value::Int(9)),
            ("usage.completion_tokens", Value::Int(2)),
        ],
        "voltagent",
        Tag::Call,
        &["gen_ai.operation.name=chat", "gen_ai.usage.input_tokens=9", "gen_ai.conversation.id=c"],
    );
}

#[test]
fn laminar_agentops_livekit_and_genkit() {
    check(
        ("lmnr.sdk", ""),
        &[
            ("lmnr.span.type", text("LLM")),
            ("lmnr.span.input", text("[{}]")),
            ("lmnr.association.properties.user_id", text("u")),
            ("gen_ai.request.base_url", text("https://api.openai.com/v1")),
            ("gen_ai.usage.input_tokens", Value::Int(5)),
        ],
        "laminar",
        Tag::Call,
        &[
            "user.id=u",
            "server.address=api.openai.com",
            "server.port=443",
            "gen_ai.input.messages as openai",
        ],
    );
    check(
        ("agentops", ""),
        &[
            ("agentops.span.kind", text("tool")),
            ("agentops.entity.name", text("search")),
            ("agentops.entity.output", text("{}x")),
        ],
        "agentops",
        Tag::RollUp,
        &["gen_ai.tool.name=search", "gen_ai.tool.call.result as json"],
    );
    check(
        ("livekit-agents", ""),
        &[
            ("lk.agent_name", text("a")),
            ("lk.chat_ctx", text("{\"items\":[]}")),
            ("lk.response.text", text("hi")),
            ("gen_ai.operation.name", text("chat")),
        ],
        "livekit",
        Tag::Call,
        &["gen_ai.agent.name=a", "gen_ai.input.messages as json", "gen_ai.output.messages as text"],
    );
    check(
        ("genkit-tracer", "v1"),
        &[
            ("genkit:metadata:subtype", text("model")),
            ("genkit:name", text("googleai/gemini-2.5-flash")),
            (
                "genkit:output",
                text(
                    r#"{"usage":{"inputTokens":10,"outputTokens":8,"thoughtsTokens":3,"totalTokens":18}}"#,
                ),
            ),
        ],
        "genkit",
        Tag::Call,
        &[
            "gen_ai.request.model=googleai/gemini-2.5-flash",
            "gen_ai.provider.name=gcp.gemini",
            "gen_ai.usage.output_tokens=8",
            "gen_ai.usage.reasoning.output_tokens=3",
        ],
    );
}

#[test]
fn names_of_no_detected_dialect_are_understood_where_they_mean_one_thing() {
    check(
        ("my.own.client", ""),
        &[
            ("gen_ai.operation.name", text("chat")),
            ("gen_ai.usage.reasoning_tokens", Value::Int(12)),
            ("gen_ai.usage.output_tokens", Value::Int(30)),
            ("server.address", text("localhost")),
            ("session_id", text("s")),
        ],
        "none",
        Tag::Call,
        &["gen_ai.usage.reasoning.output_tokens=12", "gen_ai.conversation.id=s"],
    );
}
