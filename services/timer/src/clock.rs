//! Keeps the clock right: the kernel knows the time stamp counter's frequency in whole MHz only, measured in a few ms;
//! the event timer's frequency is exact. So the clock's slope is what the event timer says it is.
//!
//! The slope changes, the time never jumps: readers see it go on from where it was.

pub use report::clock::{Clock, Line};

/// Time between two corrections, in ns.
pub const INTERVAL_NS: u64 = 1_000_000_000;

/// Follows the reference from the first reading of both counters on. The line in use is kept here: what others read is never
/// read back, so what is written over there lasts until the next correction.
#[derive(Clone, Copy, Debug)]
pub struct Discipline {
    line: Line,
    nominal: u64,
    ticks: u64,
    reference_ns: u64,
    corrected_ns: u64,
}

impl Discipline {
    /// Begins at `ticks`, when the reference was `reference_ns`; `line` is what the clock follows until then.
    pub const fn new(line: Line, ticks: u64, reference_ns: u64) -> Self {
        Self { line, nominal: line.scale, ticks, reference_ns, corrected_ns: reference_ns }
    }

    /// The time at a tick, in ns.
    pub const fn at(&self, ticks: u64) -> u64 {
        self.line.at(ticks)
    }

    /// The line to follow from `ticks` on, if a correction is due. One that is off the nominal slope by more than an eighth is
    /// not believed.
    pub fn correct(&mut self, ticks: u64, reference_ns: u64) -> Option<Line> {
        if reference_ns.saturating_sub(self.corrected_ns) < INTERVAL_NS {
            return None;
        }
        self.corrected_ns = reference_ns;
        let (passed, truth) = (ticks.checked_sub(self.ticks)?, reference_ns - self.reference_ns);
        let scale = (u128::from(truth) << 32).checked_div(passed.into())?;
        let scale = u64::try_from(scale).ok().filter(|s| s.abs_diff(self.nominal) <= self.nominal / 8)?;
        self.line = Line { ticks, ns: self.line.at(ticks), scale };
        Some(self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Line = Line { ticks: 0, ns: 0, scale: Line::scale(2_000_000_000) };

    #[test]
    fn a_slope_that_is_off_is_corrected_without_a_jump() {
        // Really 2.002 GHz.
        let mut discipline = Discipline::new(LINE, 1_000, 500);
        assert_eq!(discipline.correct(2_002_000, 1_000_500), None, "too early");
        let line = discipline.correct(1_000 + 2_002_000_000, 500 + INTERVAL_NS).unwrap();
        let now = 1_000 + 2_002_000_000;
        assert_eq!(line.at(now), LINE.at(now));
        let second = line.at(now + 2_002_000_000) - line.at(now);
        assert!(second.abs_diff(1_000_000_000) < 2, "{second}");
        assert_eq!(discipline.correct(now + 1, 600 + INTERVAL_NS), None, "done for this interval");
    }

    #[test]
    fn nonsense_is_not_believed() {
        let mut discipline = Discipline::new(LINE, 1_000, 0);
        assert_eq!(discipline.correct(1_000, 2 * INTERVAL_NS), None, "the counter stood still");
        assert_eq!(discipline.correct(0, 4 * INTERVAL_NS), None, "it went back");
        assert_eq!(discipline.correct(1_000_000, 6 * INTERVAL_NS), None, "it ran at a snail's pace");
    }
}
