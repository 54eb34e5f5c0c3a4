//! From counters to rates.

use report::counters::{Counters, MAX};

/// What the counters of one source were when they were last sampled.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    counters: Counters<'a>,
    rates: Counters<'a>,
    /// Counters that were there.
    known: usize,
    values: [u64; MAX],
}

impl<'a> Source<'a> {
    /// Samples `counters`, and publishes their rates under the same names in `rates`.
    pub const fn new(counters: Counters<'a>, rates: Counters<'a>) -> Self {
        Self { counters, rates, known: 0, values: [0; MAX] }
    }

    /// Takes a sample at `now_ns`, `passed_ns` after the one before. A counter that was not there then, or that went back, has a
    /// rate of 0; so has what is no count but the largest of something, whose name ends in `_max`.
    pub fn sample(&mut self, passed_ns: u64, now_ns: u64) {
        let len = self.counters.len();
        if len != self.rates.len() || self.known != len {
            // The names are what a reader sees; the rates do not depend on them.
            let _ = self.rates.declare_as(&self.counters);
        }
        for index in 0..len {
            let Ok((name, value)) = self.counters.get(index) else { break };
            let counts = index < self.known && !name.as_str().ends_with("_max");
            let more = if counts { value.saturating_sub(self.values[index]) } else { 0 };
            self.values[index] = value;
            if let Ok(rate) = self.rates.counter(index) {
                rate.set(per_second(more, passed_ns));
            }
        }
        self.known = len;
        let _ = self.rates.stamp(now_ns, passed_ns);
    }

    /// The rate of the counter with this name, in counts a second; 0 if there is none.
    pub fn rate(&self, name: &str) -> u64 {
        let found = (0..self.rates.len()).filter_map(|index| self.rates.get(index).ok());
        found.filter(|(text, _)| text.as_str() == name).map(|(_, rate)| rate).next().unwrap_or(0)
    }
}

/// `more` counts in `passed_ns`, as counts a second, rounded.
fn per_second(more: u64, passed_ns: u64) -> u64 {
    let passed = u128::from(passed_ns.max(1));
    ((u128::from(more) * 1_000_000_000 + passed / 2) / passed).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::vec::Vec;

    use shm::Shm;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn page() -> Vec<AtomicU64> {
        (0..512).map(|_| AtomicU64::new(0)).collect()
    }

    #[test]
    fn rates_are_counts_a_second_under_the_same_names() {
        let (a, b) = (page(), page());
        let (counters, rates) = (Counters::new(Shm::from_words(&a)), Counters::new(Shm::from_words(&b)));
        let mut source = Source::new(counters, rates);
        source.sample(SECOND, 0);
        assert_eq!(rates.len(), 0, "nothing declared yet");
        counters.declare(&["irqs", "events"]).unwrap();
        counters.counter(0).unwrap().add(1_000);
        source.sample(SECOND, 0);
        assert_eq!(source.rate("irqs"), 0, "from before the first sample");
        counters.counter(0).unwrap().add(30);
        counters.counter(1).unwrap().add(7);
        source.sample(2 * SECOND, 7);
        assert_eq!((source.rate("irqs"), source.rate("events"), source.rate("x")), (15, 4, 0));
        assert_eq!([&b[1], &b[2]].map(|word| word.load(Relaxed)), [7, 2 * SECOND], "struct hypos_rates");
        counters.counter(0).unwrap().set(0);
        source.sample(SECOND, 0);
        assert_eq!((source.rate("irqs"), source.rate("events")), (0, 0), "it went back; nothing new");
        counters.declare(&["irqs", "events", "late_ns_max"]).unwrap();
        source.sample(SECOND, 0);
        assert_eq!(rates.get(2).unwrap().0.as_str(), "late_ns_max");
        counters.counter(2).unwrap().set(50);
        source.sample(SECOND, 0);
        assert_eq!(source.rate("late_ns_max"), 0, "not a count");
    }

    #[test]
    fn a_full_page_of_nonsense_is_sampled_all_the_same() {
        let (a, b) = (page(), page());
        for word in &a {
            word.store(u64::MAX, Relaxed);
        }
        let (counters, rates) = (Counters::new(Shm::from_words(&a)), Counters::new(Shm::from_words(&b)));
        let mut source = Source::new(counters, rates);
        source.sample(0, 0);
        source.sample(0, 0);
        assert_eq!(rates.len(), MAX);
        assert_eq!(per_second(u64::MAX, 0), u64::MAX);
    }
}
