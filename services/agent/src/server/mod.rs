//! The control plane. [`Agent`] is all of it but the byte streams and system calls, which [`Board`] stands for; it
//! runs and is tested on the host.
#![allow(
    clippy::result_large_err,
    reason = "an error's text is part of the answer; a heap may be out of memory"
)]

mod attach;
mod entry;
mod events;
mod load;
mod maps;
mod pages;
mod place;
mod recover;
mod replace;
mod restart;
mod serve;
mod show;
mod state;
mod stopped;
mod trace;
#[cfg(feature = "unverified")]
mod unverified;

pub use state::{Agent, Board, Memory};
#[cfg(feature = "unverified")]
pub use unverified::WARNING;

#[cfg(test)]
mod tests;
