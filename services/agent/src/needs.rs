//! What the agent needs: slots, regions, badges.
use caps::{Need, Region, Rights, Slot, standard};

/// The notification.
pub const EVENTS: Slot = Slot(8);
/// Tells the serial driver that bytes of the control stream were written or taken.
pub const SERIAL: Slot = Slot(9);
/// Tells the owner of the hook `timer` that its attachments changed.
pub const TICK: Slot = Slot(10);
/// Tells the timer that attachments changed: it watches while there are some.
pub const TIMER: Slot = Slot(11);
/// The root task, to restart services.
pub const ROOT: Slot = Slot(12);

/// Bit of the notification: bytes arrived, or there is room again.
pub const BIT_STREAM: u64 = 1 << 0;

const FIRST: u64 = standard::FIRST_REGION;
/// Bytes from the host.
pub const CONTROL_RX: Region = Region::at(FIRST, 3);
/// Bytes to the host.
pub const CONTROL_TX: Region = Region::at(FIRST + 0x1_0000, 3);
/// What is attached to hooks: [`cell::hook`].
pub const HOOKS: Region = Region::at(FIRST + 0x2_0000, 1);
/// The root task's report.
pub const REPORT: Region = Region::at(FIRST + 0x4_0000, 1);
/// The root task's log of events.
pub const EVENTS_ROOT: Region = Region::at(FIRST + 0x4_1000, 4);
/// The agent's own log of events, which outlives it.
pub const EVENTS_OWN: Region = Region::at(FIRST + 0x4_8000, 4);
/// The capability table as text: its length `u32 @0`, lines from byte 8 on.
pub const TABLE: Region = Region::at(FIRST + 0x5_0000, 4);
/// The root task's report on cells: [`report::cells`].
pub const CELLS: Region = Region::at(FIRST + 0x5_8000, 1);
/// Rates of all counters.
pub const RATES: Region = Region::at(FIRST + 0x6_0000, metrics::RATES.pages);
/// Counters of all services.
pub const COUNTERS: [Region; 5] = [
    Region::at(FIRST + 0x7_0000, 1),
    Region::at(FIRST + 0x7_1000, 1),
    Region::at(FIRST + 0x7_2000, 1),
    standard::METRICS,
    Region::at(FIRST + 0x7_4000, 1),
];
/// What is loaded: [`cell::ledger`], and the images of all cells.
pub const LEDGER: Region = Region::at(FIRST + 0xa_0000, 72);
/// The memory of maps, and of what cells have to say.
pub const MAPS: Region = Region::at(FIRST + 0x20_0000, 136);

/// What the agent needs besides the standard needs.
pub const NEEDS: &[Need] = &[
    standard::CLOCK_NEED,
    Need::wait("events", EVENTS),
    Need::signal("serial", SERIAL),
    Need::signal("tick", TICK),
    Need::signal("timer", TIMER),
    Need::call("root", ROOT, report::control::PROTOCOL),
    Need::memory("control-rx", CONTROL_RX, Rights::RW),
    Need::memory("control-tx", CONTROL_TX, Rights::RW),
    Need::memory("hooks", HOOKS, Rights::RW),
    Need::memory("report", REPORT, Rights::R),
    Need::memory("events-root", EVENTS_ROOT, Rights::R),
    Need::memory("events-own", EVENTS_OWN, Rights::RW),
    Need::memory("table", TABLE, Rights::R),
    Need::memory("cells", CELLS, Rights::R),
    Need::memory("rates", RATES, Rights::R),
    Need::memory("counters-timer", COUNTERS[0], Rights::R),
    Need::memory("counters-tick", COUNTERS[1], Rights::R),
    Need::memory("counters-serial", COUNTERS[2], Rights::R),
    Need::memory("counters-metrics", COUNTERS[4], Rights::R),
    Need::memory("ledger", LEDGER, Rights::RW),
    Need::memory("maps", MAPS, Rights::RW),
];
