//! What every service needs, at the same place in each.

use crate::{Need, Region, Rights, Slot};

/// Where faults of the service go: filled by the root task, not by the table.
pub const FAULT: Slot = Slot(1);
/// Tells the root task that the service is ready.
pub const READY: Slot = Slot(2);
/// Tells the serial driver that the log ring has records.
pub const LOG_SIGNAL: Slot = Slot(3);
/// Bit of every service's notification: the root task looks for signs of life. The service looks at all that could have
/// come, also where no signal said so, lets its interrupts come again, and waits anew: that is the sign.
pub const LOOK: u64 = 1 << 30;
/// The first slot that a service numbers itself.
pub const FIRST_OWN: Slot = Slot(8);

/// The IPC buffer: filled by the root task, not by the table.
pub const IPC_BUFFER: Region = Region::at(0x1000_0000, 1);
/// The log ring: records for the console.
pub const LOG: Region = Region::at(0x1001_0000, 2);
/// The page of counters.
pub const METRICS: Region = Region::at(0x1002_0000, 1);
/// The clock page, kept by the timer.
pub const CLOCK: Region = Region::at(0x1003_0000, 1);
/// The stack's top; a guard page lies below its last page.
pub const STACK_TOP: u64 = 0x1010_0000;
/// Where the pages that a service names itself begin.
pub const FIRST_REGION: u64 = 0x1020_0000;

/// The needs of any service but the timer, which keeps the clock page itself.
pub const NEEDS: &[Need] = &[
    Need::signal("ready", READY),
    Need::signal("log-signal", LOG_SIGNAL),
    Need::memory("log", LOG, Rights::RW),
    Need::memory("counters", METRICS, Rights::RW),
];

/// The clock, for everybody who only reads it.
pub const CLOCK_NEED: Need = Need::memory("clock", CLOCK, Rights::R);
