//! The pure half of the root task: what is made from what. Everything here runs and is tested on the host;
//! the half that makes system calls is the program in `main.rs`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod elf;
pub mod plan;
