//! The command line of hypOS: reads objects, verifies and loads their programs, and looks into a device.
#![forbid(unsafe_code)]

pub mod bytes;
pub mod cli;
pub mod client;
pub mod commands;
pub mod device;
pub mod elf;
mod helper_names;
pub mod output;
pub mod target;
pub mod units;
pub mod verdict;
