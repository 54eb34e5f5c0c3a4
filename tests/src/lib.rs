//! What the tests share: hypOS running in QEMU, its console, its control socket, and faults put into it.
#![forbid(unsafe_code)]

pub mod bench;
pub mod bpf;
pub mod chaos;
pub mod control;
pub mod fault;
pub mod gdb;
mod hypctl;
pub mod qemu;
pub mod tools;

pub use qemu::{Options, System};
