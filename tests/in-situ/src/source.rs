//! A device that interrupts when it is told to: the console's UART, when it has sent all.

use platform::polled::Registers;
use platform::{PLATFORM, UartKind};
use sel4::{Result, Word};
use sel4_test_harness::Env;

use crate::console::{Uart, write};

/// Its interrupt.
pub const IRQ: Word = PLATFORM.console.irq as Word;

/// The UART's transmitter.
pub struct Source;

#[allow(clippy::unnecessary_wraps, clippy::unused_self)] // Elsewhere they can fail, and need it.
impl Source {
    pub fn open(_: &mut Env) -> Result<Self> {
        Ok(Self)
    }

    /// Interrupts.
    pub fn start(&self) -> Result<()> {
        match PLATFORM.console.kind {
            // An empty transmitter does (PC16550D data sheet, 8.7).
            UartKind::Ns16550 => Uart.write8(1, 2),
            UartKind::Pl011 => {
                // One that gets empty does (Arm DDI 0183G, 2.8.3 and 3.3.10).
                Uart.write32(0x38, 1 << 5);
                write("\n");
            }
        }
        Ok(())
    }

    /// Ends the cause of the interrupt.
    pub fn settle(&self) {
        match PLATFORM.console.kind {
            UartKind::Ns16550 => Uart.write8(1, 0),
            UartKind::Pl011 => {
                Uart.write32(0x38, 0);
                // Clears it (3.3.13).
                Uart.write32(0x44, 1 << 5);
            }
        }
    }

    pub fn close(self) -> Result<()> {
        Ok(())
    }
}
