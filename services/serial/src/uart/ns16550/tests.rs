//! The driver on a model of a 16550, which `crate::driver`'s tests use too.

extern crate std;
use core::cell::RefCell;
use std::{collections::VecDeque, rc::Rc, vec::Vec};

use super::*;

/// What the model holds; shared, so that a test can be the other end of the wire.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // lines of a chip are bits
pub struct Chip {
    /// Not there at all.
    pub absent: bool,
    /// Received and not yet taken.
    pub received: VecDeque<u8>,
    /// Written and not yet on the wire.
    pub fifo: VecDeque<u8>,
    /// On the wire.
    pub sent: Vec<u8>,
    /// The transmitter does not get on.
    pub stuck: bool,
    overrun: bool,
    empty_pending: bool,
    registers: [u8; 8],
    /// Register accesses.
    pub accesses: usize,
    /// A byte arrives right after so many accesses.
    pub arrival: Option<(usize, u8)>,
    /// Rising edges of the interrupt line.
    pub edges: usize,
    high: bool,
}

/// A 16550.
#[derive(Clone, Default)]
pub struct Fake(pub Rc<RefCell<Chip>>);

impl Chip {
    /// A byte arrives.
    pub fn arrive(&mut self, byte: u8) {
        if self.received.len() < FIFO {
            self.received.push_back(byte);
        } else {
            self.overrun = true;
        }
        self.update();
    }

    /// The transmitter works off its FIFO, unless it is stuck.
    pub fn transmit(&mut self) {
        if !self.stuck && !self.fifo.is_empty() {
            self.sent.extend(self.fifo.drain(..));
            self.empty_pending = true;
        }
        self.update();
    }

    fn pending(&self) -> bool {
        self.registers[1] & ON_RECEIVED != 0 && !self.received.is_empty()
            || self.registers[1] & ON_EMPTY != 0 && self.empty_pending
    }

    fn accessed(&mut self) {
        self.accesses += 1;
        if let Some((at, byte)) = self.arrival
            && at == self.accesses
        {
            self.arrive(byte);
        }
        self.update();
    }

    fn update(&mut self) {
        let high = self.pending() && self.registers[4] & 8 != 0;
        self.edges += usize::from(high && !self.high);
        self.high = high;
    }
}

impl Registers for Fake {
    fn read(&mut self, offset: u16) -> u8 {
        let mut chip = self.0.borrow_mut();
        if chip.absent {
            return 0xff;
        }
        let value = match offset {
            DATA => chip.received.pop_front().unwrap_or(0),
            LINE_STATUS => {
                let overrun = core::mem::take(&mut chip.overrun);
                u8::from(!chip.received.is_empty())
                    | u8::from(overrun) << 1
                    | if chip.fifo.is_empty() { EMPTY } else { 0 }
            }
            _ => chip.registers[usize::from(offset)],
        };
        chip.accessed();
        value
    }

    fn write(&mut self, offset: u16, value: u8) {
        let mut chip = self.0.borrow_mut();
        let divisor = chip.registers[3] & DIVISOR_SHOWN != 0;
        match offset {
            DATA if !divisor => {
                assert!(chip.fifo.len() < FIFO, "the transmitter's FIFO runs over");
                chip.fifo.push_back(value);
                chip.empty_pending = false;
            }
            INTERRUPT_ENABLE if divisor => {}
            INTERRUPT_ENABLE => {
                let on = value & ON_EMPTY != 0 && chip.registers[1] & ON_EMPTY == 0;
                chip.empty_pending |= on && chip.fifo.is_empty();
                chip.registers[1] = value;
            }
            FIFO_CONTROL => assert_eq!(value & 6, 0, "FIFOs are cleared, bytes are lost"),
            _ => chip.registers[usize::from(offset)] = value,
        }
        chip.accessed();
    }
}

#[test]
fn an_absent_uart_is_found_out() {
    let fake = Fake::default();
    fake.0.borrow_mut().absent = true;
    assert!(Ns16550::open(fake).is_none());
}

#[test]
fn bytes_go_both_ways() {
    let fake = Fake::default();
    (b'a'..=b'e').for_each(|byte| fake.0.borrow_mut().arrive(byte));
    let mut uart = Ns16550::open(fake.clone()).unwrap();
    let mut got = [0; 8];
    assert_eq!(uart.receive(&mut got[..3]), 3);
    assert_eq!(uart.receive(&mut got[3..]), 2);
    assert_eq!(&got[..5], b"abcde");
    assert!(uart.can_send());
    uart.send(b"twenty bytes, of which sixteen are sent");
    assert!(!uart.can_send());
    fake.0.borrow_mut().transmit();
    assert!(uart.can_send());
    assert_eq!(fake.0.borrow().sent, b"twenty bytes, of");
}

#[test]
fn sixteen_bytes_cost_seventeen_accesses() {
    let fake = Fake::default();
    let mut uart = Ns16550::open(fake.clone()).unwrap();
    uart.interrupt_on(true, false);
    let before = fake.0.borrow().accesses;
    assert!(uart.can_send());
    uart.send(&[0; FIFO]);
    uart.interrupt_on(true, false);
    assert_eq!(fake.0.borrow().accesses - before, 17);
}

#[test]
fn overruns_are_counted() {
    let fake = Fake::default();
    let mut uart = Ns16550::open(fake.clone()).unwrap();
    (0..17).for_each(|byte| fake.0.borrow_mut().arrive(byte));
    assert_eq!(uart.receive(&mut [0; 32]), 16);
    assert_eq!(uart.overruns(), 1);
}

#[test]
fn interrupts_come_when_they_are_wanted() {
    let fake = Fake::default();
    let mut uart = Ns16550::open(fake.clone()).unwrap();
    let edges = || fake.0.borrow().edges;
    fake.0.borrow_mut().arrive(1);
    assert_eq!(edges(), 0);
    uart.interrupt_on(true, false);
    assert_eq!(edges(), 1, "what arrived before counts");
    uart.receive(&mut [0; 2]);
    uart.interrupt_on(true, true);
    assert_eq!(edges(), 2, "the transmitter is empty");
    uart.interrupt_on(false, false);
    fake.0.borrow_mut().arrive(1);
    assert_eq!(edges(), 2);
}
