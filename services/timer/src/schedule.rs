//! What the timer decides: which timers there are, what is due, and how long it may sleep.
//!
//! Clients' timers that are late become one expiry, as their signals would anyway.

use crate::{
    CLIENTS, Refusal, Request, TIMERS_PER_CLIENT, WATCH_NS, WATCHDOG,
    queue::{MIN_PERIOD_NS, Queue, Timer},
};

/// All timers.
#[derive(Debug, Default)]
pub struct Schedule {
    timers: Queue<{ CLIENTS.len() * TIMERS_PER_CLIENT }>,
    /// Bit `id` for each timer that expired since its client last asked.
    expired: [u64; CLIENTS.len()],
    watching: bool,
}

impl Schedule {
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

    /// Has the watchdog look after the cells from now on, or no longer.
    pub fn watch(&mut self, armed: bool, now_ns: u64) {
        let place = WATCHDOG * TIMERS_PER_CLIENT;
        if armed != self.watching {
            self.watching = armed;
            if armed {
                let due_ns = now_ns.saturating_add(WATCH_NS);
                self.timers.set(place, Timer { due_ns, period_ns: WATCH_NS, backlog: 0, count: 0 });
            } else {
                self.timers.clear(place);
            }
        }
    }

    /// For how long there is nothing to do; `u64::MAX`: for good.
    pub fn idle_ns(&self, now_ns: u64) -> u64 {
        self.timers.next_due().map_or(u64::MAX, |due| due.saturating_sub(now_ns))
    }
}

#[cfg(test)]
mod tests;
