//! Runtime of a service.
#![no_std]
