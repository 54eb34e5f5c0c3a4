//! The root task: builds the services that the table names, then supervises them.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
extern crate alloc;

#[cfg(target_os = "none")]
mod machine;

/// On the host there is nothing to run.
#[cfg(not(target_os = "none"))]
fn main() {}
