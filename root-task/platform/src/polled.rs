//! Printing on a UART that nobody drives: polled, set up as firmware or a driver left it.

use crate::UartKind;

/// A UART's registers. Reads give nothing where nothing can be reached.
pub trait Registers {
    /// Reads the register of 8 bits at `offset`.
    fn read8(&mut self, offset: u16) -> Option<u8>;
    /// Writes it.
    fn write8(&mut self, offset: u16, value: u8);
    /// Reads the register of 32 bits at `offset`.
    fn read32(&mut self, offset: u16) -> Option<u32>;
    /// Writes it.
    fn write32(&mut self, offset: u16, value: u32);
}

/// How often a UART is asked whether it takes more: one that never does is absent or broken.
const PATIENCE: u32 = 100_000;

/// Prints, if there is a UART that takes it.
pub fn put(kind: UartKind, bytes: &[u8], uart: &mut impl Registers) {
    match kind {
        UartKind::Ns16550 => ns16550(bytes, uart),
        UartKind::Pl011 => pl011(bytes, uart),
    }
}

/// National Semiconductor PC16550D data sheet, 8.4: when the transmitter is empty its FIFO takes 16 bytes.
fn ns16550(bytes: &[u8], uart: &mut impl Registers) {
    const LINE_STATUS: u16 = 5;
    const EMPTY: u8 = 1 << 5;
    for chunk in bytes.chunks(16) {
        if !(0..PATIENCE).any(|_| uart.read8(LINE_STATUS).is_some_and(|status| status & EMPTY != 0)) {
            return;
        }
        for byte in chunk {
            uart.write8(0, *byte);
        }
    }
}

/// Arm DDI 0183G, 3.3.1 and 3.3.3.
fn pl011(bytes: &[u8], uart: &mut impl Registers) {
    const FLAGS: u16 = 0x18;
    const TRANSMIT_FULL: u32 = 1 << 5;
    for byte in bytes {
        if !(0..PATIENCE).any(|_| uart.read32(FLAGS).is_some_and(|flags| flags & TRANSMIT_FULL == 0)) {
            return;
        }
        uart.write32(0, (*byte).into());
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    /// A UART that is full at every second look, or for good.
    struct Fake {
        looks: u32,
        stuck: bool,
        sent: Vec<u8>,
    }

    impl Fake {
        fn ready(&mut self) -> bool {
            self.looks += 1;
            !self.stuck && self.looks.is_multiple_of(2)
        }
    }

    impl Registers for Fake {
        fn read8(&mut self, offset: u16) -> Option<u8> {
            assert_eq!(offset, 5);
            Some(if self.ready() { 0x20 } else { 0 })
        }

        fn write8(&mut self, offset: u16, value: u8) {
            assert_eq!(offset, 0);
            self.sent.push(value);
        }

        fn read32(&mut self, offset: u16) -> Option<u32> {
            assert_eq!(offset, 0x18);
            Some(if self.ready() { 0 } else { 0x20 })
        }

        fn write32(&mut self, offset: u16, value: u32) {
            self.write8(offset, value as u8);
        }
    }

    #[test]
    fn all_is_sent_when_there_is_room() {
        for (kind, looks) in [(UartKind::Ns16550, 6), (UartKind::Pl011, 80)] {
            let mut uart = Fake { looks: 0, stuck: false, sent: Vec::new() };
            put(kind, &[7; 40], &mut uart);
            assert_eq!((uart.sent.len(), uart.looks), (40, looks), "{kind:?}");
        }
    }

    #[test]
    fn a_broken_uart_stops_nobody() {
        for kind in [UartKind::Ns16550, UartKind::Pl011] {
            let mut uart = Fake { looks: 0, stuck: true, sent: Vec::new() };
            put(kind, b"text", &mut uart);
            assert_eq!((uart.sent.len(), uart.looks), (0, PATIENCE));
        }
    }
}
