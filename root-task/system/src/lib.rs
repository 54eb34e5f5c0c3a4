//! The table of who holds what.
#![no_std]
