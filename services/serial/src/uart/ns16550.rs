//! The 16550 UART (National Semiconductor PC16550D data sheet; numbers of sections are of its chapter 8).
//!
//! Here a register access is a system call, so they are saved where they can be: 16 bytes are written on one
//! look at the status, and a register that only this driver changes is never read back. The crate `uart_16550`
//! clears both FIFOs when it starts (bytes would be lost when the driver is built again), and its looks at the
//! line status forget the overruns that they clear; hence this driver.

use super::{FIFO, Uart};

/// The UART's eight registers.
pub trait Registers {
    /// Reads register `offset`.
    fn read(&mut self, offset: u16) -> u8;
    /// Writes register `offset`.
    fn write(&mut self, offset: u16, value: u8);
}

/// Receiver buffer (read) and transmitter holding register (write); divisor's low half while DLAB is set.
const DATA: u16 = 0;
/// Interrupt enable (8.7); divisor's high half while DLAB is set.
const INTERRUPT_ENABLE: u16 = 1;
const ON_RECEIVED: u8 = 1 << 0;
const ON_EMPTY: u8 = 1 << 1;
/// FIFO control (8.5), when written.
const FIFO_CONTROL: u16 = 2;
/// FIFOs on, interrupt at 14 received bytes or when they have waited for a while.
const FIFO_ON_AT_14: u8 = 0xc1;
/// Line control (8.1): 8 bits, no parity, one stop bit; and the bit that shows the divisor (DLAB).
const LINE_CONTROL: u16 = 3;
const EIGHT_N_ONE: u8 = 0x03;
const DIVISOR_SHOWN: u8 = 0x80;
/// Modem control (8.8): DTR, RTS, and OUT2, which on a PC lets the interrupt through.
const MODEM_CONTROL: u16 = 4;
const READY_AND_INTERRUPT: u8 = 0x0b;
/// Line status (8.4). Reading it clears the overrun.
const LINE_STATUS: u16 = 5;
const RECEIVED: u8 = 1 << 0;
const OVERRUN: u8 = 1 << 1;
const EMPTY: u8 = 1 << 5;
/// A byte of memory that does nothing (8.9).
const SCRATCH: u16 = 7;

/// A UART at 115,200 baud, 8N1.
#[derive(Debug)]
pub struct Ns16550<R> {
    registers: R,
    /// What the interrupt enable register holds.
    enabled: u8,
    overruns: u64,
}

impl<R: Registers> Ns16550<R> {
    /// Sets the UART up with its interrupts off; none if there is no UART: nobody answers there, and all reads
    /// give 0xff. Bytes that it received already stay.
    pub fn open(mut registers: R) -> Option<Self> {
        for pattern in [0x5a, 0xa5] {
            registers.write(SCRATCH, pattern);
            if registers.read(SCRATCH) != pattern {
                return None;
            }
        }
        registers.write(LINE_CONTROL, DIVISOR_SHOWN);
        registers.write(DATA, 1);
        registers.write(INTERRUPT_ENABLE, 0);
        registers.write(LINE_CONTROL, EIGHT_N_ONE);
        registers.write(INTERRUPT_ENABLE, 0);
        registers.write(FIFO_CONTROL, FIFO_ON_AT_14);
        registers.write(MODEM_CONTROL, READY_AND_INTERRUPT);
        Some(Self { registers, enabled: 0, overruns: 0 })
    }

    fn status(&mut self) -> u8 {
        let status = self.registers.read(LINE_STATUS);
        self.overruns += u64::from(status & OVERRUN != 0);
        status
    }
}

impl<R: Registers> Uart for Ns16550<R> {
    fn receive(&mut self, into: &mut [u8]) -> usize {
        for (n, byte) in into.iter_mut().enumerate() {
            if self.status() & RECEIVED == 0 {
                return n;
            }
            *byte = self.registers.read(DATA);
        }
        into.len()
    }

    fn can_send(&mut self) -> bool {
        self.status() & EMPTY != 0
    }

    fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().take(FIFO) {
            self.registers.write(DATA, byte);
        }
    }

    fn interrupt_on(&mut self, received: bool, can_send: bool) {
        let wanted = if received { ON_RECEIVED } else { 0 } | if can_send { ON_EMPTY } else { 0 };
        if wanted != self.enabled {
            self.registers.write(INTERRUPT_ENABLE, wanted);
            self.enabled = wanted;
        }
    }

    fn overruns(&self) -> u64 {
        self.overruns
    }
}

#[cfg(test)]
pub mod tests;
