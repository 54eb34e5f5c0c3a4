//! The clock page: the timer keeps it, everybody reads it; the time costs no system call.
//!
//! Layout, little-endian: generation `u32 @0`; the time stamp counter's (TSC's) frequency in Hz `u64 @8` and
//! its value at the root task's first instruction, which is time zero, `u64 @16`: the root task writes these two
//! before any service runs; lines of 32 bytes at 64 and 96: ticks `u64 @0`, the time at that tick in ns `u64
//! @8`, ns per tick in units of 2^-32 `u64 @16`. The line in use is the generation modulo 2; generation 0
//! means that there is none yet and the frequency alone holds.
//!
//! A writer fills the line that is not in use, then advances the generation (a latch, as Linux's
//! `seqcount_latch`). So no reader ever waits for a writer that was preempted, or died, half-way.
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};

use shm::{OutOfBounds, Shm};

const FREQUENCY: usize = 8;
const ORIGIN: usize = 16;
const LINES: usize = 64;
const LINE: usize = 32;

/// A straight line from ticks to time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// A tick,
    pub ticks: u64,
    /// the time at it, in ns,
    pub ns: u64,
    /// and ns per tick from there on, in units of 2^-32.
    pub scale: u64,
}

impl Line {
    /// The scale of `hz` ticks a second; 0 for 0.
    pub const fn scale(hz: u64) -> u64 {
        match (1_000_000_000_u64 << 32).checked_div(hz) {
            Some(scale) => scale,
            None => 0,
        }
    }

    /// The time at `ticks`, in ns; a tick before the line's first counts as that one.
    #[inline]
    pub const fn at(self, ticks: u64) -> u64 {
        let passed = ticks.saturating_sub(self.ticks) as u128;
        self.ns.wrapping_add(((passed * self.scale as u128) >> 32) as u64)
    }
}

/// The page.
#[derive(Clone, Copy, Debug)]
pub struct Clock<'a> {
    generation: &'a AtomicU32,
    frequency: &'a AtomicU64,
    origin: &'a AtomicU64,
    lines: [[&'a AtomicU64; 3]; 2],
}

impl<'a> Clock<'a> {
    /// The clock in `page`.
    ///
    /// # Errors
    /// The memory is too small.
    #[inline]
    pub fn new(page: Shm<'a>) -> Result<Self, OutOfBounds> {
        let line = |at| Ok([page.u64(at)?, page.u64(at + 8)?, page.u64(at + 16)?]);
        Ok(Self {
            generation: page.u32(0)?,
            frequency: page.u64(FREQUENCY)?,
            origin: page.u64(ORIGIN)?,
            lines: [line(LINES)?, line(LINES + LINE)?],
        })
    }

    /// Sets the nominal frequency and time zero: the root task's part, before any service runs.
    pub fn start(&self, hz: u64, origin: u64) {
        self.frequency.store(hz, Relaxed);
        self.origin.store(origin, Relaxed);
    }

    /// The time at tick `ticks` of the TSC, in ns since time zero; 0 before the clock is started.
    #[inline]
    pub fn at(&self, ticks: u64) -> u64 {
        self.line().at(ticks)
    }

    /// The line in use.
    #[inline]
    pub fn line(&self) -> Line {
        let before = self.generation.load(Acquire);
        let line = self.read(before);
        fence(Acquire);
        let after = self.generation.load(Relaxed);
        // Torn only if the writer came round to this line meanwhile; it can't come round twice in a row, since
        // its changes are far longer apart than a read.
        if before == after { line } else { self.read(after) }
    }

    /// Uses `line` from now on: the timer's part.
    pub fn set(&self, line: Line) {
        let next = match self.generation.load(Relaxed).wrapping_add(1) {
            0 => 2, // 0 means that there is no line
            next => next,
        };
        let words = self.lines[(next & 1) as usize];
        for (word, value) in words.into_iter().zip([line.ticks, line.ns, line.scale]) {
            word.store(value, Relaxed);
        }
        self.generation.store(next, Release);
    }

    #[inline]
    fn read(&self, generation: u32) -> Line {
        if generation == 0 {
            return self.nominal();
        }
        let [ticks, ns, scale] = self.lines[(generation & 1) as usize].map(|word| word.load(Relaxed));
        Line { ticks, ns, scale }
    }

    /// The line before there is one.
    #[cold]
    fn nominal(&self) -> Line {
        Line { ticks: self.origin.load(Relaxed), ns: 0, scale: Line::scale(self.frequency.load(Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn page() -> Vec<AtomicU64> {
        (0..512).map(|_| AtomicU64::new(0)).collect()
    }

    #[test]
    fn time_starts_at_the_origin_and_follows_the_lines() {
        let words = page();
        let clock = Clock::new(Shm::from_words(&words)).unwrap();
        assert_eq!(clock.at(5), 0, "not started");
        clock.start(2_000_000_000, 1_000);
        assert_eq!((clock.at(0), clock.at(1_000), clock.at(3_000)), (0, 0, 1_000));
        clock.set(Line { ticks: 3_000, ns: 1_000, scale: Line::scale(1_000_000_000) });
        assert_eq!((clock.at(2_999), clock.at(3_000), clock.at(3_500)), (1_000, 1_000, 1_500));
        for round in 0..5 {
            let line = Line { ticks: round, ns: 7 * round, scale: 1 };
            clock.set(line);
            assert_eq!(clock.line(), line);
        }
    }

    #[test]
    fn a_writer_that_died_half_way_leaves_the_old_line() {
        let words = page();
        let memory = Shm::from_words(&words);
        let clock = Clock::new(memory).unwrap();
        let line = Line { ticks: 1, ns: 2, scale: 3 };
        clock.set(line);
        memory.store(LINES, 8, 99).unwrap();
        assert_eq!(clock.line(), line);
    }

    #[test]
    fn generations_wrap_past_the_one_that_means_none() {
        let words = page();
        words[0].store(u32::MAX.into(), Relaxed);
        let clock = Clock::new(Shm::from_words(&words)).unwrap();
        let line = Line { ticks: 4, ns: 5, scale: 6 };
        clock.set(line);
        assert_eq!(clock.line(), line);
    }

    #[test]
    fn a_scale_is_exact_to_a_second_a_year() {
        let hz = 2_899_000_000;
        let line = Line { ticks: 0, ns: 0, scale: Line::scale(hz) };
        let year = 365 * 86_400;
        assert!((year * 1_000_000_000 - line.at(hz * year)) < 1_000_000_000);
        assert_eq!(Line::scale(0), 0);
    }
}
