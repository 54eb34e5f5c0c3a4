//! The watchdog's look at services: who shows no sign of life is hung, or is kept from running by one above it that is always
//! busy. Which of both it is shows a thread that is to run just above it.

use alloc::vec::Vec;
use report::State;
use system::{ROOT, SYSTEM};

use super::{error::At, probe::Probe, supervise::System, watch::LOOK_MS};

/// Who keeps another from running falls after so many times what is allowed to one that hangs.
const STARVED: u32 = 3;

/// What was seen of a service at the last look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// The Call that it was in: its number and its capability.
    pub(super) call: (u64, u64),
    /// How often it had waited, and how often in the time before.
    turns: u64,
    pace: u64,
    /// At so many looks it has shown no sign of life since it last did, though it could run.
    silent: u32,
    /// At so many others it could not.
    starved: u32,
}

impl System {
    /// A service that has not waited for something to do since it was asked is hung or starved: but not while it waits for an
    /// answer, nor while one above it shows no sign of life either.
    pub(super) fn watch_services(&mut self) {
        let disturbed = core::mem::take(&mut self.watch.disturbed);
        let mut silent = Vec::new();
        for index in 0..self.units.len() {
            if self.is_silent(index) {
                silent.push(index);
                continue;
            }
            let seen = &mut self.watch.services[index];
            (seen.silent, seen.starved) = (0, 0);
            if self.lives(index) {
                // It says so when it is ready, which may be lost.
                self.is_ready(index);
            }
        }
        let asked = self.watch.asked.take();
        let priority = |index: usize| SYSTEM.services[index].priority;
        let Some(highest) = silent.iter().map(|index| priority(*index)).max() else { return };
        silent.retain(|index| priority(*index) == highest && !self.is_in_call(*index));
        let Some(index) = asked.filter(|asked| silent.contains(asked)).or(silent.first().copied()) else {
            return;
        };
        if asked == Some(index) && !disturbed && self.judge(index) {
            return;
        }
        match self.watch.probe.ask(highest.saturating_add(1)).at(ROOT, "ask whether a service can run") {
            Ok(()) => self.watch.asked = Some(index),
            Err(why) => log::error!("{why}"),
        }
    }

    /// Counts another look at which this service showed no sign of life. Gives whether somebody fell for that.
    fn judge(&mut self, index: usize) -> bool {
        let (ran, seen) = (Probe::ran(), &mut self.watch.services[index]);
        *(if ran { &mut seen.silent } else { &mut seen.starved }) += 1;
        let (silent_ms, starved_ms) = (seen.silent * LOOK_MS, seen.starved * LOOK_MS);
        let allowed_ms = SYSTEM.services[index].restart.silent_ms;
        let (fallen, why) = if silent_ms >= allowed_ms {
            (Some(index), "hung: it shows no sign of life")
        } else if starved_ms >= STARVED * allowed_ms {
            (self.busy_above(index), "busy: it keeps others from running")
        } else {
            return false;
        };
        let seen = &mut self.watch.services[index];
        (seen.silent, seen.starved) = (0, 0);
        if let Some(fallen) = fallen {
            // Whatever it is doing, it does no more.
            let _ = self.units[fallen].tcb().tcb_suspend();
            self.fell(fallen, why);
        }
        fallen.is_some()
    }

    /// Whether a service that lives has not waited since the last look.
    fn is_silent(&mut self, index: usize) -> bool {
        let turns = self.turns(index);
        let seen = &mut self.watch.services[index];
        // The count has 32 bits.
        seen.pace = turns.wrapping_sub(seen.turns) & u64::from(u32::MAX);
        seen.turns = turns;
        seen.pace == 0 && self.lives(index)
    }

    /// Who keeps a service from running: not the busiest of those above it, but the lowest that keeps pace with it, for it is
    /// callers that keep servers busy. None if that may be kept busy from outside.
    fn busy_above(&self, index: usize) -> Option<usize> {
        let (own, pace) = (SYSTEM.services[index].priority, |other: usize| self.watch.services[other].pace);
        let above = || (0..self.units.len()).filter(|other| SYSTEM.services[*other].priority > own);
        let busiest = above().map(pace).max()?;
        // A Call may cost its server two turns: one for the request, one for the interrupt that it leads to.
        let busy = above().filter(|other| pace(*other) > busiest / 4);
        let lowest = busy.min_by_key(|other| SYSTEM.services[*other].priority)?;
        (!SYSTEM.services[lowest].restart.input_driven).then_some(lowest)
    }

    /// Whether a service runs, or is about to: its thread may be looked at and sent on.
    pub(super) fn lives(&self, index: usize) -> bool {
        matches!(self.health[index].state, State::Starting | State::Running)
    }
}
