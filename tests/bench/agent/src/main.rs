//! Benchmarks of cells, what stands in the agent's place: see `service.rs`.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

#[cfg(target_os = "none")]
mod service;

/// On the host there is nothing to run.
#[cfg(not(target_os = "none"))]
fn main() {}
