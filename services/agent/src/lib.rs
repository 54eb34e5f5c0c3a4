//! The BPF control plane: takes requests from the host, verifies programs, makes maps, attaches.
//!
//! [`Agent`] is all of it but the byte streams and system calls, which [`Board`] stands for; it runs and is
//! tested on the host.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod attach;
mod load;
mod needs;
mod pages;
mod serve;
mod show;
mod state;
mod trace;

pub use needs::*;
pub use state::{Agent, Board, Memory};

#[cfg(test)]
mod tests;
