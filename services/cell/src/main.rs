//! The cell's own program.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod service;

/// On the host there is nothing to run.
#[cfg(not(target_os = "none"))]
fn main() {}
