//! Any bytes as a body of any signal: nothing panics, and what is admitted replays to equal rows.
//! The seeded tests in `tests/it/fuzz.rs` hold the same promise on stable; this looks further.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use telltale_base::{Signal, UnixNanos};
use telltale_genai::Rules;
use telltale_otlp::{Context, Encoding, Limits, Masker};

static MASKER: LazyLock<Masker> = LazyLock::new(Masker::builtin);

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let signal = Signal::ALL[usize::from(choice % 3)];
    let encoding = if choice & 0x80 == 0 { Encoding::Protobuf } else { Encoding::Json };
    let context = Context {
        arrival: UnixNanos(1_767_323_045_000_000_000),
        retention: None,
        limits: Limits::default(),
        rules: Rules::shared(),
    };
    let body = Bytes::copy_from_slice(body);
    if let Ok(admitted) = telltale_otlp::admit(signal, encoding, body, &MASKER, &context) {
        let replayed = telltale_otlp::decode(signal, &admitted.body, &context).unwrap();
        assert_eq!(replayed, admitted.batches);
    }
});
