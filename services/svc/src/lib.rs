//! Runtime of a service: where it starts, how it speaks, what it logs, how it dies.
//!
//! ```ignore
//! svc::service!(main);
//!
//! fn main() -> ! {
//!     svc::ready();
//!     loop {
//!         let bits = svc::wait(EVENTS);
//!         // ...
//!     }
//! }
//! ```
//!
//! The root task loads the service's ELF, maps its stack, IPC buffer and shared memory where `caps::standard`
//! and its needs say, and starts it at `_start` with the stack pointer as after a call. A service that faults or panics
//! is built again: its own memory starts from the ELF, shared memory keeps its content.
//!
//! This crate is where the services' `unsafe` lives: their own code needs none.
#![no_std]
// A system call is one instruction, a call around it would cost more than it.
#![allow(clippy::inline_always)]
#![cfg(target_os = "none")]

#[cfg_attr(target_arch = "riscv64", path = "arch/riscv64.rs")]
#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "arch/aarch64.rs")]
mod arch;
pub mod clock;
mod heap;
mod ipc;
mod logger;
mod memory;
mod start;

pub use arch::{Comparator, Ports};
pub use heap::Heap;
pub use ipc::{
    FIRST_SIGNAL_BIT, Message, Received, Server, ServerRestarted, acknowledge, call, poll, signal, tell,
    wait, yield_now,
};
pub use memory::{Mmio, counters, region};
pub use report::counters::CALL_FAILED;
pub use start::{ready, start};

/// Makes the function of this name, `fn() -> !`, what the service runs.
#[macro_export]
macro_rules! service {
    ($main:ident) => {
        /// Where the root task starts the service.
        // SAFETY: the one `_start` of the program; nothing else has this name.
        #[unsafe(no_mangle)]
        pub extern "C" fn _start() -> ! {
            $crate::start($main)
        }
    };
}

/// Makes the function of this name, `fn() -> !`, what a domain runs that has less than a service: no log, no counters, no IPC
/// buffer.
#[macro_export]
macro_rules! domain {
    ($main:ident) => {
        /// Where the root task starts the domain.
        // SAFETY: the one `_start` of the program; nothing else has this name.
        #[unsafe(no_mangle)]
        pub extern "C" fn _start() -> ! {
            $main()
        }
    };
}

/// Gives the service a heap of so many bytes. A service that allocates nothing, but links a library that could,
/// has one of 0 bytes.
#[macro_export]
macro_rules! heap {
    ($bytes:expr) => {
        #[global_allocator]
        static HEAP: $crate::Heap<{ $bytes }> = $crate::Heap::new();
    };
}
