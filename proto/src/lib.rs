//! The control protocol.
#![no_std]
