//! What the fuzzer runs: each target takes any bytes and panics if a promise is broken. `fuzz/` gives them to libFuzzer,
//! `tests/` runs a fixed number of cases of each.
#![deny(unsafe_code)]

// The engine's own tests' maps, assembler, generator of programs, and how they run compiled code and rbpf.
#[allow(missing_docs, reason = "tests have no readers from outside")]
#[allow(clippy::missing_panics_doc, reason = "a mistake in a test ends it")]
#[path = "../../../bpf-runtime/tests/common/mod.rs"]
mod common;
#[allow(missing_docs, clippy::missing_panics_doc, clippy::missing_errors_doc, reason = "as above")]
#[allow(unsafe_code, reason = "compiled code is run")]
#[path = "../../../bpf-runtime/tests/compiled/mod.rs"]
mod compiled;
mod map;
pub mod mutate;
#[allow(missing_docs, reason = "as above")]
#[allow(unsafe_code, reason = "helpers of compiled code work on addresses")]
#[path = "../../../bpf-runtime/tests/peer/mod.rs"]
mod peer;
mod targets;

pub use common::assemble;
pub use map::map;
pub use targets::{TARGETS, Target, bundle, elf, engines, program, verifier};
