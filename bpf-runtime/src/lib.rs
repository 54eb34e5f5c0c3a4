//! The eBPF engine: instruction set, verifier, interpreter, maps, helpers. It knows no operating system, and runs
//! and is tested on the host as on the device.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

extern crate alloc;
// The tests' common parts name it from outside, too.
#[cfg(test)]
extern crate self as bpf_runtime;

pub mod bundle;
pub mod errno;
pub mod helper;
pub mod hook;
pub mod interp;
pub mod isa;
pub mod jit;
pub mod map;
pub mod native;
pub mod verifier;
