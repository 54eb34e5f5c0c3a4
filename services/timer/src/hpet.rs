//! The high precision event timer (HPET), by Intel's "IA-PC HPET Specification", revision 1.0a.
//!
//! Comparator 0 runs one-shot in 32-bit mode: its deadline is then one write, so no half-written one can
//! expire. Legacy replacement routing gives it the pin of the PIT, which firmware leaves running and which
//! would interrupt there as well (2.4.3 there). All accesses are of 32 bits: that is all that QEMU's model takes.

use crate::source::EventTimer;

/// The device's registers, 32 bits each.
pub trait Registers {
    /// Reads the one at `offset`.
    fn read(&self, offset: usize) -> u32;
    /// Writes the one at `offset`.
    fn write(&mut self, offset: usize, value: u32);
}

/// General capabilities and identification: low half, and the counter's period in femtoseconds.
const CAPABILITIES: usize = 0x000;
const PERIOD: usize = 0x004;
const LEGACY_CAPABLE: u32 = 1 << 15;
/// General configuration.
const CONFIGURATION: usize = 0x010;
const ENABLE: u32 = 1 << 0;
const LEGACY: u32 = 1 << 1;
/// Low half of the main counter.
const COUNTER: usize = 0x0f0;
/// Configuration and comparator of timer 0.
const TIMER_CONFIGURATION: usize = 0x100;
const COMPARATOR: usize = 0x108;
const INTERRUPT: u32 = 1 << 2;
const MODE_32: u32 = 1 << 8;

/// The longest period that the specification allows, in femtoseconds.
const MAX_PERIOD_FS: u32 = 100_000_000;
const FS_PER_NS: u64 = 1_000_000;
/// A comparator that the counter reaches while it is being written is missed, and on some chipsets the write takes
/// effect two ticks late. Deadlines closer than this count as missed; Linux's margin
/// (`arch/x86/kernel/hpet.c`, `HPET_MIN_CYCLES`).
const MARGIN: u32 = 128;
/// The nearest deadline that is tried first.
const NEAREST: u32 = MARGIN + MARGIN / 2;
/// The furthest one: a quarter of the way round the 32-bit counter. QEMU takes one half-way round for a deadline that has
/// passed (`hw/timer/hpet.c`, `hpet_calculate_diff`): it would interrupt at once, again and again.
const FURTHEST: u32 = 1 << 30;

/// Why there is no timer to drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Nothing answers as an HPET does.
    Absent,
    /// It can't take the PIT's place.
    NoLegacyReplacement,
}

/// The timer, running.
#[derive(Debug)]
pub struct Hpet<R> {
    registers: R,
    period_fs: u32,
    /// Ticks seen so far: the hardware's 32 bits, extended at each reading.
    ticks: u64,
}

impl<R: Registers> Hpet<R> {
    /// Starts the timer, with no deadline set. One that runs already goes on.
    ///
    /// # Errors
    /// There is no usable one behind `registers`.
    pub fn start(mut registers: R) -> Result<Self, Unusable> {
        let (capabilities, period_fs) = (registers.read(CAPABILITIES), registers.read(PERIOD));
        if capabilities == u32::MAX || !(1..=MAX_PERIOD_FS).contains(&period_fs) {
            return Err(Unusable::Absent);
        }
        if capabilities & LEGACY_CAPABLE == 0 {
            return Err(Unusable::NoLegacyReplacement);
        }
        registers.write(TIMER_CONFIGURATION, MODE_32 | INTERRUPT);
        registers.write(CONFIGURATION, ENABLE | LEGACY);
        let ticks = registers.read(COUNTER).into();
        Ok(Self { registers, period_fs, ticks })
    }
}

impl<R: Registers> EventTimer for Hpet<R> {
    fn now_ns(&mut self) -> u64 {
        let low = self.registers.read(COUNTER);
        self.ticks += u64::from(low.wrapping_sub(self.ticks as u32));
        (u128::from(self.ticks) * u128::from(self.period_fs) / u128::from(FS_PER_NS)) as u64
    }

