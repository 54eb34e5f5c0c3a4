//! COM1 by the kernel's I/O port invocations, and QEMU's way out: both work with release kernels too.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use sel4::init_thread::{Slot, slot};
use sel4::{cap, cap_type};

/// COM1 (National Semiconductor PC16550D data sheet): data, and the line status with bit 5 "transmitter empty".
const DATA: u16 = 0x3f8;
const LINE_STATUS: u16 = DATA + 5;
const EMPTY: u8 = 1 << 5;
/// A UART that is never empty is not there: its output is lost, but the run goes on.
const PATIENCE: usize = 10_000;

/// QEMU's isa-debug-exit: writing v ends it with status 2v + 1.
const EXIT: u16 = 0xf4;
const PASSED: u32 = 16;
const FAILED: u32 = 17;

/// Where the capabilities of the ports go, and whether they are there; the harness has the slot before.
const UART: Slot<cap_type::IOPort> = Slot::from_end(1);
const EXITS: Slot<cap_type::IOPort> = Slot::from_end(2);
static OPEN: AtomicBool = AtomicBool::new(false);

/// COM1's ports.
fn uart() -> cap::IOPort {
    if !OPEN.swap(true, Relaxed) {
        let _ = slot::IO_PORT_CONTROL.cap().ioport_control_issue(DATA, DATA + 7, &UART.absolute_cptr());
    }
    UART.cap()
}

/// Prints text.
pub fn write(text: &str) {
    let ports = uart();
    for byte in text.bytes() {
        for _ in 0..PATIENCE {
            if ports.ioport_in8(LINE_STATUS).is_ok_and(|status| status & EMPTY != 0) {
                break;
            }
        }
        // There is nowhere to report it to.
        let _ = ports.ioport_out8(DATA, byte);
    }
}

/// Ends QEMU; a real machine stops here.
pub fn exit(passed: bool) -> ! {
    let _ = slot::IO_PORT_CONTROL.cap().ioport_control_issue(EXIT, EXIT + 3, &EXITS.absolute_cptr());
    let _ = EXITS.cap().ioport_out32(EXIT, if passed { PASSED } else { FAILED });
    sel4::init_thread::suspend_self()
}
