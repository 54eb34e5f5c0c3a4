//! The watchdog's look at services: who shows no sign of life is hung, or is kept from running by one above it that is always
//! busy. Which of both it is shows when it is lifted above all others until the next look.

use alloc::vec::Vec;
use report::State;
use system::SYSTEM;

use super::{supervise::System, watch::LOOK_MS};

/// Above what any service can do to it, and not above the one that calls the watchdog on some boards.
const TOP: u8 = top();
/// A service has starved so often when the one that is to blame for it falls.
const STARVED: u32 = 3;

const fn top() -> u8 {
    let (mut top, mut index) = (0, 0);
    while index < SYSTEM.services.len() {
        if SYSTEM.services[index].priority > top {
            top = SYSTEM.services[index].priority;
        }
        index += 1;
    }
    top
}

/// What was seen of a service at the last look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// The Call that it was in: its number and its capability.
    pub(super) call: (u64, u64),
    /// How often it had waited, and how often in the time before.
    turns: u64,
    pace: u64,
    /// At so many looks it has shown no sign of life since it last did.
    silent: u32,
    /// So often it came to life when it was lifted, and at no other time.
    starved: u32,
}

impl System {
    /// A service that has not waited for something to do since it was asked is hung or starved: but not while it waits for an
    /// answer, nor while one above it shows no sign of life either.
    pub(super) fn watch_services(&mut self) {
        let disturbed = core::mem::take(&mut self.watch.disturbed);
        let silent: Vec<bool> = (0..self.units.len()).map(|index| self.is_silent(index)).collect();
        let lifted = self.watch.lifted.take();
        if let Some(index) = lifted {
            let _ = self.units[index].tcb().tcb_set_priority(SYSTEM.services[index].priority);
            if silent[index] {
                // It kept all others from running meanwhile: nothing is to be said of them.
                self.hang(index, "hung: it shows no sign of life");
                return;
            }
            if self.lives(index) {
                self.starved(index);
            }
        }
        for index in 0..silent.len() {
            if !silent[index] {
                let seen = &mut self.watch.services[index];
                seen.silent = 0;
                if lifted != Some(index) {
                    seen.starved = 0;
                }
                if self.lives(index) {
                    // It says so when it is ready, which may be lost.
                    self.is_ready(index);
                }
                continue;
            }
            if disturbed {
                continue;
            }
            let above = |other: usize| SYSTEM.services[other].priority > SYSTEM.services[index].priority;
            if (0..silent.len()).any(|other| silent[other] && above(other)) || self.is_in_call(index) {
                continue;
            }
            self.watch.services[index].silent += 1;
            let silent_ms = self.watch.services[index].silent * LOOK_MS;
            if silent_ms >= SYSTEM.services[index].restart.silent_ms && self.watch.lifted.is_none() {
                self.watch.services[index].silent = 0;
                self.watch.lifted = Some(index);
                let _ = self.units[index].tcb().tcb_set_priority(TOP);
            }
        }
    }

    /// Whether a service that lives has not waited since the last look.
    fn is_silent(&mut self, index: usize) -> bool {
        let turns = self.turns(index);
        let seen = &mut self.watch.services[index];
        seen.pace = turns.wrapping_sub(seen.turns);
        seen.turns = turns;
        seen.pace == 0 && self.lives(index)
    }

    /// A service came to life when it was lifted above those that are busy. In the end the one falls that is: not the busiest
    /// of those above it, but the lowest that keeps pace with it, for it is callers that keep servers busy.
    fn starved(&mut self, index: usize) {
        let starved = self.watch.services[index].starved + 1;
        self.watch.services[index].starved = starved;
        if starved < STARVED {
            return;
        }
        self.watch.services[index].starved = 0;
        let (own, pace) = (SYSTEM.services[index].priority, |other: usize| self.watch.services[other].pace);
        let above = || (0..self.units.len()).filter(|other| SYSTEM.services[*other].priority > own);
        let busiest = above().map(pace).max().unwrap_or(0);
        let lowest = above()
            .filter(|other| pace(*other) > busiest / 2)
            .min_by_key(|other| SYSTEM.services[*other].priority);
        if let Some(busy) = lowest.filter(|busy| !SYSTEM.services[*busy].restart.input_driven) {
            self.hang(busy, "busy: it keeps others from running");
        }
    }

    /// Whatever a service is doing, it does no more.
    fn hang(&mut self, index: usize, why: &str) {
        let _ = self.units[index].tcb().tcb_suspend();
        self.fell(index, why);
    }

    /// Whether a service runs, or is about to: its thread may be looked at and sent on.
    pub(super) fn lives(&self, index: usize) -> bool {
        matches!(self.health[index].state, State::Starting | State::Running)
    }
}
