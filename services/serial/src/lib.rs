//! The serial driver.
#![no_std]
