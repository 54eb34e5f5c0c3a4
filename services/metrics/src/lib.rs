//! The sampler of counters.
//!
//! Each service counts in a page of its own ([`report::counters`]); reading it takes no IPC. Once a second
//! this service reads them all and publishes their rates in a page of the same form. It owns the hook `metrics`, whose
//! programs then read those pages.
#![no_std]
#![forbid(unsafe_code)]

pub mod sample;

use caps::{Need, Region, Rights, Slot, standard};

/// Those whose counters are sampled, in the order of [`PAGES`].
pub const SOURCES: [&str; 5] = ["timer", "tick", "serial", "agent", "metrics"];

/// The counter pages of [`SOURCES`].
pub const PAGES: [Region; 5] = [
    Region::at(standard::FIRST_REGION, 1),
    Region::at(standard::FIRST_REGION + 0x1000, 1),
    Region::at(standard::FIRST_REGION + 0x2000, 1),
    Region::at(standard::FIRST_REGION + 0x3000, 1),
    standard::METRICS,
];
/// The rates: one page for each of [`SOURCES`], in their order.
pub const RATES: Region = Region::at(standard::FIRST_REGION + 0x1_0000, SOURCES.len() as u64);

/// What is attached to hooks.
pub const HOOKS: Region = Region::at(standard::FIRST_REGION + 0x2_0000, 1);

/// The notification.
pub const EVENTS: Slot = Slot(8);
/// The timer.
pub const TIMER: Slot = Slot(9);

/// Bit of the notification: a timer expired, or the timer service started anew.
pub const BIT_TIMER: u64 = 1 << 0;

/// What the service needs besides the standard needs.
pub const NEEDS: &[Need] = &[
    standard::CLOCK_NEED,
    Need::wait("events", EVENTS),
    Need::call("timer", TIMER, timer::PROTOCOL),
    Need::memory("timer-counters", PAGES[0], Rights::R),
    Need::memory("tick", PAGES[1], Rights::R),
    Need::memory("serial", PAGES[2], Rights::R),
    Need::memory("agent", PAGES[3], Rights::R),
    Need::memory("rates", RATES, Rights::RW),
    Need::memory("hooks", HOOKS, Rights::R),
    Need::cells("cells", cell::ATTACHED),
];
