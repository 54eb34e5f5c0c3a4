//! Runs verified programs.
#![no_std]
