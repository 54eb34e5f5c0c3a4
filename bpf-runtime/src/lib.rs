//! The eBPF engine: verifier, interpreter, maps, helpers.
#![no_std]
