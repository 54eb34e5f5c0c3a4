//! Goldfish RTC: a clock in ns with an alarm, which QEMU's `virt` for RISC-V has (QEMU `hw/rtc/goldfish_rtc.c`; Linux
//! `drivers/rtc/rtc-goldfish.c`). The processor's own timer is the kernel's.
//!
//! Registers of 32 bits. The time is in two halves: reading the low one latches the high one; an alarm is set by writing
//! its low half last. The interrupt stays until it is cleared. An alarm that has passed interrupts at once.

use crate::{hpet::Registers, source::EventTimer};

const TIME_LOW: usize = 0x00;
const TIME_HIGH: usize = 0x04;
const ALARM_LOW: usize = 0x08;
const ALARM_HIGH: usize = 0x0c;
const IRQ_ENABLED: usize = 0x10;
const CLEAR_INTERRUPT: usize = 0x1c;

/// The furthest deadline: QEMU's timers count ns in 63 bits.
const FURTHEST: u64 = 1 << 60;

/// The clock.
#[derive(Debug)]
pub struct Goldfish<R> {
    registers: R,
    /// What the clock showed at the start: the time of day, of which only differences matter here.
    start: u64,
}

/// Nothing answers as such a clock does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absent;

impl<R: Registers> Goldfish<R> {
    /// Lets its alarm interrupt; none is set.
    ///
    /// # Errors
    /// The clock does not run, or there is none.
    pub fn start(registers: R) -> Result<Self, Absent> {
        /// Reads after which a clock that runs shows another time.
        const READS: u32 = 1000;
        let mut clock = Self { registers, start: 0 };
        let start = clock.time();
        if (0..READS).all(|_| clock.time() == start) {
            return Err(Absent);
        }
        clock.start = start;
        clock.registers.write(CLEAR_INTERRUPT, 1);
        clock.registers.write(IRQ_ENABLED, 1);
        Ok(clock)
    }

    fn time(&self) -> u64 {
        let low = self.registers.read(TIME_LOW);
        u64::from(self.registers.read(TIME_HIGH)) << 32 | u64::from(low)
    }
}

impl<R: Registers> EventTimer for Goldfish<R> {
    fn now_ns(&mut self) -> u64 {
        self.time().wrapping_sub(self.start)
    }

    fn arm(&mut self, ns: u64) {
        let alarm = self.time().wrapping_add(ns.min(FURTHEST));
        self.registers.write(ALARM_HIGH, (alarm >> 32) as u32);
        self.registers.write(ALARM_LOW, alarm as u32);
    }

    fn settle(&mut self) {
        self.registers.write(CLEAR_INTERRUPT, 1);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::cell::Cell;
    use std::vec::Vec;

    use super::*;

    /// A clock that goes on by `step` with each reading of its low half.
    struct Fake {
        time: Cell<u64>,
        latched: Cell<u32>,
        step: u64,
        writes: Vec<(usize, u32)>,
    }

    fn fake(time: u64, step: u64) -> Fake {
        Fake { time: time.into(), latched: 0.into(), step, writes: Vec::new() }
    }

    impl Registers for Fake {
        fn read(&self, offset: usize) -> u32 {
            match offset {
                TIME_LOW => {
                    self.time.set(self.time.get() + self.step);
                    self.latched.set((self.time.get() >> 32) as u32);
                    self.time.get() as u32
                }
                TIME_HIGH => self.latched.get(),
                _ => panic!("read of {offset:#x}"),
            }
        }

        fn write(&mut self, offset: usize, value: u32) {
            self.writes.push((offset, value));
        }
    }

    #[test]
    fn time_counts_from_the_start() {
        let mut clock = Goldfish::start(fake(0x1_ffff_ff00, 0x80)).unwrap();
        assert_eq!(clock.registers.writes, [(CLEAR_INTERRUPT, 1), (IRQ_ENABLED, 1)]);
        let first = clock.now_ns();
        assert!(clock.now_ns() == first + 0x80 && first < 0x1000, "{first:#x}");
    }

    #[test]
    fn an_alarm_is_set_by_its_low_half() {
        let mut clock = Goldfish::start(fake(0x2_0000_0000, 1)).unwrap();
        clock.registers.writes.clear();
        clock.arm(0x1_0000_0000);
        let now = clock.registers.time.get();
        let alarm = now + 0x1_0000_0000;
        assert_eq!(clock.registers.writes, [(ALARM_HIGH, (alarm >> 32) as u32), (ALARM_LOW, alarm as u32)]);
        clock.arm(u64::MAX);
        assert!(clock.registers.writes[2].1 < u32::MAX >> 1, "not beyond what the machine counts");
        clock.settle();
        assert_eq!(clock.registers.writes[4], (CLEAR_INTERRUPT, 1));
    }

    #[test]
    fn a_clock_that_stands_is_none() {
        for time in [0, u64::MAX] {
            assert_eq!(Goldfish::start(fake(time, 0)).map(|_| ()), Err(Absent));
        }
    }
}
