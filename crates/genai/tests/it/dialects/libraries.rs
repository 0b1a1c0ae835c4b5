//! Libraries around model calls, and a model server.

use telltale_genai::{SpanEvent, Tag, Value};

use super::{attributes, check, check_span, text};

#[test]
fn openllmetry_legacy() {
    check(
        ("opentelemetry.instrumentation.openai.v1", "0.40.2"),
        &[
            ("llm.request.type", text("chat")),
            ("gen_ai.system", text("OpenAI")),
            ("gen_ai.request.model", text("gpt-4o")),
            ("gen_ai.prompt.0.role", text("user")),
            ("gen_ai.prompt.0.content", text("hi")),
            ("gen_ai.prompt.10.content", text("ten")),
            ("gen_ai.completion.0.content", text("hello")),
            ("gen_ai.completion.0.finish_reason", text("tool_calls")),
            ("gen_ai.usage.prompt_tokens", Value::Int(100)),
            ("gen_ai.usage.completion_tokens", Value::Int(20)),
            ("gen_ai.usage.cache_read_input_tokens", Value::Int(64)),
            ("llm.usage.total_tokens", Value::Int(120)),
            ("llm.is_streaming", Value::Bool(true)),
            ("llm.headers", text("None")),
            ("llm.request.functions.0.name", text("get")),
        ],
        "openllmetry_legacy",
        Tag::Call,
        &[
            "gen_ai.operation.name=chat",
            "gen_ai.provider.name=openai",
            "gen_ai.response.finish_reasons=tool_call",
            "gen_ai.request.stream=true",
            "gen_ai.usage.input_tokens=100",
            "gen_ai.usage.output_tokens=20",
            "gen_ai.input.messages as indexed_flat",
            "gen_ai.output.messages as indexed_flat",
            "gen_ai.tool.definitions as indexed_tools",
        ],
    );
}

#[test]
fn openllmetry_before_the_conventions_and_its_decorators() {
    check(
        ("", ""),
        &[
            ("llm.vendor", text("Anthropic")),
            ("llm.request.model", text("claude-3-opus")),
            ("llm.prompts.0.content", text("hi")),
            ("llm.completions.0.content", text("ho")),
            ("llm.usage.prompt_tokens", Value::Int(7)),
            ("llm.usage.completion_tokens", Value::Int(3)),
        ],
        "openllmetry_legacy",
        Tag::Call,
        &[
            "gen_ai.operation.name=chat",
            "gen_ai.provider.name=anthropic",
            "gen_ai.usage.input_tokens=7",
        ],
    );
    check(
        ("traceloop.tracer", ""),
        &[
            ("traceloop.span.kind", text("tool")),
            ("traceloop.entity.name", text("get_weather")),
            ("traceloop.workflow.name", text("weather")),
            ("traceloop.entity.input", text("{\"args\":[],\"kwargs\":{}}")),
            ("traceloop.association.properties.session_id", text("s1")),
            ("traceloop.association.properties.plan", text("pro")),
        ],
        "openllmetry_current",
        Tag::RollUp,
        &[
            "gen_ai.operation.name=execute_tool",
            "gen_ai.tool.name=get_weather",
            "gen_ai.workflow.name=weather",
            "gen_ai.conversation.id=s1",
            "gen_ai.tool.call.arguments as json",
        ],
    );
}

#[test]
fn anthropic_counts_cached_tokens_beside_input_in_old_clients() {
    let span = |total: Option<i64>| {
        let mut span = vec![
            ("gen_ai.system", text("Anthropic")),
            ("llm.request.type", text("chat")),
            ("gen_ai.request.model", text("claude-3-5-sonnet")),
            ("gen_ai.usage.prompt_tokens", Value::Int(56)),
            ("gen_ai.usage.completion_tokens", Value::Int(30)),
            ("gen_ai.usage.cache_read_input_tokens", Value::Int(40)),
        ];
        span.extend(total.map(|total| ("llm.usage.total_tokens", Value::Int(total))));
        span
    };
    let scope = ("opentelemetry.instrumentation.anthropic", "0.38.0");
    let input =
        |span: &[_], expected| check(scope, span, "openllmetry_legacy", Tag::Call, &[expected]);
    input(&span(None), "gen_ai.usage.input_tokens=96");
    input(&span(Some(126)), "gen_ai.usage.input_tokens=96");
    input(&span(Some(86)), "gen_ai.usage.input_tokens=56");
}

