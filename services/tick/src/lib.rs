//! The owner of the hook `timer`: runs programs at periods of their own.
//!
//! It stands between the timer and the cells: a cell that never answers stops this service, but not the timer, whose
//! watchdog then has the cell stopped.
#![no_std]
#![forbid(unsafe_code)]

pub mod schedule;

use caps::{Need, Region, Rights, Slot, standard};

/// The notification.
pub const EVENTS: Slot = Slot(8);
/// The timer.
pub const TIMER: Slot = Slot(9);

/// Bit of the notification: the alarm went off, or the timer was started anew.
pub const BIT_TIMER: u64 = 1 << 0;
/// Bit of the notification: the attachments changed.
pub const BIT_HOOK: u64 = 1 << 1;

/// What is attached to hooks.
pub const HOOKS: Region = Region::at(standard::FIRST_REGION, 1);

/// What the service needs besides the standard needs.
pub const NEEDS: &[Need] = &[
    standard::CLOCK_NEED,
    Need::wait("events", EVENTS),
    Need::call("timer", TIMER, timer::PROTOCOL),
    Need::memory("hooks", HOOKS, Rights::R),
    Need::cells("cells", cell::ATTACHED),
];