    /// At most a quarter of a counter's round from now.
    fn arm(&mut self, ns: u64) {
        let ticks = ns.saturating_mul(FS_PER_NS) / u64::from(self.period_fs);
        let mut ticks = ticks.clamp(NEAREST.into(), FURTHEST.into()) as u32;
        loop {
            let deadline = self.registers.read(COUNTER).wrapping_add(ticks);
            self.registers.write(COMPARATOR, deadline);
            let left = deadline.wrapping_sub(self.registers.read(COUNTER));
            // Ends: the distance doubles, until it is longer than any interruption.
            if (MARGIN..=FURTHEST).contains(&left) || ticks >= FURTHEST / 2 {
                return;
            }
            ticks *= 2;
        }
    }

    /// Nothing: its interrupt is an edge.
    fn settle(&mut self) {}
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::cell::Cell;

    use super::*;

    /// An HPET of 100 MHz (QEMU's) whose counter advances by `step` with each access.
    struct Fake {
        counter: Cell<u32>,
        step: u32,
        capabilities: u32,
        period: u32,
        configuration: u32,
        timer: u32,
        comparator: u32,
    }

    fn fake(counter: u32, step: u32) -> Fake {
        let capabilities = 0x8086_a201;
        Fake {
            counter: counter.into(),
            step,
            capabilities,
            period: 10_000_000,
            configuration: 0,
            timer: 0,
            comparator: 0,
        }
    }

    impl Registers for Fake {
        fn read(&self, offset: usize) -> u32 {
            self.counter.set(self.counter.get().wrapping_add(self.step));
            match offset {
                0x000 => self.capabilities,
                0x004 => self.period,
                0x0f0 => self.counter.get(),
                _ => panic!("read of {offset:#x}"),
            }
        }

        fn write(&mut self, offset: usize, value: u32) {
            self.counter.set(self.counter.get().wrapping_add(self.step));
            match offset {
                0x010 => self.configuration = value,
                0x100 => self.timer = value,
                0x108 => self.comparator = value,
                _ => panic!("write of {offset:#x}"),
            }
        }
    }

    #[test]
    fn it_starts_in_the_place_of_the_pit() {
        let hpet = Hpet::start(fake(0, 0)).unwrap();
        assert_eq!((hpet.registers.configuration, hpet.registers.timer), (3, 0x104));
    }

    #[test]
    fn what_is_no_hpet_is_refused() {
        for (capabilities, period) in [(u32::MAX, u32::MAX), (0, 0), (0x8086_a201, 0), (0x8086_a201, 1 << 31)]
        {
            let none = Fake { capabilities, period, ..fake(0, 0) };
            assert_eq!(Hpet::start(none).map(|_| ()), Err(Unusable::Absent));
        }
        let bare = Fake { capabilities: 0x8086_2201, ..fake(0, 0) };
        assert_eq!(Hpet::start(bare).map(|_| ()), Err(Unusable::NoLegacyReplacement));
    }

    #[test]
    fn deadlines_are_relative_and_bounded() {
        let mut hpet = Hpet::start(fake(u32::MAX - 10, 0)).unwrap();
        hpet.arm(10_000);
        assert_eq!(hpet.registers.comparator, 1_000 - 11, "across the counter's end");
        hpet.arm(u64::MAX);
        assert_eq!(hpet.registers.comparator, (u32::MAX - 10).wrapping_add(FURTHEST));
        let ahead = hpet.registers.comparator.wrapping_sub(hpet.registers.counter.get()) as i32;
        assert!(ahead > 0, "a comparator that subtracts would take it for the past");
        hpet.arm(0);
        assert_eq!(hpet.registers.comparator, NEAREST - 11);
    }

    #[test]
    fn a_deadline_that_passes_while_it_is_set_is_set_again() {
        for step in [1, 40, 100, 5_000, 1 << 20] {
            let mut hpet = Hpet::start(fake(0, step)).unwrap();
            hpet.arm(1_000);
            let left = hpet.registers.comparator.wrapping_sub(hpet.registers.counter.get()) as i32;
            assert!(left >= MARGIN as i32, "{left} ticks left at {step} ticks an access");
        }
    }

    #[test]
    fn time_goes_on_past_32_bits() {
        let mut hpet = Hpet::start(fake(0, 0)).unwrap();
        for round in 1..10_u64 {
            hpet.registers.counter.set((round << 31) as u32);
            assert_eq!(hpet.now_ns(), (round << 31) * 10);
        }
    }
}
