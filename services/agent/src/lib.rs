//! The BPF control plane.
#![no_std]
