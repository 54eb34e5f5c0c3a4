//! The PL011 UART (Arm DDI 0183G; numbers of sections are of its chapter 3). Speed is left as firmware set it: it depends
//! on a clock that only the board knows.

use super::{FIFO, Uart};

/// The UART's registers, 32 bits each.
pub trait Registers {
    /// Reads the register at `offset`.
    fn read(&mut self, offset: u16) -> u32;
    /// Writes the register at `offset`.
    fn write(&mut self, offset: u16, value: u32);
}

/// Data (3.3.1); read, it also says whether bytes before it were lost.
const DATA: u16 = 0x00;
const OVERRUN: u32 = 1 << 11;
/// Flags (3.3.3).
const FLAGS: u16 = 0x18;
const RECEIVE_EMPTY: u32 = 1 << 4;
const TRANSMIT_EMPTY: u32 = 1 << 7;
/// Line control (3.3.7): 8 bits, no parity, one stop bit, FIFOs on.
const LINE_CONTROL: u16 = 0x2c;
const EIGHT_N_ONE_FIFO: u32 = 0b111 << 4;
/// Control (3.3.8).
const CONTROL: u16 = 0x30;
const ENABLE: u32 = 1 << 0 | 1 << 8 | 1 << 9;
/// Levels at which the FIFOs interrupt (3.3.9): the transmitter's when it is nearly empty, the receiver's when it is half
/// full.
const LEVELS: u16 = 0x34;
const EIGHTH_AND_HALF: u32 = 0b010 << 3;
/// Interrupt mask (3.3.10), and what takes an interrupt back (3.3.13).
const MASK: u16 = 0x38;
const CLEAR: u16 = 0x44;
/// The receiver's interrupt and that of bytes which have waited for a while (2.8.3).
const ON_RECEIVED: u32 = 1 << 4 | 1 << 6;
const ON_SENT: u32 = 1 << 5;
/// Identification (3.3.19): each of the four has one byte.
const CELL_ID: [u16; 4] = [0xff0, 0xff4, 0xff8, 0xffc];
const PRIME_CELL: [u32; 4] = [0x0d, 0xf0, 0x05, 0xb1];

/// A UART.
#[derive(Debug)]
pub struct Pl011<R> {
    registers: R,
    /// What the interrupt mask holds.
    enabled: u32,
    overruns: u64,
}

impl<R: Registers> Pl011<R> {
    /// Sets the UART up with its interrupts off; none if there is none. Bytes that it received already stay, unless it
    /// was not on.
    pub fn open(mut registers: R) -> Option<Self> {
        if CELL_ID.map(|offset| registers.read(offset) & 0xff) != PRIME_CELL {
            return None;
        }
        registers.write(MASK, 0);
        let on = registers.read(CONTROL) & ENABLE == ENABLE
            && registers.read(LINE_CONTROL) & EIGHT_N_ONE_FIFO == EIGHT_N_ONE_FIFO;
        if !on {
            // The line control is not to be changed while it is on.
            registers.write(CONTROL, 0);
            registers.write(LINE_CONTROL, EIGHT_N_ONE_FIFO);
            registers.write(CONTROL, ENABLE);
        }
        registers.write(LEVELS, EIGHTH_AND_HALF);
        Some(Self { registers, enabled: 0, overruns: 0 })
    }
}

impl<R: Registers> Uart for Pl011<R> {
    fn receive(&mut self, into: &mut [u8]) -> usize {
        for (n, byte) in into.iter_mut().enumerate() {
            if self.registers.read(FLAGS) & RECEIVE_EMPTY != 0 {
                return n;
            }
            let data = self.registers.read(DATA);
            self.overruns += u64::from(data & OVERRUN != 0);
            *byte = data as u8;
        }
        into.len()
    }

    fn can_send(&mut self) -> bool {
        self.registers.read(FLAGS) & TRANSMIT_EMPTY != 0
    }

    fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().take(FIFO) {
            self.registers.write(DATA, byte.into());
        }
    }

    fn interrupt_on(&mut self, received: bool, can_send: bool) {
        let wanted = if received { ON_RECEIVED } else { 0 } | if can_send { ON_SENT } else { 0 };
        if wanted != self.enabled {
            self.registers.write(MASK, wanted);
            if !can_send {
                // It stays raised otherwise, for want of bytes that would fill the FIFO again (2.8.2).
                self.registers.write(CLEAR, ON_SENT);
            }
            self.enabled = wanted;
        }
    }

    fn overruns(&self) -> u64 {
        self.overruns
    }
}

#[cfg(test)]
mod tests;
