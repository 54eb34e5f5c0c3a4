//! What the timer decides: which timers there are, what is due, and how long it may sleep.
//!
//! Clients' timers that are late become one expiry, as their signals would anyway. Programs on the hook get
//! each of their ticks, late if need be, up to [`BACKLOG`]; beyond that they skip to the last one, and the
//! count in their context shows the gap. Programs get at most half of the time: after a round of
//! them the hook rests for as long as the round took, so services below the timer stay alive.

use cell::hook::{ATTACHMENTS, Attachment, Hook};

use crate::{
    CLIENTS, Refusal, Request, TIMERS_PER_CLIENT,
    queue::{MIN_PERIOD_NS, Queue, Timer},
};

/// Ticks that a late program gets one by one.
pub const BACKLOG: u64 = 8;

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

/// All timers, and the programs on the hook.
#[derive(Debug)]
pub struct Schedule<'a> {
    timers: Queue<{ CLIENTS.len() * TIMERS_PER_CLIENT }>,
    /// Bit `id` for each timer that expired since its client last asked.
    expired: [u64; CLIENTS.len()],
    hook: Hook<'a>,
    attached: [Option<Attachment>; ATTACHMENTS],
    ticks: Queue<ATTACHMENTS>,
    rest_until_ns: u64,
}

impl<'a> Schedule<'a> {
    /// No timers yet; programs that are attached to `hook` already tick from `now_ns` on.
    pub fn new(hook: Hook<'a>, now_ns: u64) -> Self {
        let mut schedule = Self {
            timers: Queue::default(),
            expired: [0; CLIENTS.len()],
            hook,
            attached: [None; ATTACHMENTS],
            ticks: Queue::default(),
            rest_until_ns: 0,
        };
        schedule.attachments_changed(now_ns);
        schedule
    }

    /// Does what the client with this badge asks; gives the reply's word.
    ///
    /// # Errors
    /// It can't be done; nothing changed.
    pub fn request(&mut self, badge: u64, request: Request, now_ns: u64) -> Result<u64, Refusal> {
        let client = badge.wrapping_sub(1) as usize;
        let expired = self.expired.get_mut(client).ok_or(Refusal::Invalid)?;
        let place = |id: u64| {
            let id = usize::try_from(id).ok().filter(|&id| id < TIMERS_PER_CLIENT).ok_or(Refusal::Invalid)?;
            Ok(client * TIMERS_PER_CLIENT + id)
        };
        let timer =
            |ns: u64, period_ns| Timer { due_ns: now_ns.saturating_add(ns), period_ns, backlog: 0, count: 0 };
        match request {
            Request::Ping => {}
            Request::Now => return Ok(now_ns),
            Request::After { id, ns } => _ = self.timers.set(place(id)?, timer(ns, 0)),
            Request::Every { ns, .. } if ns < MIN_PERIOD_NS => return Err(Refusal::Invalid),
            Request::Every { id, ns } => _ = self.timers.set(place(id)?, timer(ns, ns)),
            Request::Cancel { id } => self.timers.clear(place(id)?),
            Request::Expired => return Ok(core::mem::take(expired)),
        }
        Ok(0)
    }

    /// Reads the hook's attachments anew: a new one ticks from `now_ns` on, one that went ticks no more.
    pub fn attachments_changed(&mut self, now_ns: u64) {
        for (place, known) in self.attached.iter_mut().enumerate() {
            let current = self.hook.get(place);
            if current == *known {
                continue;
            }
            *known = current;
            self.ticks.clear(place);
            if let Some(attachment) = current {
                let period_ns = attachment.period_ns.max(MIN_PERIOD_NS);
                let due_ns = now_ns.saturating_add(period_ns);
                self.ticks.set(place, Timer { due_ns, period_ns, backlog: BACKLOG, count: 0 });
            }
        }
    }

    /// Takes the clients' timers that are due, and calls `signal` with each client's index that has one.
    /// Gives their number.
    pub fn expire(&mut self, now_ns: u64, mut signal: impl FnMut(usize)) -> u64 {
        let mut expiries = 0;
        for (client, expired) in self.expired.iter_mut().enumerate() {
            let due = (0..TIMERS_PER_CLIENT)
                .filter(|id| self.timers.expire(client * TIMERS_PER_CLIENT + id, now_ns).is_some())
                .fold(0, |bits, id| bits | 1 << id);
            if due != 0 {
                *expired |= due;
                expiries += u64::from(due.count_ones());
                signal(client);
            }
        }
        expiries
    }

    /// Calls `event` with program and context (`struct hypos_timer`) for each attachment that is due, once
    /// each; `clock` tells the time.
    pub fn tick(&mut self, clock: impl Fn() -> u64, mut event: impl FnMut(u32, [u64; 4])) -> Round {
        let mut round = Round::default();
        if !self.hook.is_armed() {
            return round;
        }
        let start_ns = clock();
        if start_ns < self.rest_until_ns {
            return round;
        }
        for (place, attached) in self.attached.iter().enumerate() {
            let Some(attachment) = attached else { continue };
            let Some(expiry) = self.ticks.expire(place, start_ns) else { continue };
            if self.hook.get(place) != Some(*attachment) {
                continue; // Detached since; the signal that says so is on its way.
            }
            let now_ns = clock();
            round.events += 1;
            round.skipped += expiry.skipped;
            round.late_ns = round.late_ns.max(now_ns.saturating_sub(expiry.scheduled_ns));
            event(attachment.program, [now_ns, expiry.scheduled_ns, expiry.period_ns, expiry.count]);
        }
        if round.events > 0 {
            let end_ns = clock();
            self.rest_until_ns = end_ns.saturating_add(end_ns.saturating_sub(start_ns));
        }
        round
    }

    /// How long nothing will be due, in ns.
    pub fn idle_ns(&self, now_ns: u64) -> u64 {
        // Ticks of a hook that is no longer armed are never taken: they must not keep the timer awake, or
        // whoever detached and is about to signal it would never run again.
        let due = if self.hook.is_armed() { self.ticks.next_due() } else { None };
        let tick = due.map_or(u64::MAX, |due| due.max(self.rest_until_ns));
        self.timers.next_due().unwrap_or(u64::MAX).min(tick).saturating_sub(now_ns)
    }
}

#[cfg(test)]
mod tests;
