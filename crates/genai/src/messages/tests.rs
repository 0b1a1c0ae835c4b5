use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::content::{ContentKind::*, ContentRef, ContentSource, Encoding};
use crate::input::SpanEvent;
use crate::value::{Attribute, Value};

fn text(text: &str) -> Value<'static> {
    Value::Str(Cow::Owned(text.to_owned()))
}

fn attribute(name: &str) -> ContentSource<'static> {
    ContentSource::Attribute { name: Cow::Owned(name.to_owned()), path: [].into() }
}

fn pattern(pattern: &str) -> ContentSource<'static> {
    ContentSource::Attributes { pattern: pattern.into() }
}

type Reference = (ContentKind, ContentSource<'static>, Encoding);

fn decoded(attributes: &[(&str, Value<'static>)], references: &[Reference]) -> Vec<Content> {
    let attributes: Vec<Attribute<'_>> =
        attributes.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect();
    let span = SpanInput { attributes: &attributes, ..SpanInput::default() };
    let content = references.iter().map(|(kind, source, encoding)| ContentRef {
        kind: *kind,
        source: source.clone(),
        encoding: *encoding,
    });
    let canonical = Canonical { content: content.collect(), ..Canonical::default() };
    Normaliser::builtin().span_content(&span, &canonical)
}

/// The attributes say this, in the conventions' JSON.
fn check_all(attributes: &[(&str, Value<'static>)], references: &[Reference], expected: &str) {
    let content = decoded(attributes, references);
    let written: Vec<String> = content.iter().map(to_json).collect();
    assert_eq!(written, [expected], "{content:?}");
}

/// A value in this encoding says this.
fn check(kind: ContentKind, encoding: Encoding, value: Value<'static>, expected: &str) {
    check_all(&[("a", value)], &[(kind, attribute("a"), encoding)], expected);
}

const HELLO: &str = r#"[{"role":"user","parts":[{"type":"text","content":"hello"}]}]"#;

#[test]
fn json() {
    let parts = r#"[{"role":"assistant","name":null,"parts":[{"type":"reasoning","content":"hm"},{"type":"tool_call","id":"1","name":"f","arguments":"{\"a\": 1}"},{"type":"blob","modality":"image","mime_type":"image/png","content":"AAAA"},{"type":"uri","modality":"audio","uri":"gs://x"},{"type":"file","modality":"image","file_id":"7"},{"type":"compaction","id":"c"}],"finish_reason":"tool_calls"}]"#;
    check(
        OutputMessages,
        Encoding::Json,
        text(parts),
        r#"[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}},{"type":"blob","modality":"image","mime_type":"image/png","content":"AAAA"},{"type":"uri","modality":"audio","uri":"gs://x"},{"type":"file","modality":"image","file_id":"7"},{"type":"compaction","id":"c"}],"finish_reason":"tool_call"}]"#,
    );
    check(InputMessages, Encoding::Json, text(HELLO), HELLO);
    let structured = Value::Array(vec![Value::Map(vec![
        ("role".into(), text("tool")),
        (
            "parts".into(),
            Value::Array(vec![Value::Map(vec![
                ("type".into(), text("tool_call_response")),
                ("id".into(), text("1")),
                ("response".into(), Value::Map(vec![("t".into(), Value::Int(21))])),
            ])]),
        ),
    ])]);
    check(
        InputMessages,
        Encoding::Json,
        structured,
        r#"[{"role":"tool","parts":[{"type":"tool_call_response","id":"1","response":{"t":21}}]}]"#,
    );
    check(
        SystemInstructions,
        Encoding::Json,
        text(r#"[{"type":"text","content":"be brief"}]"#),
        r#"[{"type":"text","content":"be brief"}]"#,
    );
}

#[test]
fn text_and_json_or_text() {
    check(InputMessages, Encoding::Text, text("hello"), HELLO);
    check(
        InputMessages,
        Encoding::Text,
        text("[1] is a note"),
        r#"[{"role":"user","parts":[{"type":"text","content":"[1] is a note"}]}]"#,
    );
    check(InputMessages, Encoding::JsonOrText, text("hello"), HELLO);
    check(
        InputMessages,
        Encoding::JsonOrText,
        text(r#"{"messages":[{"role":"user","content":"hello"}]}"#),
        HELLO,
    );
    check(InputMessages, Encoding::JsonOrText, text("\"hello\""), HELLO);
    check(
        OutputMessages,
        Encoding::JsonOrText,
        text("[INFO] done"),
        r#"[{"role":"assistant","parts":[{"type":"text","content":"[INFO] done"}]}]"#,
    );
    check(
        InputMessages,
        Encoding::JsonOrText,
        text(r#"{"question":"why"}"#),
        r#"[{"role":"user","parts":[{"type":"json","question":"why"}]}]"#,
    );
}

#[test]
fn openai() {
    let request = r#"{"model":"m","instructions":"be brief","input":[{"role":"user","content":[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]},{"type":"function_call","id":"fc","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"ok"},{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]}]}"#;
    check(
        InputMessages,
        Encoding::OpenAi,
        text(request),
        r#"[{"role":"system","parts":[{"type":"text","content":"be brief"}]},{"role":"user","parts":[{"type":"text","content":"see"},{"type":"blob","modality":"image","mime_type":"image/png","content":"AAAA"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"1","name":"f","arguments":{}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"1","response":"ok"}]},{"role":"assistant","parts":[{"type":"reasoning","content":"hm"}]}]"#,
    );
    let response = r#"{"id":"c","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"reasoning_content":"hm","refusal":"no","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}},{"finish_reason":"length","text":"b"}]}"#;
    check(
        OutputMessages,
        Encoding::OpenAi,
        text(response),
        r#"[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"refusal","refusal":"no"},{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}}],"finish_reason":"tool_call"},{"role":"assistant","parts":[{"type":"text","content":"b"}],"finish_reason":"length"}]"#,
    );
    check(
        InputMessages,
        Encoding::OpenAi,
        text(
            r#"[{"role":"tool","tool_call_id":"1","content":"21 C"},{"role":"developer","name":"d","content":"x"},{"role":"function","name":"f","content":"y"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png"}},{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]"#,
        ),
        r#"[{"role":"tool","parts":[{"type":"tool_call_response","id":"1","response":"21 C"}]},{"role":"developer","parts":[{"type":"text","content":"x"}],"name":"d"},{"role":"tool","parts":[{"type":"tool_call_response","name":"f","response":"y"}]},{"role":"user","parts":[{"type":"uri","modality":"image","uri":"https://a/b.png"},{"type":"blob","modality":"audio","mime_type":"audio/wav","content":"AAAA"}]}]"#,
    );
    check(InputMessages, Encoding::OpenAi, text("hello"), HELLO);
    check(InputMessages, Encoding::OpenAi, text(r#"{"model":"m","prompt":"hello"}"#), HELLO);
    // Anthropic's requests and responses come in the same attributes.
    check(
        InputMessages,
        Encoding::OpenAi,
        text(
            r#"{"system":[{"type":"text","text":"s"}],"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"tool_use","id":"1","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"ok"}]},{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AAAA"}}]}]}"#,
        ),
        r#"[{"role":"system","parts":[{"type":"text","content":"s"}]},{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}}]},{"role":"user","parts":[{"type":"tool_call_response","id":"1","response":"ok"},{"type":"blob","modality":"image","mime_type":"image/jpeg","content":"AAAA"}]}]"#,
    );
    check(
        OutputMessages,
        Encoding::OpenAi,
        text(
            r#"{"id":"m","type":"message","role":"assistant","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"}"#,
        ),
        r#"[{"role":"assistant","parts":[{"type":"text","content":"hi"}],"finish_reason":"stop"}]"#,
    );
}

#[test]
fn gemini() {
    check(
        InputMessages,
        Encoding::Gemini,
        text(
            r#"{"model":"g","config":{"system_instruction":"be brief"},"contents":[{"role":"user","parts":[{"text":"hello"},{"inline_data":{"mime_type":"image/png","data":"AAAA"}},{"fileData":{"fileUri":"gs://f","mimeType":"video/mp4"}}]},{"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"id":"1","name":"f","args":{"a":1}}}]},{"role":"user","parts":[{"function_response":{"id":"1","name":"f","response":{"r":2}}}]}]}"#,
        ),
        r#"[{"role":"system","parts":[{"type":"text","content":"be brief"}]},{"role":"user","parts":[{"type":"text","content":"hello"},{"type":"blob","modality":"image","mime_type":"image/png","content":"AAAA"},{"type":"uri","modality":"video","mime_type":"video/mp4","uri":"gs://f"}]},{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}}]},{"role":"user","parts":[{"type":"tool_call_response","id":"1","name":"f","response":{"r":2}}]}]"#,
    );
    for response in [
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}]}"#,
        r#"{"content":{"role":"model","parts":[{"text":"hi"}]},"finish_reason":"STOP"}"#,
    ] {
        check(
            OutputMessages,
            Encoding::Gemini,
            text(response),
            r#"[{"role":"assistant","parts":[{"type":"text","content":"hi"}],"finish_reason":"stop"}]"#,
        );
    }
    check(
        ToolDefinitions,
        Encoding::Gemini,
        text(
            r#"[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object"}}]}]"#,
        ),
        r#"[{"type":"function","name":"f","description":"d","parameters":{"type":"object"}}]"#,
    );
}

#[test]
fn bedrock() {
    check(
        InputMessages,
        Encoding::Bedrock,
        text(
            r#"[{"text":"see"},{"toolUse":{"toolUseId":"1","name":"f","input":{"a":1}}},{"toolResult":{"toolUseId":"1","status":"success","content":[{"text":"ok"}]}},{"reasoningContent":{"reasoningText":{"text":"hm"}}},{"image":{"format":"png","source":{"bytes":"AAAA"}}}]"#,
        ),
        r#"[{"role":"user","parts":[{"type":"text","content":"see"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"1","response":"ok"}]},{"role":"assistant","parts":[{"type":"reasoning","content":"hm"}]},{"role":"user","parts":[{"type":"blob","modality":"image","mime_type":"image/png","content":"AAAA"}]}]"#,
    );
    check(
        OutputMessages,
        Encoding::Bedrock,
        text(
            r#"{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"max_tokens"}"#,
        ),
        r#"[{"role":"assistant","parts":[{"type":"text","content":"hi"}],"finish_reason":"length"}]"#,
    );
}

#[test]
fn vercel() {
    check(
        InputMessages,
        Encoding::Vercel,
        text(
            r#"{"system":"s","messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"file","data":"AAAA","mediaType":"image/png"},{"type":"image","image":"https://a/b"}]},{"role":"assistant","content":[{"type":"reasoning","text":"hm"},{"type":"tool-call","toolCallId":"1","toolName":"f","input":{"a":1}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"1","toolName":"f","output":{"type":"json","value":{"r":2}}}]}]}"#,
        ),
        r#"[{"role":"system","parts":[{"type":"text","content":"s"}]},{"role":"user","parts":[{"type":"text","content":"see"},{"type":"blob","modality":"image","mime_type":"image/png","content":"AAAA"},{"type":"uri","modality":"image","uri":"https://a/b"}]},{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"1","name":"f","response":{"r":2}}]}]"#,
    );
    check(InputMessages, Encoding::Vercel, text(r#"{"prompt":"hello"}"#), HELLO);
}

#[test]
fn pieces_of_one_answer_are_one_message() {
    check_all(
        &[
            ("ai.response.reasoning", text("hm")),
            ("ai.response.text", text("hi")),
            (
                "ai.response.toolCalls",
                text(r#"[{"toolCallId":"1","toolName":"f","args":"{\"a\":1}"}]"#),
            ),
            ("calls", text(r#"[{"id":"2","function":{"name":"g","arguments":"{}"}}]"#)),
        ],
        &[
            (OutputMessages, attribute("ai.response.reasoning"), Encoding::Reasoning),
            (OutputMessages, attribute("ai.response.text"), Encoding::Text),
            (OutputMessages, attribute("ai.response.toolCalls"), Encoding::VercelToolCalls),
            (OutputMessages, attribute("calls"), Encoding::ToolCalls),
        ],
        r#"[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"hi"},{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}},{"type":"tool_call","id":"2","name":"g","arguments":{}}]}]"#,
    );
    check(
        OutputMessages,
        Encoding::Reasoning,
        text(r#"[{"type":"reasoning","text":"a"},{"type":"reasoning","text":"b"}]"#),
        r#"[{"role":"assistant","parts":[{"type":"reasoning","content":"a\nb"}]}]"#,
    );
}

#[test]
fn flattened_messages() {
    check_all(
        &[
            ("p.10.role", text("user")),
            ("p.10.content", text("hello")),
            ("p.2.role", text("assistant")),
            ("p.2.finish_reason", text("tool_calls")),
            ("p.2.tool_calls.0.id", text("1")),
            ("p.2.tool_calls.0.name", text("f")),
            ("p.2.tool_calls.0.arguments", text("{\"a\":1}")),
            ("p.3.role", text("tool")),
            ("p.3.tool_call_id", text("1")),
            ("p.3.content", text("21 C")),
            ("p.4.role", text("user")),
            ("p.4.content", text(r#"[{"type":"text","text":"see"}]"#)),
            ("p.x.role", text("user")),
        ],
        &[(InputMessages, pattern("p.#.*"), Encoding::IndexedFlat)],
        r#"[{"role":"assistant","parts":[{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}}],"finish_reason":"tool_call"},{"role":"tool","parts":[{"type":"tool_call_response","id":"1","response":"21 C"}]},{"role":"user","parts":[{"type":"text","content":"see"}]},{"role":"user","parts":[{"type":"text","content":"hello"}]}]"#,
    );
    check_all(
        &[
            ("m.0.message.role", text("assistant")),
            ("m.0.message.contents.0.message_content.type", text("text")),
            ("m.0.message.contents.0.message_content.text", text("see")),
            ("m.0.message.contents.1.message_content.type", text("image")),
            ("m.0.message.contents.1.message_content.image.image.url", text("https://a/b")),
            ("m.0.message.tool_calls.0.tool_call.id", text("1")),
            ("m.0.message.tool_calls.0.tool_call.function.name", text("f")),
            ("m.0.message.tool_calls.0.tool_call.function.arguments", text("{}")),
        ],
        &[(OutputMessages, pattern("m.#.*"), Encoding::IndexedMessages)],
        r#"[{"role":"assistant","parts":[{"type":"text","content":"see"},{"type":"uri","modality":"image","uri":"https://a/b"},{"type":"tool_call","id":"1","name":"f","arguments":{}}]}]"#,
    );
    // What a client left out of its messages goes into the message of its number.
    check_all(
        &[
            ("a", text(r#"[{"role":"assistant","parts":[],"finish_reason":"tool_calls"}]"#)),
            ("c.0.function_call.name", text("f")),
            ("c.0.function_call.arguments", text("{\"a\":1}")),
        ],
        &[
            (OutputMessages, attribute("a"), Encoding::Json),
            (OutputMessages, pattern("c.#.function_call.*"), Encoding::IndexedFlat),
        ],
        r#"[{"role":"assistant","parts":[{"type":"tool_call","name":"f","arguments":{"a":1}}],"finish_reason":"tool_call"}]"#,
    );
}

#[test]
fn flattened_tools_documents_and_texts() {
    check_all(
        &[
            ("t.1.tool.json_schema", text(r#"{"type":"function","function":{"name":"g"}}"#)),
            ("t.0.tool.json_schema", text(r#"{"name":"f","input_schema":{"type":"object"}}"#)),
        ],
        &[(ToolDefinitions, pattern("t.#.tool.json_schema"), Encoding::IndexedTools)],
        r#"[{"type":"function","name":"f","parameters":{"type":"object"}},{"type":"function","name":"g"}]"#,
    );
    check_all(
        &[("f.0.name", text("f")), ("f.0.parameters", text(r#"{"type":"object"}"#))],
        &[(ToolDefinitions, pattern("f.#.*"), Encoding::IndexedTools)],
        r#"[{"type":"function","name":"f","parameters":{"type":"object"}}]"#,
    );
    check_all(
        &[
            ("d.0.document.content", text("snow")),
            ("d.0.document.score", Value::Double(0.5)),
            ("d.0.document.metadata", text("{}")),
        ],
        &[(RetrievalDocuments, pattern("d.#.document.*"), Encoding::IndexedDocuments)],
        r#"[{"content":"snow","metadata":"{}","score":0.5}]"#,
    );
    check_all(
        &[("e.0.embedding.text", text("hello"))],
        &[(InputMessages, pattern("e.#.embedding.text"), Encoding::IndexedTexts)],
        HELLO,
    );
    check_all(
        &[("v.city", text("Paris")), ("v.n", Value::Int(1))],
        &[(PromptVariables, pattern("v.*"), Encoding::Json)],
        r#"{"city":"Paris","n":1}"#,
    );
}

#[test]
fn event_bodies() {
    let message = Value::Map(vec![("content".into(), text("21 C")), ("id".into(), text("1"))]);
    let check_body = |event: &str, kind, body: &Value<'_>, expected: &str| {
        let log = LogInput { body: Some(body), ..LogInput::default() };
        let piece = ContentRef { kind, source: ContentSource::Body, encoding: Encoding::EventBody };
        let canonical = Canonical {
            content: vec![piece],
            event: Some(Cow::Borrowed(event)),
            ..Canonical::default()
        };
        let content = Normaliser::builtin().log_content(&log, &canonical);
        assert_eq!(content.iter().map(to_json).collect::<Vec<_>>(), [expected]);
    };
    check_body(
        "gen_ai.tool.message",
        InputMessages,
        &message,
        r#"[{"role":"tool","parts":[{"type":"tool_call_response","id":"1","response":"21 C"}]}]"#,
    );
    check_body(
        "gen_ai.choice",
        OutputMessages,
        &text(
            r#"{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}"#,
        ),
        r#"[{"role":"assistant","parts":[{"type":"text","content":"hi"}],"finish_reason":"stop"}]"#,
    );
    check_body("gen_ai.user.message", InputMessages, &text("hello"), HELLO);
    check_body(
        "gen_ai.system.message",
        SystemInstructions,
        &text(r#"{"content":"be brief","role":"system"}"#),
        r#"[{"type":"text","content":"be brief"}]"#,
    );
    check_body(
        "strands.telemetry.tracer",
        InputMessages,
        &text(
            r#"{"input":{"messages":[{"role":"user","content":"hello"}]},"output":{"messages":[{"role":"assistant","content":{"content":"hi"}}]}}"#,
        ),
        r#"[{"role":"user","parts":[{"type":"text","content":"hello"}]},{"role":"assistant","parts":[{"type":"json","content":"hi"}]}]"#,
    );
}

#[test]
fn span_events_tell_roles() {
    let attributes = [
        (Cow::Borrowed("content"), text("hello")),
        ("tool_calls".into(), text(r#"[{"id":"1","function":{"name":"f","arguments":"{}"}}]"#)),
    ];
    let events = [SpanEvent {
        name: "gen_ai.assistant.message",
        attributes: &attributes,
        ..SpanEvent::default()
    }];
    let span = SpanInput { events: &events, ..SpanInput::default() };
    let piece = |attribute: &'static str| ContentRef {
        kind: InputMessages,
        source: ContentSource::SpanEvent { index: 0, attribute: Cow::Borrowed(attribute) },
        encoding: Encoding::JsonOrText,
    };
    let canonical =
        Canonical { content: vec![piece("content"), piece("tool_calls")], ..Canonical::default() };
    let content = Normaliser::builtin().span_content(&span, &canonical);
    assert_eq!(
        content.iter().map(to_json).collect::<Vec<_>>(),
        [
            r#"[{"role":"assistant","parts":[{"type":"text","content":"hello"},{"type":"tool_call","id":"1","name":"f","arguments":{}}]}]"#
        ]
    );
}

#[test]
fn python_lists_and_names() {
    check(
        InputMessages,
        Encoding::PythonRepr,
        text(
            r#"[{'role': 'user', 'content': "hello"}, Message(role='assistant', content='it\'s', tool_calls=None), ('x', 1.5, True, b'y')]"#,
        ),
        r#"[{"role":"user","parts":[{"type":"text","content":"hello"}]},{"role":"assistant","parts":[{"type":"text","content":"it's"}]},{"role":"user","parts":[{"type":"text","content":"x"}]},{"role":"user","parts":[{"type":"json","value":1.5}]},{"role":"user","parts":[{"type":"json","value":true}]},{"role":"user","parts":[{"type":"text","content":"y"}]}]"#,
    );
    let list = Value::Array(vec![
        text(r#"{"type":"function","name":"f","inputSchema":{}}"#),
        text(r#"{"name":"g"}"#),
    ]);
    check(
        ToolDefinitions,
        Encoding::JsonList,
        list,
        r#"[{"type":"function","name":"f","parameters":{}},{"type":"function","name":"g"}]"#,
    );
    let list = Value::Array(vec![text(r#"{"role":"user","content":"hello"}"#)]);
    check(InputMessages, Encoding::JsonList, list, HELLO);
    check(
        ToolDefinitions,
        Encoding::Names,
        text(r#"["f", "g"]"#),
        r#"[{"type":"function","name":"f"},{"type":"function","name":"g"}]"#,
    );
}

#[test]
fn langchain() {
    for human in [
        r#"{"messages":[[{"lc":1,"type":"constructor","id":["langchain","schema","messages","HumanMessage"],"kwargs":{"content":"hello","type":"human"}}]]}"#,
        r#"{"messages":[{"type":"human","data":{"content":"hello","type":"human","name":null}}]}"#,
        r#"[{"type":"human","content":"hello"}]"#,
        r#"[{"graph":null,"update":{"messages":[{"type":"human","data":{"content":"hello"}}]}}]"#,
    ] {
        check(InputMessages, Encoding::LangChain, text(human), HELLO);
    }
    check(
        OutputMessages,
        Encoding::LangChain,
        text(
            r#"{"generations":[[{"text":"","generation_info":{"finish_reason":"tool_calls"},"type":"ChatGeneration","message":{"lc":1,"type":"constructor","id":["AIMessage"],"kwargs":{"content":"","tool_calls":[{"name":"f","args":{"a":1},"id":"1","type":"tool_call"}]}}}]]}"#,
        ),
        r#"[{"role":"assistant","parts":[{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}}],"finish_reason":"tool_call"}]"#,
    );
    check(
        ToolResult,
        Encoding::JsonOrText,
        text(r#"{"type":"tool","data":{"content":"21 C","tool_call_id":"1"}}"#),
        r#""21 C""#,
    );
}

#[test]
fn what_cannot_be_read_stays_and_says_why() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let long = format!("[\"{}\"]", "x".repeat(DECODE_BYTES_MAX));
    for (value, why) in [
        (text(r#"[{"role":"user","content":"cut of"#), Undecoded::Truncated),
        (text("[{\"role\": user}]"), Undecoded::Malformed),
        (text("no list"), Undecoded::Malformed),
        (text(&deep), Undecoded::TooDeep),
        (text(&long), Undecoded::TooLong),
        (Value::Int(5), Undecoded::WrongType),
    ] {
        let raw = json::raw_text(&value);
        let content = decoded(&[("a", value)], &[(InputMessages, attribute("a"), Encoding::Json)]);
        let message = &content[0].messages[0];
        assert_eq!(message.undecoded, Some(why));
        assert_eq!(message.parts, [Part::Text(raw)]);
        assert!(to_json(&content[0]).contains(&format!("\"undecoded\":\"{}\"", why.name())));
    }
    // The limit itself is read.
    let long = format!("[\"{}\"]", "x".repeat(DECODE_BYTES_MAX - 4));
    let content =
        decoded(&[("a", text(&long))], &[(InputMessages, attribute("a"), Encoding::Json)]);
    assert_eq!(content[0].messages[0].undecoded, None);
    let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
    assert_eq!(json::parse(&deep).map(|_| ()), Ok(()));
    let raw = Value::Bytes(Cow::Borrowed(&[0xff, 0]));
    let content = decoded(&[("a", raw)], &[(OutputMessages, attribute("a"), Encoding::Text)]);
    assert_eq!(content[0].messages[0].undecoded, Some(Undecoded::WrongType));
    assert_eq!(content[0].messages[0].parts, [Part::Text("/wA=".to_owned())]);
    // Tools give any text.
    check(ToolResult, Encoding::Json, text("sunny"), r#""sunny""#);
}

#[test]
fn blobs_know_their_size() {
    for bytes in 0..8_usize {
        let base64 = json::base64(&vec![7; bytes]);
        let blob = Part::Blob { modality: "image".into(), mime: None, base64 };
        assert_eq!(blob.blob_bytes(), bytes);
    }
    assert_eq!(json!(json::base64(b"Telltale")), "VGVsbHRhbGU=");
}

const ENCODINGS: [&str; 20] = [
    "json",
    "text",
    "json_or_text",
    "openai",
    "gemini",
    "bedrock",
    "vercel",
    "vercel_tool_calls",
    "reasoning",
    "indexed_flat",
    "indexed_messages",
    "indexed_tools",
    "indexed_documents",
    "indexed_texts",
    "event_body",
    "tool_calls",
    "python_repr",
    "json_list",
    "names",
    "langchain",
];
const KINDS: [ContentKind; 11] = [
    InputMessages,
    OutputMessages,
    SystemInstructions,
    ToolDefinitions,
    ToolArguments,
    ToolResult,
    RetrievalQuery,
    RetrievalDocuments,
    MemoryQuery,
    MemoryRecords,
    PromptVariables,
];

/// JSON of names and values that decoders look for.
fn tree() -> impl Strategy<Value = serde_json::Value> {
    let word = proptest::sample::select(vec![
        "user",
        "tool",
        "text",
        "tool_call",
        "image",
        "message",
        "human",
        "data:x",
        "[{",
        "{'a': 1}",
        "reasoning",
        "function",
        "",
        "constructor",
        "AIMessage",
    ]);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|flag| json!(flag)),
        any::<i64>().prop_map(|number| json!(number)),
        word.prop_map(|word| json!(word)),
    ];
    let name = proptest::sample::select(vec![
        "role",
        "content",
        "parts",
        "type",
        "text",
        "messages",
        "message",
        "choices",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "lc",
        "kwargs",
        "data",
        "input",
        "output",
        "image",
        "source",
        "contents",
        "update",
        "generations",
        "config",
        "system",
        "toolResult",
        "finish_reason",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
            proptest::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

fn of_json(json: &serde_json::Value) -> Value<'static> {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::Number(number) => Value::Int(number.as_i64().unwrap_or(0)),
        serde_json::Value::String(inner) => text(inner),
        serde_json::Value::Array(items) => Value::Array(items.iter().map(of_json).collect()),
        serde_json::Value::Object(members) => Value::Map(
            members.iter().map(|(name, value)| (name.clone().into(), of_json(value))).collect(),
        ),
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_no_text_is_lost(
        json in tree(), cut in 0_usize..200, shape in 0..4, rest in "[a-z0-9.]{0,20}",
    ) {
        let mut written = json.to_string();
        let value = match shape {
            0 => of_json(&json),
            1 => text(&written),
            2 => text(&written.replace('"', "'")),
            _ => {
                written.truncate(cut);
                text(&written)
            }
        };
        let name = format!("p.0.{rest}");
        for encoding in ENCODINGS.map(|name| Encoding::named(name).unwrap()) {
            for kind in KINDS {
                let list = [("a", value.clone()), (&*name, value.clone())];
                for content in decoded(&list, &[(kind, attribute("a"), encoding), (kind, pattern("p.#.*"), encoding)]) {
                    to_json(&content);
                }
                // Plain text says itself somewhere, whatever it is taken for.
                let marked = [("a", text(&format!("{written} marker")))];
                let content = decoded(&marked, &[(kind, attribute("a"), encoding)]);
                prop_assert!(content.iter().any(|one| to_json(one).contains("marker")), "{content:?}");
            }
        }
    }

    #[test]
    fn python_never_panics(text in "[\\[\\](){}'\",:=\\\\a-zA-Z0-9. ]{0,80}") {
        drop(python::parse(&text));
    }
}
