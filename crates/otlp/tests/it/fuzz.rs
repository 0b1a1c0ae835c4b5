//! Seeded damage to valid bodies: nothing panics, and what is admitted replays to the same rows.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use prost::Message;
use telltale_base::Signal;
use telltale_otlp::{Encoding, Limits, Masker};

use crate::arbitrary::{Doubles, logs, traces};
use crate::arbitrary_metrics::metrics;
use crate::flatten::{Records, records};
use crate::support::{MASKER, admit, context, context_with, encode};

/// One kind of damage.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Set(Index, u8),
    Cut(Index),
    Remove(Index, Index),
    Repeat(Index, Index, Index),
    Insert(Index, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        at().prop_map(Damage::Cut),
        (at(), at()).prop_map(|(a, b)| Damage::Remove(a, b)),
        (at(), at(), at()).prop_map(|(a, b, c)| Damage::Repeat(a, b, c)),
        (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, b)| Damage::Insert(at, b)),
    ]
}

impl Damage {
    fn apply(&self, body: &mut Vec<u8>) {
        let place = |index: &Index, body: &Vec<u8>| index.index(body.len() + 1);
        let range = |a: &Index, b: &Index, body: &Vec<u8>| {
            let (a, b) = (place(a, body), place(b, body));
            a.min(b)..a.max(b)
        };
        match self {
            _ if body.is_empty() => {}
            Self::Flip(at, bit) => *at.get_mut(body) ^= 1 << bit,
            Self::Set(at, byte) => *at.get_mut(body) = *byte,
            Self::Cut(at) => body.truncate(place(at, body)),
            Self::Remove(a, b) => drop(body.drain(range(a, b, body))),
            Self::Repeat(a, b, to) => {
                let piece = body[range(a, b, body)].to_vec();
                let to = place(to, body);
                body.splice(to..to, piece);
            }
            Self::Insert(at, bytes) => {
                let at = place(at, body);
                body.splice(at..at, bytes.clone());
            }
        }
    }
}

fn check(signal: Signal, encoding: Encoding, body: &[u8], masker: &Masker) {
    let tight = |limits: &mut Limits| {
        limits.attributes_max = 2;
        limits.value_bytes_max = 40;
        limits.depth_max = 1;
    };
    for context in [context(), context_with(tight)] {
        let body = Bytes::copy_from_slice(body);
        let Ok(admitted) = telltale_otlp::admit(signal, encoding, body, masker, &context) else {
            continue;
        };
        let replayed = telltale_otlp::decode(signal, &admitted.body, &context).unwrap();
        assert_eq!(replayed, admitted.batches);
        let refused: u64 = admitted.reasons.iter().map(|reason| reason.count).sum();
        assert_eq!(refused, admitted.rejected);
        let rows: usize = admitted.batches.iter().map(|(_, batch)| batch.num_rows()).sum();
        assert_eq!(rows as u64, admitted.accepted);
        for (table, batch) in &admitted.batches {
            let encoded = telltale_otlp::encode(*table, std::slice::from_ref(batch)).unwrap();
            let again = telltale_otlp::decode(signal, &encoded, &context).unwrap();
            let rows: usize = again.iter().map(|(_, batch)| batch.num_rows()).sum();
            assert_eq!(rows, batch.num_rows());
        }
    }
}

/// What `prost` can read we can read, and when nothing is refused it says the same.
fn check_against_prost(signal: Signal, body: &[u8]) {
    let Some((sent, debug)) = read_by_prost(signal, body) else { return };
    // Fields of profiles, which other signals must not use, and which columns have no place for.
    let of_profiles = debug.contains("Strindex(")
        || debug.split("key_strindex: ").skip(1).any(|rest| !rest.starts_with("0 "));
    if of_profiles {
        return;
    }
    match admit(signal, body.to_vec()) {
        Ok(admitted) if admitted.rejected == 0 => {
            assert_eq!(records(signal, &encode(&admitted)), sent);
        }
        Ok(_) => {}
        Err(error) => assert!(error.to_string().contains("wire type 3 is not used"), "{error}"),
    }
}

fn read_by_prost(signal: Signal, body: &[u8]) -> Option<(Records, String)> {
    let debug = match signal {
        Signal::Traces => format!("{:?}", ExportTraceServiceRequest::decode(body).ok()?),
        Signal::Logs => format!("{:?}", ExportLogsServiceRequest::decode(body).ok()?),
        Signal::Metrics => format!("{:?}", ExportMetricsServiceRequest::decode(body).ok()?),
    };
    Some((records(signal, body), debug))
}

fn any_body() -> impl Strategy<Value = (Signal, Vec<u8>, Vec<u8>)> {
    prop_oneof![
        traces(Doubles::Finite)
            .prop_map(|r| { (Signal::Traces, r.encode_to_vec(), serde_json::to_vec(&r).unwrap()) }),
        logs(Doubles::Finite)
            .prop_map(|r| { (Signal::Logs, r.encode_to_vec(), serde_json::to_vec(&r).unwrap()) }),
        metrics(Doubles::Finite).prop_map(|r| {
            (Signal::Metrics, r.encode_to_vec(), serde_json::to_vec(&r).unwrap())
        }),
    ]
}

proptest! {
    // Seeded, so that a failure is a failure for everybody; coverage-guided search is in `fuzz/`.
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(2),
        ..ProptestConfig::default()
    })]

    #[test]
    fn damaged_bodies_never_panic_and_replay_alike(
        (signal, protobuf, json) in any_body(),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        for (encoding, mut body) in [(Encoding::Protobuf, protobuf), (Encoding::Json, json)] {
            for damage in &damages {
                damage.apply(&mut body);
            }
            check(signal, encoding, &body, &MASKER);
                if encoding == Encoding::Protobuf {
                    check_against_prost(signal, &body);
                }
        }
    }

    #[test]
    fn noise_never_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for signal in Signal::ALL {
            check(signal, Encoding::Protobuf, &body, &Masker::off());
            check_against_prost(signal, &body);
            check(signal, Encoding::Json, &body, &Masker::off());
        }
    }
}
