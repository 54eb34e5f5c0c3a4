//! What is due on the hook, and how long the service may sleep.
//!
//! Programs get each of their ticks, late if need be, up to [`BACKLOG`]; beyond that they skip to the last one, and the
//! count in their context shows the gap. Programs get at most half of the time: after a round of
//! them the hook rests for as long as the round took, so services below this one stay alive.

use cell::hook::{ATTACHMENTS, Attachment, Hook};
use timer::queue::{MIN_PERIOD_NS, Queue, Timer};

/// Ticks that a late program gets one by one.
pub const BACKLOG: u64 = 8;

/// After a round that seemed to take longer than this, the hook rests no longer.
const LONGEST_REST_NS: u64 = 1_000_000_000;

/// What a round of programs did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Events that were sent.
    pub events: u64,
    /// Ticks that were skipped.
    pub skipped: u64,
    /// The longest that an event was late, in ns.
    pub late_ns: u64,
}

/// The programs on the hook.
#[derive(Debug)]
pub struct Schedule<'a> {
    hook: Hook<'a>,
    attached: [Option<Attachment>; ATTACHMENTS],
    ticks: Queue<ATTACHMENTS>,
    rest_until_ns: u64,
}

impl<'a> Schedule<'a> {
    /// Programs that are attached to `hook` already tick from `now_ns` on.
    pub fn new(hook: Hook<'a>, now_ns: u64) -> Self {
        let mut schedule =
            Self { hook, attached: [None; ATTACHMENTS], ticks: Queue::default(), rest_until_ns: 0 };
        schedule.attachments_changed(now_ns);
        schedule
    }

    /// Reads the hook's attachments anew: a new one ticks from `now_ns` on, one that went ticks no more. So does one of which
    /// the next tick is further away than its period, which only a clock can cause that was wrong for a while.
    pub fn attachments_changed(&mut self, now_ns: u64) {
        self.rest_until_ns = self.rest_until_ns.min(now_ns.saturating_add(LONGEST_REST_NS));
        for (place, known) in self.attached.iter_mut().enumerate() {
            let current = self.hook.get(place);
            let due_ns = now_ns.saturating_add(current.map_or(0, |a| a.period_ns.max(MIN_PERIOD_NS)));
            let astray = self.ticks.due(place).is_some_and(|due| due > due_ns);
            // A program that takes another one's place keeps its phase.
            let same = current.is_some() && current.map(|a| a.epoch) == known.map(|a| a.epoch);
            *known = current;
            if same && !astray {
                continue;
            }
            self.ticks.clear(place);
            if let Some(attachment) = current {
                let period_ns = attachment.period_ns.max(MIN_PERIOD_NS);
                self.ticks.set(place, Timer { due_ns, period_ns, backlog: BACKLOG, count: 0 });
            }
        }
    }

    /// Calls `event` with program and context (`struct hypos_timer`) for each attachment that is due, once
    /// each; `clock` tells the time.
    pub fn tick(&mut self, clock: impl Fn() -> u64, mut event: impl FnMut(usize, [u64; 4])) -> Round {
        let mut round = Round::default();
        if !self.hook.is_armed() {
            return round;
        }
        let start_ns = clock();
        if start_ns < self.rest_until_ns {
            return round;
        }
        for place in self.hook.places() {
            let Some(attachment) = self.attached[place] else { continue };
            let Some(expiry) = self.ticks.expire(place, start_ns) else { continue };
            if self.hook.get(place).is_none_or(|current| current.epoch != attachment.epoch) {
                continue; // Detached since; the signal that says so is on its way.
            }
            let now_ns = clock();
            round.events += 1;
            round.skipped += expiry.skipped;
            round.late_ns = round.late_ns.max(now_ns.saturating_sub(expiry.scheduled_ns));
            event(place, [now_ns, expiry.scheduled_ns, expiry.period_ns, expiry.count]);
        }
        if round.events > 0 {
            let end_ns = clock();
            self.rest_until_ns = end_ns.saturating_add(end_ns.saturating_sub(start_ns));
        } else {
            self.forget_overdue(start_ns);
        }
        round
    }

    /// What was due and is still due though no event was sent is wrong, or its program was detached: left as it is it would keep
    /// this service awake, and all below it asleep. The attachments are read anew.
    fn forget_overdue(&mut self, now_ns: u64) {
        let overdue = |place: &usize| self.ticks.due(*place).is_some_and(|due_ns| due_ns <= now_ns);
        let places: u32 = (0..ATTACHMENTS).filter(overdue).map(|place| 1 << place).sum();
        if places != 0 {
            for place in (0..ATTACHMENTS).filter(|place| places >> place & 1 != 0) {
                self.ticks.clear(place);
                self.attached[place] = None;
            }
            self.attachments_changed(now_ns);
        }
    }

    /// For how long there is nothing to do; `u64::MAX`: for good.
    pub fn idle_ns(&self, now_ns: u64) -> u64 {
        // Ticks of a hook that is no longer armed are never taken: they must not keep this service awake, or
        // whoever detached and is about to signal it would never run again.
        let due = if self.hook.is_armed() { self.ticks.next_due() } else { None };
        due.map_or(u64::MAX, |due| due.max(self.rest_until_ns).saturating_sub(now_ns))
    }
}

#[cfg(test)]
mod tests;
