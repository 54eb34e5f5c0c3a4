//! The board's console, polled, and the way out of QEMU: both work with release kernels too.

use platform::polled::{self, Registers as _};
use platform::{PLATFORM, Place, UartKind};
use sel4::{BootInfo, Result};
use sel4_test_harness::Registers;

use crate::arch;

/// The status with which QEMU ends: odd, as one of the ways out has it.
const PASSED: u32 = 33;
const FAILED: u32 = 35;

static REGISTERS: Registers = Registers::new();

/// Maps what the console and the exit need.
pub fn open(bootinfo: BootInfo) -> Result<()> {
    arch::open(bootinfo)?;
    if let Some((page, _)) = PLATFORM.console.at.page() {
        REGISTERS.map(bootinfo, page)?;
    }
    if PLATFORM.console.kind == UartKind::Ns16550 {
        // The FIFOs, which printing relies on (National Semiconductor PC16550D data sheet, 8.5).
        Uart.write8(2, 1);
    }
    Ok(())
}

/// Prints text.
pub fn write(text: &str) {
    polled::put(PLATFORM.console.kind, text.as_bytes(), &mut Uart);
}

/// Ends QEMU; a real machine stops here.
pub fn exit(passed: bool) -> ! {
    arch::exit(if passed { PASSED } else { FAILED });
    sel4::init_thread::suspend_self()
}

/// The UART's registers: ports, or memory.
pub struct Uart;

/// Where a register lies in the page.
fn at(offset: u16) -> usize {
    PLATFORM.console.at.page().map_or(0, |(_, first)| first) + usize::from(offset)
}

impl polled::Registers for Uart {
    fn read8(&mut self, offset: u16) -> Option<u8> {
        match PLATFORM.console.at {
            Place::Ports(first) => arch::port_in(first + offset),
            Place::Mmio(_) => Some(REGISTERS.read8(at(offset))),
        }
    }

    fn write8(&mut self, offset: u16, value: u8) {
        match PLATFORM.console.at {
            Place::Ports(first) => arch::port_out(first + offset, value),
            Place::Mmio(_) => REGISTERS.write8(at(offset), value),
        }
    }

    fn read32(&mut self, offset: u16) -> Option<u32> {
        Some(REGISTERS.read32(at(offset)))
    }

    fn write32(&mut self, offset: u16, value: u32) {
        REGISTERS.write32(at(offset), value);
    }
}
