//! What a conversation of an agent costs when every request sends the whole history.

use std::collections::HashMap;

use serde_json::{Value, json};
use telltale_genai::fragments::{FragmentId, outline, restore};

const KEY: [u8; 32] = [3; 32];

/// Bytes of a reference to a group in a row.
const REFERENCE_BYTES: usize = 16;

/// What is stored of all requests.
#[derive(Default)]
struct Store {
    naive: usize,
    rows: usize,
    fragments: HashMap<FragmentId, String>,
    groups: HashMap<FragmentId, Vec<u8>>,
    /// What rows would cost that name each piece instead of groups.
    flat_rows: usize,
}

impl Store {
    /// Stores the content of one span, and reads it again.
    fn put(&mut self, texts: &[String]) {
        self.naive += texts.iter().map(String::len).sum::<usize>();
        let outline = outline(&KEY, texts.iter().map(String::as_str));
        self.rows += outline.groups.len() * REFERENCE_BYTES;
        self.flat_rows += outline.groups.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        for (id, text) in &outline.fragments {
            self.fragments.entry(*id).or_insert_with(|| (*text).to_owned());
        }
        let groups: Vec<FragmentId> = outline.groups.iter().map(|(id, _)| *id).collect();
        self.groups.extend(outline.groups);
        let bytes = groups.iter().map(|id| &*self.groups[id]);
        let again = restore(bytes, |id| self.fragments.get(&id).map(String::as_str));
        assert_eq!(again.expect("all of it is there"), texts);
    }

    fn stored(&self) -> usize {
        self.distinct()
            + self.rows
            + self.groups.values().map(|bytes| bytes.len() + 16).sum::<usize>()
    }

    /// Texts and their ids, without what says how they are put together.
    fn distinct(&self) -> usize {
        self.fragments.values().map(|text| text.len() + 16).sum()
    }

    /// How many times less is stored than was sent, and a line that says so.
    fn report(&self, encoding: &str) -> (f64, String) {
        #[expect(clippy::cast_precision_loss, reason = "bytes of a test")]
        let factor = |stored: usize| self.naive as f64 / stored as f64;
        let line = format!(
            "{encoding}: {} bytes sent, {} stored, 1/{:.1}; if rows named each piece, 1/{:.1}\n",
            self.naive,
            self.stored(),
            factor(self.stored()),
            factor(self.distinct() + self.flat_rows),
        );
        (factor(self.stored()), line)
    }
}

/// Words that read like text, different for every seed.
fn words(bytes: usize, seed: usize) -> String {
    const WORDS: [&str; 16] = [
        "the",
        "order",
        "was",
        "shipped",
        "from",
        "warehouse",
        "north",
        "after",
        "payment",
        "of",
        "customer",
        "with",
        "status",
        "pending",
        "refund",
        "policy",
    ];
    let mut state = seed as u64 * 2 + 1;
    let mut text = String::new();
    while text.len() < bytes {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text += WORDS[usize::try_from(state >> 60).expect("four bits")];
        text.push(' ');
    }
    text
}

/// One step of an agent: what the model asked for, and what the tool gave.
struct Step {
    call: String,
    thought: String,
    arguments: Value,
    result: String,
}

struct Sizes {
    system: usize,
    thought: usize,
    result: usize,
}

const AGENT: Sizes = Sizes { system: 3000, thought: 200, result: 1500 };
/// Nearly nothing is said in each step: references weigh most.
const TERSE: Sizes = Sizes { system: 400, thought: 60, result: 120 };

fn steps(sizes: &Sizes) -> Vec<Step> {
    (0..100)
        .map(|n| Step {
            call: format!("call_{:024x}", n * 7_919 + 1),
            thought: words(sizes.thought, n),
            arguments: json!({"query": words(40, 1000 + n), "limit": 20 + n}),
            result: words(sizes.result + (n * 37) % 400, 2000 + n),
        })
        .collect()
}

fn tools() -> Value {
    let tool = |n: usize| {
        json!({"type": "function", "function": {"name": format!("search_{n}"),
            "description": words(200, 5000 + n),
            "parameters": {"type": "object", "properties": {"query": {"type": "string"},
                "limit": {"type": "integer"}}, "required": ["query"]}}})
    };
    Value::Array((0..6).map(tool).collect())
}

