//! Runs hypOS in QEMU and tests it end to end.
#![no_std]
