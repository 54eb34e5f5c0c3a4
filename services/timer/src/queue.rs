//! Deadlines: a fixed number of places, each with at most one timer.
//!
//! A periodic timer keeps its phase however late it is served: its deadlines are its first one plus whole periods.
//! One that is late by more than its backlog skips to its last deadline before now; the count of its
//! expiries goes on as if it had had them all, so the gap shows.

/// Shortest period, in ns.
pub const MIN_PERIOD_NS: u64 = 100_000;

/// A timer that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// When it expires next, in ns.
    pub due_ns: u64,
    /// Time between two expiries; 0: it expires once.
    pub period_ns: u64,
    /// So many periods may wait to be served one by one.
    pub backlog: u64,
    /// Expiries before the next one.
    pub count: u64,
}

/// A timer's expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// When it was due, in ns.
    pub scheduled_ns: u64,
    /// As [`Timer::period_ns`].
    pub period_ns: u64,
    /// Expiries before this one, with those that were skipped.
    pub count: u64,
    /// How many were skipped right before this one.
    pub skipped: u64,
}

/// `N` places for timers. A scan of all is cheaper than an ordered structure for so few.
#[derive(Clone, Copy, Debug)]
pub struct Queue<const N: usize>([Option<Timer>; N]);

impl<const N: usize> Default for Queue<N> {
    fn default() -> Self {
        Self([None; N])
    }
}

impl<const N: usize> Queue<N> {
    /// Puts `timer` into `place`, instead of the one there; gives whether there is such a place.
    pub fn set(&mut self, place: usize, timer: Timer) -> bool {
        self.0.get_mut(place).map(|old| *old = Some(timer)).is_some()
    }

    /// Empties `place`.
    pub fn clear(&mut self, place: usize) {
        if let Some(timer) = self.0.get_mut(place) {
            *timer = None;
        }
    }

    /// When the timer in `place` expires next, in ns.
    pub fn due(&self, place: usize) -> Option<u64> {
        self.0.get(place).copied().flatten().map(|timer| timer.due_ns)
    }

    /// The earliest deadline, in ns.
    pub fn next_due(&self) -> Option<u64> {
        self.0.iter().flatten().map(|timer| timer.due_ns).min()
    }

    /// Takes one expiry of the timer in `place`, if it is due at `now_ns`. Those of its backlog come by
    /// further calls.
    pub fn expire(&mut self, place: usize, now_ns: u64) -> Option<Expiry> {
        let slot = self.0.get_mut(place)?;
        let timer = slot.as_mut()?;
        let late = now_ns.checked_sub(timer.due_ns)?;
        if timer.period_ns == 0 {
            let expiry = Expiry { scheduled_ns: timer.due_ns, period_ns: 0, count: timer.count, skipped: 0 };
            *slot = None;
            return Some(expiry);
        }
        let behind = late / timer.period_ns;
        let skipped = if behind > timer.backlog { behind } else { 0 };
        let expiry = Expiry {
            scheduled_ns: timer.due_ns + skipped * timer.period_ns,
            period_ns: timer.period_ns,
            count: timer.count + skipped,
            skipped,
        };
        timer.due_ns = expiry.scheduled_ns.saturating_add(timer.period_ns);
        timer.count = expiry.count + 1;
        Some(expiry)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn every(due_ns: u64, period_ns: u64, backlog: u64) -> Timer {
        Timer { due_ns, period_ns, backlog, count: 0 }
    }

    #[test]
    fn a_timer_expires_once_at_its_deadline_and_not_before() {
        let mut queue = Queue::<2>::default();
        assert!(queue.set(1, every(100, 0, 0)));
        assert!(!queue.set(2, every(100, 0, 0)));
        assert_eq!(queue.next_due(), Some(100));
        assert_eq!(queue.expire(1, 99), None);
        assert_eq!(queue.expire(1, 100).map(|e| e.scheduled_ns), Some(100));
        assert_eq!((queue.expire(1, 200), queue.next_due()), (None, None));
    }

    #[test]
    fn the_earliest_of_all_is_next_and_a_cleared_one_is_none() {
        let mut queue = Queue::<3>::default();
        for (place, due) in [(0, 30), (1, 10), (2, 20)] {
            queue.set(place, every(due, 0, 0));
        }
        assert_eq!(queue.next_due(), Some(10));
        queue.clear(1);
        queue.clear(77);
        assert_eq!(queue.next_due(), Some(20));
    }

    #[test]
    fn a_late_timer_keeps_its_phase_and_loses_nothing_within_its_backlog() {
        let mut queue = Queue::<1>::default();
        queue.set(0, every(10, 10, 4));
        let got: Vec<_> = core::iter::from_fn(|| queue.expire(0, 45)).collect();
        let scheduled: Vec<_> = got.iter().map(|e| (e.scheduled_ns, e.count, e.skipped)).collect();
        assert_eq!(scheduled, [(10, 0, 0), (20, 1, 0), (30, 2, 0), (40, 3, 0)]);
        assert_eq!(queue.next_due(), Some(50));
    }

    #[test]
    fn a_timer_that_is_too_late_skips_to_its_last_deadline_and_says_so() {
        let mut queue = Queue::<1>::default();
        queue.set(0, every(10, 10, 4));
        let expiry = queue.expire(0, 68).unwrap();
        assert_eq!((expiry.scheduled_ns, expiry.count, expiry.skipped), (60, 5, 5));
        assert_eq!((queue.expire(0, 68), queue.next_due()), (None, Some(70)));
    }

    #[test]
    fn without_a_backlog_late_expiries_become_one() {
        let mut queue = Queue::<1>::default();
        queue.set(0, every(10, 10, 0));
        assert_eq!(queue.expire(0, 39).map(|e| (e.scheduled_ns, e.count)), Some((30, 2)));
        assert_eq!(queue.expire(0, 39), None);
    }

    #[test]
    fn the_end_of_time_is_never_reached() {
        let mut queue = Queue::<1>::default();
        queue.set(0, every(u64::MAX - 5, u64::MAX, 8));
        assert!(queue.expire(0, u64::MAX).is_some());
        assert_eq!(queue.next_due(), Some(u64::MAX));
        queue.expire(0, u64::MAX).unwrap();
    }
}
