//! Counters of all services.
#![no_std]
