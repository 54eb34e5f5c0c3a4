//! What the clock is kept by and timers wait with.

/// An event timer.
pub trait EventTimer {
    /// Time that it has seen, in ns. To be read at least once in 2^32 of its ticks.
    fn now_ns(&mut self) -> u64;
    /// Interrupts once, `ns` from now; as soon as can be if that is very near, and earlier than asked if it is further
    /// than it can count. Replaces the deadline before.
    fn arm(&mut self, ns: u64);
    /// Takes back an interrupt that came.
    fn settle(&mut self);
}

/// A counter of the processor's with a comparator: it is the very counter that the clock reads.
#[derive(Clone, Copy, Debug)]
pub struct Generic<C> {
    comparator: C,
    hz: u64,
}

/// The comparator's registers.
pub trait Comparator {
    /// The counter.
    fn ticks(&self) -> u64;
    /// Interrupts for as long as the counter is at `at` or beyond, until the next call of this or of `clear`.
    fn set(&mut self, at: u64);
    /// Does not interrupt any more.
    fn clear(&mut self);
}

impl<C: Comparator> Generic<C> {
    /// A comparator of a counter that has `hz` ticks in a second.
    pub fn new(comparator: C, hz: u64) -> Self {
        Self { comparator, hz: hz.max(1) }
    }
}

/// `value * by / of`, as large as can be if it is larger.
fn scaled(value: u64, by: u64, of: u64) -> u64 {
    u64::try_from(u128::from(value) * u128::from(by) / u128::from(of)).unwrap_or(u64::MAX)
}

const NS: u64 = 1_000_000_000;

impl<C: Comparator> EventTimer for Generic<C> {
    fn now_ns(&mut self) -> u64 {
        scaled(self.comparator.ticks(), NS, self.hz)
    }

    fn arm(&mut self, ns: u64) {
        // A deadline that has passed interrupts at once.
        let ticks = scaled(ns, self.hz, NS);
        self.comparator.set(self.comparator.ticks().saturating_add(ticks));
    }

    fn settle(&mut self) {
        self.comparator.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake {
        now: u64,
        deadline: Option<u64>,
    }

    impl Comparator for Fake {
        fn ticks(&self) -> u64 {
            self.now
        }

        fn set(&mut self, at: u64) {
            self.deadline = Some(at);
        }

        fn clear(&mut self) {
            self.deadline = None;
        }
    }

    #[test]
    fn deadlines_are_relative_to_the_counter() {
        let mut timer = Generic::new(Fake { now: 1_000, deadline: None }, 62_500_000);
        assert_eq!(timer.now_ns(), 16_000);
        timer.arm(1_600);
        assert_eq!(timer.comparator.deadline, Some(1_100));
        timer.arm(u64::MAX);
        assert!(timer.comparator.deadline.is_some_and(|at| at > 1 << 60), "never, as far as anyone can tell");
        timer.arm(0);
        assert_eq!(timer.comparator.deadline, Some(1_000));
        timer.settle();
        assert_eq!(timer.comparator.deadline, None);
    }

    #[test]
    fn a_frequency_of_nothing_does_no_harm() {
        let mut timer = Generic::new(Fake { now: u64::MAX, deadline: None }, 0);
        assert_eq!(timer.now_ns(), u64::MAX);
        timer.arm(u64::MAX);
        assert_eq!(timer.comparator.deadline, Some(u64::MAX));
    }
}
