//! The time.

use caps::standard;
use report::clock::Clock;

use crate::{arch, memory::region};

/// Time since the root task's first instruction, in ns. Costs no system call.
#[inline]
pub fn now_ns() -> u64 {
    at(ticks())
}

/// The time at a value of the time stamp counter.
#[inline]
pub fn at(ticks: u64) -> u64 {
    // The page is large enough for any clock: the time is never 0 for want of one.
    Clock::new(region(standard::CLOCK)).map_or(0, |clock| clock.at(ticks))
}

/// The time stamp counter, for whoever keeps the clock or counts cycles.
#[inline]
pub fn ticks() -> u64 {
    arch::ticks()
}
