//! The columns of `calls`.

use super::{Table, table};

table! {
    /// One provider call on its way into the table.
    row CallRow;
    /// Builds batches of `calls`.
    builder CallsBuilder for Table::Calls;
    date_source: OptText(fixed) = "`arrival` when `date` is the day of arrival because the call's own time is older than retention or over a day ahead; else null.",
    trace_id: OptId(fixed) = "Trace of the record that bears the call (16 bytes; hex in SQL); null when it has none.",
    span_id: OptId(fixed) = "Span of the record that bears the call (8 bytes; hex in SQL); null when it has none.",
    signal: Text(fixed) = "The signal that bears the call: `span`, `log` or `metric`.",
    service_name: SharedText(fixed) = "`service.name` of the record that bears the call; empty when the client sent none.",
    start_time: Time(fixed) = "When the call started, to the microsecond.",
    start_unix_nano: Int(fixed) = "When the call started, in nanoseconds since 1970.",
    duration_ns: Int = "How long the call took, in nanoseconds.",
    calls: OptInt = "How many calls the row stands for: 1, or as many as a metric counted; null when the metric does not say.",
    failed: OptBool = "Whether the call failed.",
    client: OptText = "The family of telemetry that bears the call: `openinference`, `langfuse`, `otel`, ...",
    operation: OptText = "What the call did, as `gen_ai.operation.name` says: `chat`, `embeddings`, ...",
    provider: OptText = "Who served the model, as `gen_ai.provider.name` says.",
    model: OptText = "The model that answered, or else the one that was asked for.",
    request_model: OptText = "The model that was asked for.",
    response_model: OptText = "The model that answered.",
    response_id: OptText = "The provider's id of the answer.",
    conversation_id: OptText = "The conversation, session or thread of the call.",
    user_id: OptText = "The end user.",
    agent_name: OptText = "Name of the agent, where the call's own records say it.",
    workflow_name: OptText = "Name of the workflow, where the call's own records say it.",
    prompt_name: OptText = "Name of the prompt template.",
    prompt_version: OptText = "Version of the prompt template.",
    finish_reasons: OptText = "Why the model stopped, one a choice, joined by commas.",
    ttft_ms: OptFloat = "Milliseconds from the request to the first part of the answer.",
    usage_source: Text = "`reported` when a record says what was used, `missing` when none does: then all counts are null.",
    input_tokens: OptInt = "All input tokens: the sum of fresh input, cache reads and writes, audio and images.",
    fresh_input_tokens: OptInt = "Input tokens that came from no cache and went to none; audio and images apart.",
    cache_read_tokens: OptInt = "Input tokens read from a cache.",
    cache_write_tokens: OptInt = "Input tokens written to a cache, for whatever time.",
    cache_write_1h_tokens: OptInt = "Of those, tokens written for an hour.",
    audio_input_tokens: OptInt = "Input tokens of audio.",
    image_input_tokens: OptInt = "Input tokens of images.",
    output_tokens: OptInt = "All output tokens, reasoning included.",
    reasoning_tokens: OptInt = "Output tokens of reasoning.",
    audio_output_tokens: OptInt = "Output tokens of audio.",
    image_output_tokens: OptInt = "Output tokens of images.",
    cost_nano_usd: OptInt = "What the call cost, in billionths of a US dollar; null when it has no usage or no price.",
    price_source: OptText = "`table`, `override`, or `unpriced` when no price is known; null when there is no usage to price.",
    price: OptText = "Which price was applied, or why there is none.",
    evidence: Text = "JSON: the records that report the call (`bearer`, `reports`, as signal and `record_id`), the attributes that the counts came from, and what was adjusted.",
}
