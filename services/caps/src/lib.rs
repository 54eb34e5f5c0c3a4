//! The words of the capability table.
#![no_std]
