//! What the fuzzer runs: each target takes any bytes and panics if a promise is broken. `fuzz/` gives them to libFuzzer,
//! `tests/` runs a fixed number of cases of each.
#![forbid(unsafe_code)]

// The engine's own tests' maps, assembler and generator of programs.
#[allow(missing_docs, reason = "tests have no readers from outside")]
#[allow(clippy::missing_panics_doc, reason = "a mistake in a test ends it")]
#[path = "../../../bpf-runtime/tests/common/mod.rs"]
mod common;
pub mod mutate;
mod targets;

pub use common::assemble;
pub use targets::{TARGETS, Target, bundle, elf, program, verifier};
