//! The serial driver: console out on one UART, the control stream on the other.
//!
//! Everybody writes log records into a ring of their own and signals; the driver prints them. The control
//! stream's bytes go to and from the agent through two rings. Bytes that arrive on the console fire the
//! hook `serial`.
#![no_std]
#![forbid(unsafe_code)]

pub mod driver;
pub mod line;
pub mod uart;

use caps::{Need, Region, Rights, Slot, standard};
use platform::{PLATFORM, Place};

/// Those whose log rings the driver drains, in the order of [`LOGS`].
pub const LOG_CLIENTS: [&str; 5] = ["root", "timer", "tick", "metrics", "agent"];

/// The log rings of [`LOG_CLIENTS`]; the root task's is large enough to hold what it says before the driver runs.
pub const LOGS: [Region; 5] = [
    Region::at(standard::FIRST_REGION, 9),
    Region::at(standard::FIRST_REGION + 0x1_0000, 2),
    Region::at(standard::FIRST_REGION + 0x2_0000, 2),
    Region::at(standard::FIRST_REGION + 0x3_0000, 2),
    Region::at(standard::FIRST_REGION + 0x4_0000, 2),
];
/// Bytes from the host to the agent.
pub const CONTROL_RX: Region = Region::at(standard::FIRST_REGION + 0x8_0000, 3);
/// Bytes from the agent to the host.
pub const CONTROL_TX: Region = Region::at(standard::FIRST_REGION + 0x9_0000, 3);
/// What is attached to hooks.
pub const HOOKS: Region = Region::at(standard::FIRST_REGION + 0xa_0000, 1);

/// The driver's notification.
pub const EVENTS: Slot = Slot(8);
/// The console's interrupt.
pub const CONSOLE_IRQ: Slot = Slot(9);
/// The control UART's interrupt.
pub const CONTROL_IRQ: Slot = Slot(10);
/// The console's registers.
pub const CONSOLE: Device =
    Device { ports: Slot(11), page: Region::at(standard::FIRST_REGION + 0xb_0000, 1) };
/// The control UART's registers.
pub const CONTROL: Device =
    Device { ports: Slot(12), page: Region::at(standard::FIRST_REGION + 0xc_0000, 1) };
/// Tells the agent that bytes arrived, or that there is room again.
pub const AGENT: Slot = Slot(13);

/// Where a UART's registers are found: the board says whether they are ports or memory.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// The capability of its ports.
    pub ports: Slot,
    /// The page of its registers.
    pub page: Region,
}

impl Device {
    const fn need(self, name: &'static str, at: Place) -> Need {
        match at {
            Place::Ports(_) => Need::ports(name, self.ports),
            Place::Mmio(_) => Need::mmio(name, self.page),
        }
    }
}

/// Bit of the driver's notification: the console's interrupt.
pub const BIT_CONSOLE: u64 = 1 << 0;
/// Bit: the control UART's interrupt.
pub const BIT_CONTROL: u64 = 1 << 1;
/// Bit: a log ring has records.
pub const BIT_LOG: u64 = 1 << 2;
/// Bit: the agent wrote or took bytes of the control stream.
pub const BIT_STREAM: u64 = 1 << 3;

/// What the driver needs besides the standard needs.
pub const NEEDS: &[Need] = &[
    standard::CLOCK_NEED,
    Need::wait("events", EVENTS),
    Need::irq("console-irq", CONSOLE_IRQ),
    Need::irq("control-irq", CONTROL_IRQ),
    CONSOLE.need("console", PLATFORM.console.at),
    CONTROL.need("control", PLATFORM.control.at),
    Need::signal("agent", AGENT),
    Need::cells("cells", cell::ATTACHED),
    Need::memory("log-root", LOGS[0], Rights::RW),
    Need::memory("log-timer", LOGS[1], Rights::RW),
    Need::memory("log-tick", LOGS[2], Rights::RW),
    Need::memory("log-metrics", LOGS[3], Rights::RW),
    Need::memory("log-agent", LOGS[4], Rights::RW),
    Need::memory("control-rx", CONTROL_RX, Rights::RW),
    Need::memory("control-tx", CONTROL_TX, Rights::RW),
    Need::memory("hooks", HOOKS, Rights::R),
];
