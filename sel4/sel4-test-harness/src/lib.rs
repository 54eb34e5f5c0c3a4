//! Tests that run on the kernel, inside the root task.
//!
//! ```ignore
//! use sel4_test_harness::{Env, test};
//!
//! #[test]
//! fn an_endpoint_can_be_made(env: &mut Env) -> sel4::Result<()> {
//!     env.alloc_object(&ObjectBlueprint::Endpoint)?;
//!     Ok(())
//! }
//!
//! #[test(should_fault = "VmFault")]
//! fn null_is_not_mapped(_: &mut Env) { /* reads address 0 */ }
//! ```
//!
//! A test runs in a thread of its own. It may return (nothing, or a `Result`), panic, fault or hang: its
//! expectation says which of these is right (`should_panic`, `should_fault`, `should_error`, `should_hang`; a
//! text must be part of the panic's or error's, or be the fault's name). Its [`Env`] has untyped memory and
//! empty slots. Afterwards all of that memory is revoked. A slot that is not empty then holds something that
//! the test took from elsewhere and did not give back: such a leak fails the test (unless it is one that panics,
//! faults or hangs as expected, and could not clean up).
//!
//! # What a run prints
//!
//! Verdicts stand in frames that start with the byte 0x02 and end with the byte 0x03 (a line feed follows).
//! Whatever else the program prints goes through [`print`], which replaces these two bytes: it can't fake a
//! verdict. In order, each once per test but the first and the last:
//!
//! ```text
//! <02>tests N<03>                  N tests follow, sorted by name
//! <02>begin NAME<03>               whatever comes up to the next frame is this test's output
//! <02>ok NAME<03>                  or
//! <02>failed NAME: REASON<03>      REASON in one line
//! <02>end PASSED FAILED<03>        the run is complete; without it, the last test that began stopped it
//! ```
//!
//! Then the exit hook is called, which ends the machine.
#![no_std]

mod case;
mod device;
mod env;
mod report;
mod supervisor;
mod thread;

#[cfg_attr(target_arch = "riscv64", path = "arch/riscv64.rs")]
#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "arch/aarch64.rs")]
mod arch;

pub use case::{Expect, TestCase, TestResult};
pub use device::Registers;
pub use env::Env;
pub use report::{line, print};
pub use sel4_test_harness_macros::test;

use sel4::BootInfoPtr;

/// How long a test may take when it does not say, in milliseconds.
pub const DEFAULT_BUDGET_MS: u32 = 5000;

/// What a run needs of the program that it is part of.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// Prints text on the console that the runner reads.
    pub write: fn(&str),
    /// Ends the machine; says whether all tests passed.
    pub exit: fn(bool) -> !,
}

/// Runs all tests of the program, and ends.
pub fn run(bootinfo: &BootInfoPtr, hooks: Hooks) -> ! {
    report::set(hooks.write);
    sel4_panicking::set_sink(report::print_and_keep);
    sel4_panicking::set_abort_hook(thread::aborted);
    let passed = match supervisor::run(bootinfo) {
        Ok(passed) => passed,
        Err(error) => {
            report::line(format_args!("the harness can't work: {error}"));
            false
        }
    };
    (hooks.exit)(passed)
}

/// Prints a line, as a test's output.
#[macro_export]
macro_rules! println {
    ($($arg:tt)*) => { $crate::line(::core::format_args!($($arg)*)) };
}
