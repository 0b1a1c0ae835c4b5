//! What tests, benchmarks and the demo share: a clock that turns, a file system that fails, and
//! generated OTLP traffic. It must never be linked into the product.

#![forbid(unsafe_code)]

mod clock;
pub mod fault_fs;
pub mod otlp_gen;
mod rng;

pub use clock::FakeClock;
pub use fault_fs::{Fault, FaultFs, Kind, Operation};
pub use otlp_gen::{GenConfig, GenSpan, Mix, Model, OtlpGen};
pub use rng::Rng;
