//! The driver on a model of a PL011.

extern crate std;
use std::{collections::VecDeque, vec::Vec};

use super::*;

/// A PL011 whose transmitter is `stuck` or sends at once.
struct Chip {
    id: u32,
    received: VecDeque<u32>,
    fifo: Vec<u8>,
    sent: Vec<u8>,
    stuck: bool,
    line_control: u32,
    control: u32,
    mask: u32,
    raised: u32,
}

fn chip() -> Chip {
    Chip {
        id: 0xb1,
        received: VecDeque::new(),
        fifo: Vec::new(),
        sent: Vec::new(),
        stuck: false,
        line_control: 0,
        control: 0x300,
        mask: 0x7ff,
        raised: 0,
    }
}

impl Registers for &mut Chip {
    fn read(&mut self, offset: u16) -> u32 {
        match offset {
            DATA => self.received.pop_front().expect("an empty FIFO was read"),
            FLAGS => u32::from(self.received.is_empty()) << 4 | u32::from(self.fifo.is_empty()) << 7,
            LINE_CONTROL => self.line_control,
            CONTROL => self.control,
            0xff0 => 0x0d,
            0xff4 => 0xf0,
            0xff8 => 0x05,
            0xffc => self.id,
            _ => panic!("read of {offset:#x}"),
        }
    }

    fn write(&mut self, offset: u16, value: u32) {
        match offset {
            DATA if self.control & 1 != 0 => {
                assert!(self.fifo.len() < FIFO, "the FIFO ran over");
                self.fifo.push(value as u8);
                if !self.stuck {
                    self.sent.append(&mut self.fifo);
                    self.raised |= ON_SENT;
                }
            }
            LINE_CONTROL => {
                assert_eq!(self.control & 1, 0, "changed while it is on");
                self.line_control = value;
                self.received.clear();
            }
            CONTROL => self.control = value,
            LEVELS => assert_eq!(value, 0x10),
            MASK => self.mask = value,
            CLEAR => self.raised &= !value,
            _ => panic!("write of {offset:#x}"),
        }
    }
}

#[test]
fn it_is_set_up_once_and_then_left_alone() {
    let mut chip = chip();
    assert!(Pl011::open(&mut chip).is_some());
    assert_eq!((chip.line_control, chip.control, chip.mask), (0x70, 0x301, 0));
    chip.received.push_back(b'a'.into());
    let mut again = Pl011::open(&mut chip).unwrap();
    let mut bytes = [0; 4];
    assert_eq!((again.receive(&mut bytes), bytes[0]), (1, b'a'), "what was received stays");
}

#[test]
fn what_is_no_pl011_is_refused() {
    let mut chip = Chip { id: 0xff, ..chip() };
    assert!(Pl011::open(&mut chip).is_none());
}

#[test]
fn bytes_go_both_ways_and_losses_are_counted() {
    let mut chip = chip();
    let mut uart = Pl011::open(&mut chip).unwrap();
    uart.registers.received.extend([b'x'.into(), OVERRUN | u32::from(b'y')]);
    let mut bytes = [0; 4];
    assert_eq!((uart.receive(&mut bytes), &bytes[..2], uart.overruns()), (2, &b"xy"[..], 1));
    assert!(uart.can_send());
    uart.send(&[b'z'; 20]);
    uart.registers.stuck = true;
    uart.send(b"!");
    assert!(!uart.can_send());
    assert_eq!(chip.sent, [b'z'; 16]);
}

#[test]
fn interrupts_are_asked_for_as_wanted() {
    let mut chip = chip();
    let mut uart = Pl011::open(&mut chip).unwrap();
    uart.interrupt_on(true, true);
    assert_eq!(uart.registers.mask, 0x70);
    uart.send(b"a");
    uart.interrupt_on(true, false);
    assert_eq!((uart.registers.mask, uart.registers.raised), (0x50, 0), "nothing stays raised");
    uart.interrupt_on(false, false);
    assert_eq!(chip.mask, 0);
}