fn gen_ai(sizes: &Sizes) -> Store {
    let mut store = Store::default();
    let system = json!([{"type": "text", "content": words(sizes.system, 9000)}]).to_string();
    let mut history =
        vec![json!({"role": "user", "parts": [{"type": "text", "content": words(300, 9001)}]})];
    for step in steps(sizes) {
        let parts = json!([
            {"type": "text", "content": step.thought},
            {"type": "tool_call", "id": step.call, "name": "search_1", "arguments": step.arguments},
        ]);
        let answer = json!([{"role": "assistant", "parts": parts, "finish_reason": "tool_call"}]);
        let input = Value::Array(history.clone()).to_string();
        store.put(&[system.clone(), tools().to_string(), input, answer.to_string()]);
        history.push(json!({"role": "assistant", "parts": parts}));
        history.push(json!({"role": "tool", "parts": [
            {"type": "tool_call_response", "id": step.call, "response": step.result}]}));
    }
    store
}

fn openai(sizes: &Sizes) -> Store {
    let mut store = Store::default();
    let mut history = vec![
        json!({"role": "system", "content": words(sizes.system, 9000)}),
        json!({"role": "user", "content": words(300, 9001)}),
    ];
    for step in steps(sizes) {
        let answer = json!({"role": "assistant", "content": step.thought, "tool_calls": [{"id": step.call,
            "type": "function", "function": {"name": "search_1", "arguments": step.arguments.to_string()}}]});
        // As Python writes it, with a space after commas.
        let messages: Vec<String> = history.iter().map(Value::to_string).collect();
        let input = format!("{{\"tools\": {}, \"messages\": [{}]}}", tools(), messages.join(", "));
        store.put(&[input, answer.to_string()]);
        history.push(answer);
        history.push(json!({"role": "tool", "tool_call_id": step.call, "content": step.result}));
    }
    store
}

fn vercel(sizes: &Sizes) -> Store {
    let mut store = Store::default();
    let mut history = vec![
        json!({"role": "system", "content": words(sizes.system, 9000)}),
        json!({"role": "user", "content": [{"type": "text", "text": words(300, 9001)}]}),
    ];
    let tools: Vec<String> =
        tools().as_array().expect("a list").iter().map(Value::to_string).collect();
    for step in steps(sizes) {
        let calls =
            json!([{"toolCallId": step.call, "toolName": "search_1", "input": step.arguments}]);
        let mut texts = vec![Value::Array(history.clone()).to_string()];
        texts.extend(tools.clone());
        texts.extend([step.thought.clone(), calls.to_string()]);
        store.put(&texts);
        history.push(json!({"role": "assistant", "content": [{"type": "text", "text": step.thought},
            {"type": "tool-call", "toolCallId": step.call, "toolName": "search_1", "input": step.arguments}]}));
        history.push(
            json!({"role": "tool", "content": [{"type": "tool-result", "toolCallId": step.call,
            "toolName": "search_1", "output": {"type": "text", "value": step.result}}]}),
        );
    }
    store
}

/// Every member of a message is an attribute; only values are content.
fn openinference(sizes: &Sizes) -> Store {
    let mut store = Store::default();
    let mut history =
        vec!["system".to_owned(), words(sizes.system, 9000), "user".to_owned(), words(300, 9001)];
    let tools: Vec<String> =
        tools().as_array().expect("a list").iter().map(Value::to_string).collect();
    for step in steps(sizes) {
        let answer = [
            "assistant".to_owned(),
            step.thought,
            step.call.clone(),
            "search_1".to_owned(),
            step.arguments.to_string(),
        ];
        store.put(&[&history[..], &tools[..], &answer[..]].concat());
        history.extend(answer);
        history.extend(["tool".to_owned(), step.call, step.result]);
    }
    store
}

/// Stores the conversation in every encoding; each has to store at most `1 / least`.
fn check(sizes: &Sizes, least: f64) -> String {
    let stores = [
        ("gen_ai", gen_ai(sizes)),
        ("openai (langfuse)", openai(sizes)),
        ("vercel", vercel(sizes)),
        ("openinference", openinference(sizes)),
    ];
    let mut lines = String::new();
    for (encoding, store) in stores {
        let (factor, line) = store.report(encoding);
        assert!(factor >= least, "{line}");
        lines += &line;
    }
    lines
}

#[test]
fn a_hundred_turns_with_full_history_store_a_twentieth() {
    insta::assert_snapshot!("stored_agent", check(&AGENT, 20.0));
}

#[test]
fn terse_turns_come_near_because_lists_of_pieces_repeat_as_well() {
    insta::assert_snapshot!("stored_terse", check(&TERSE, 15.0));
}