#[test]
fn vercel_before_six() {
    check(
        ("ai", ""),
        &[
            ("ai.operationId", text("ai.generateText.doGenerate")),
            ("ai.model.provider", text("anthropic.messages")),
            ("ai.model.id", text("claude-3-5-sonnet")),
            ("ai.usage.promptTokens", Value::Int(56)),
            ("ai.usage.completionTokens", Value::Int(30)),
            ("ai.usage.totalTokens", Value::Int(86)),
            (
                "ai.response.providerMetadata",
                text(r#"{"anthropic":{"cacheCreationInputTokens":16,"cacheReadInputTokens":64}}"#),
            ),
            ("ai.telemetry.metadata.sessionId", text("s")),
            ("ai.request.headers.authorization", text("secret")),
        ],
        "vercel_ai_legacy",
        Tag::Call,
        &[
            "gen_ai.provider.name=anthropic",
            "gen_ai.usage.input_tokens=136",
            "gen_ai.usage.cache_write.input_tokens=16",
            "gen_ai.conversation.id=s",
        ],
    );
    // Six says how much was fresh, and that input includes the rest.
    check(
        ("ai", ""),
        &[
            ("ai.operationId", text("ai.streamText.doStream")),
            ("ai.model.provider", text("anthropic.messages")),
            ("ai.usage.inputTokens", Value::Int(136)),
            ("ai.usage.outputTokens", Value::Int(30)),
            ("ai.usage.inputTokenDetails.noCacheTokens", Value::Int(56)),
            ("ai.usage.inputTokenDetails.cacheReadTokens", Value::Int(64)),
            ("ai.usage.inputTokenDetails.cacheWriteTokens", Value::Int(16)),
        ],
        "vercel_ai_legacy",
        Tag::Call,
        &["gen_ai.usage.input_tokens=136"],
    );
}

#[test]
fn semantic_kernel() {
    check(
        ("semantic_kernel.utils.telemetry", ""),
        &[
            ("gen_ai.operation.name", text("text_completions")),
            ("gen_ai.system", text("openai")),
            ("server.address", text("http://127.0.0.1:18080/v1/")),
            ("gen_ai.response.finish_reason", text("FinishReason.TOOL_CALLS")),
            ("gen_ai.usage.input_tokens", Value::Int(120)),
        ],
        "semantic_kernel",
        Tag::Call,
        &[
            "gen_ai.operation.name=text_completion",
            "server.address=127.0.0.1",
            "server.port=18080",
            "gen_ai.response.finish_reasons=tool_call",
            "ai.framework=semantic_kernel",
        ],
    );
}

#[test]
fn vllm_is_a_call_without_an_operation() {
    check_span(
        ("vllm.llm_engine", ""),
        "llm_request",
        &[
            ("gen_ai.request.id", text("chatcmpl-1")),
            ("gen_ai.usage.prompt_tokens", Value::Int(120)),
            ("gen_ai.usage.completion_tokens", Value::Int(30)),
            ("gen_ai.latency.time_to_first_token", Value::Double(0.2)),
            ("gen_ai.latency.time_in_queue", Value::Double(0.1)),
        ],
        &[],
        "vllm",
        Tag::Call,
        &[
            "gen_ai.operation.name=chat",
            "gen_ai.response.id=chatcmpl-1",
            "gen_ai.server.time_to_first_token=0.2",
        ],
    );
}

#[test]
fn spring_ai_and_strands_write_content_into_events() {
    let prompt = attributes(&[("gen_ai.prompt", text("hi"))]);
    let event = |name, attributes| SpanEvent { name, time_unix_nano: 1, attributes };
    check_span(
        ("org.springframework.boot", ""),
        "chat",
        &[
            ("spring.ai.model.request.tool.names", text("[]x")),
            ("gen_ai.operation.name", text("chat")),
            ("gen_ai.usage.total_tokens", text("9")),
            ("gen_ai.usage.input_tokens", text("5")),
            ("gen_ai.usage.output_tokens", text("4")),
        ],
        &[event("gen_ai.content.prompt", &prompt)],
        "spring_ai",
        Tag::Call,
        &["gen_ai.input.messages as json_or_text", "gen_ai.usage.input_tokens=5"],
    );
    let input = attributes(&[("gen_ai.input.messages", text("[]x"))]);
    let output = attributes(&[("gen_ai.output.messages", text("[]x"))]);
    let name = "gen_ai.client.inference.operation.details";
    check_span(
        ("strands.telemetry.tracer", ""),
        "chat",
        &[
            ("gen_ai.provider.name", text("strands-agents")),
            ("gen_ai.operation.name", text("chat")),
            ("gen_ai.request.model", text("us.anthropic.claude-sonnet-4")),
            ("gen_ai.usage.input_tokens", Value::Int(56)),
            ("gen_ai.usage.output_tokens", Value::Int(30)),
            ("gen_ai.usage.cache_read.input_tokens", Value::Int(40)),
        ],
        &[event(name, &input), event(name, &output)],
        "strands_agentcore",
        Tag::Call,
        &[
            "gen_ai.provider.name=aws.bedrock",
            "ai.framework=strands",
            // Bedrock leaves cached tokens out.
            "gen_ai.usage.input_tokens=96",
            "gen_ai.input.messages as json",
            "gen_ai.output.messages as json",
        ],
    );
}

#[test]
fn old_google_adk() {
    check_span(
        ("gcp.vertex.agent", "1.2.0"),
        "call_llm",
        &[
            ("gen_ai.system", text("gcp.vertex.agent")),
            ("gcp.vertex.agent.llm_request", text(r#"{"model":"gemini-2.5-flash","contents":[]}"#)),
            (
                "gcp.vertex.agent.llm_response",
                text(
                    r#"{"usage_metadata":{"prompt_token_count":10,"candidates_token_count":5,"thoughts_token_count":2}}"#,
                ),
            ),
            ("gcp.vertex.agent.session_id", text("s")),
        ],
        &[],
        "google_adk",
        Tag::Call,
        &[
            "gen_ai.operation.name=generate_content",
            "gen_ai.request.model=gemini-2.5-flash",
            "gen_ai.usage.output_tokens=7",
            "gen_ai.conversation.id=s",
            "gen_ai.input.messages as gemini",
        ],
    );
}
