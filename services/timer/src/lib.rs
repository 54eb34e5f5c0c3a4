//! The clock and the timers.
//!
//! The clock is a page that everybody reads: time costs no system call. Timers are asked for by Call; when
//! one expires its client is signalled. While anything is attached to a hook, the root task is signalled now and
//! then, to look after the cells: no cell can keep this service from running.
#![no_std]
#![forbid(unsafe_code)]

pub mod clock;
pub mod goldfish;
pub mod hpet;
pub mod queue;
pub mod schedule;
pub mod source;

use caps::{Need, Region, Rights, Slot, standard};
use platform::PLATFORM;

/// The protocol of [`Request`].
pub const PROTOCOL: &str = "timer";

/// Registers of the event timer.
pub const REGISTERS: Region = Region::at(standard::FIRST_REGION, 1);
/// What is attached to hooks: whether there is a cell to be watched.
pub const HOOKS: Region = Region::at(standard::FIRST_REGION + 0x1_0000, 1);

/// Where requests arrive.
pub const REQUESTS: Slot = Slot(8);
/// The timer's notification, bound to its thread.
pub const EVENTS: Slot = Slot(9);
/// The event timer's interrupt.
pub const IRQ: Slot = Slot(10);
/// Signals the clients, in the order of their badges: metrics, tick, the root task's watchdog.
pub const CLIENTS: [Slot; 3] = [Slot(12), Slot(13), Slot(14)];
/// The watchdog among the clients: it asks for nothing, its timer runs while a hook is armed.
pub const WATCHDOG: usize = 2;
/// How often the watchdog looks, in ns.
pub const WATCH_NS: u64 = 100_000_000;

/// Bit of the timer's notification: its interrupt. Requests and signals arrive at the same place, and bits that
/// no endpoint's badge can have tell a signal (`svc::FIRST_SIGNAL_BIT`).
pub const BIT_IRQ: u64 = 1 << 28;
/// Bit: the attachments of a hook changed.
pub const BIT_HOOK: u64 = 1 << 29;

/// Timers that one client can have at a time.
pub const TIMERS_PER_CLIENT: usize = 4;

/// What the timer needs besides the standard needs.
pub const NEEDS: &[Need] = &[
    Need::memory("clock", standard::CLOCK, Rights::RW),
    Need::serve("requests", REQUESTS, PROTOCOL),
    Need::wait("events", EVENTS),
    Need::irq("irq", IRQ),
    Need::signal("metrics", CLIENTS[0]),
    Need::signal("tick", CLIENTS[1]),
    Need::signal("watchdog", CLIENTS[WATCHDOG]),
    Need::memory("hooks", HOOKS, Rights::R),
];

/// What the event timer of this board takes.
pub const DEVICE: &[Need] =
    if PLATFORM.timer.page().is_some() { &[Need::mmio("registers", REGISTERS)] } else { &[] };

/// What a client can ask for; [`Request::encode`] gives the message. The reply's label is 0 or a [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Does nothing: the cost of a call.
    Ping,
    /// Nanoseconds since the clock started: one word.
    Now,
    /// Signals the client once, `ns` from now. Replaces timer `id` of this client.
    After {
        /// Below [`TIMERS_PER_CLIENT`].
        id: u64,
        /// Delay.
        ns: u64,
    },
    /// Signals the client every `ns`.
    Every {
        /// Below [`TIMERS_PER_CLIENT`].
        id: u64,
        /// Period, at least [`queue::MIN_PERIOD_NS`].
        ns: u64,
    },
    /// Forgets timer `id`.
    Cancel {
        /// Below [`TIMERS_PER_CLIENT`].
        id: u64,
    },
    /// Which timers of this client expired since it last asked: one word, bit `id` each.
    Expired,
}

/// Why a request was refused; the label of the reply, 0 being success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Refusal {
    /// No such request or timer, or a period that is too short.
    Invalid = 1,
}

impl Request {
    /// The label and the two words of the message.
    pub const fn encode(self) -> (u64, [u64; 2]) {
        match self {
            Self::Ping => (1, [0, 0]),
            Self::Now => (2, [0, 0]),
            Self::After { id, ns } => (3, [id, ns]),
            Self::Every { id, ns } => (4, [id, ns]),
            Self::Cancel { id } => (5, [id, 0]),
            Self::Expired => (6, [0, 0]),
        }
    }

    /// The request of a message, if it is one; what the client sent is a claim.
    pub const fn decode(label: u64, words: [u64; 2]) -> Option<Self> {
        Some(match label {
            1 => Self::Ping,
            2 => Self::Now,
            3 => Self::After { id: words[0], ns: words[1] },
            4 => Self::Every { id: words[0], ns: words[1] },
            5 => Self::Cancel { id: words[0] },
            6 => Self::Expired,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn requests_survive_the_wire() {
        for label in 0..10 {
            if let Some(request) = Request::decode(label, [3, 4_000_000]) {
                let (encoded, words) = request.encode();
                assert_eq!((encoded, Request::decode(encoded, words)), (label, Some(request)));
            }
        }
    }
}
