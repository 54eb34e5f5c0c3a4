//! The eBPF engine: instruction set, verifier, interpreter, maps, helpers. It knows no operating system, and runs
//! and is tested on the host as on the device.
#![no_std]
#![deny(unsafe_code)]

extern crate alloc;

pub mod bundle;
pub mod errno;
pub mod helper;
pub mod hook;
pub mod interp;
pub mod isa;
pub mod map;
pub mod verifier;
