//! Clock and timers.
#![no_std]
