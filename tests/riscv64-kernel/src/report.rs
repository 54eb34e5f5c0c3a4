//! What the checks found, on the console: a 16550 whose registers are mapped once and for all.

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sel4::Word;

/// Where the UART is mapped, from [`set_uart`] on.
static UART: AtomicU64 = AtomicU64::new(0);
static PASSED: AtomicU64 = AtomicU64::new(0);
static FAILED: AtomicU64 = AtomicU64::new(0);

/// From now on lines go to the UART whose registers are at this address.
pub fn set_uart(address: Word) {
    UART.store(address, Relaxed);
}

struct Uart;

impl Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        /// Line status, and its bit "transmitter holding register empty" (PC16550D data sheet, 8.4).
        const STATUS: Word = 5;
        const EMPTY: u8 = 0x20;
        let base = UART.load(Relaxed);
        if base == 0 {
            text.bytes().for_each(sel4::debug_put_char);
            return Ok(());
        }
        for byte in text.bytes() {
            // SAFETY: the UART's registers, mapped by the task for good; no Rust object lies there.
            unsafe {
                while ((base + STATUS) as *const u8).read_volatile() & EMPTY == 0 {}
                (base as *mut u8).write_volatile(byte);
            }
        }
        Ok(())
    }
}

/// Prints a line.
pub fn say(what: &str) {
    line(format_args!("{what}"));
}

/// Prints a line.
pub fn line(what: fmt::Arguments<'_>) {
    // The UART takes everything.
    let _ = writeln!(Uart, "{what}\r");
}

/// Counts and prints a check.
#[allow(clippy::needless_pass_by_value)] // Hundreds of checks of small values read better so.
pub fn check<T: PartialEq + fmt::Debug>(what: &str, got: T, want: T) {
    if got == want {
        PASSED.fetch_add(1, Relaxed);
        line(format_args!("ok {what}"));
    } else {
        FAILED.fetch_add(1, Relaxed);
        line(format_args!("FAILED {what}: {got:x?} instead of {want:x?}"));
    }
}

/// Something that has to work before anything can be checked: prints only if it did not.
pub fn need(what: &str, error: Word) {
    if error != 0 {
        check(what, error, 0);
    }
}

/// Says how it went.
pub fn end() {
    line(format_args!("checks {} passed, {} failed", PASSED.load(Relaxed), FAILED.load(Relaxed)));
}
