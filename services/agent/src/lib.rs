//! The BPF control plane: takes requests from the host, verifies programs, makes maps, attaches.
//!
//! The feature `server` is the control plane itself; without it the library is what the table needs to know.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "server")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod needs;
#[cfg(feature = "server")]
pub mod server;

pub use needs::*;
