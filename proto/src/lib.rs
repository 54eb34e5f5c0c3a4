//! The control protocol between a host and a device.
//!
//! `control.proto` is the one description; the build makes two forms of its messages, which encode to the
//! same bytes: `host` with growing containers (feature `host`), `device` with fixed ones and no allocation
//! (feature `device`). [`frame`] carries them over a byte stream.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "device")]
pub mod device;
pub mod frame;
#[cfg(feature = "host")]
pub mod host;

/// The version of the protocol's package, `hypos.control.v1`.
pub const VERSION: u32 = 1;
