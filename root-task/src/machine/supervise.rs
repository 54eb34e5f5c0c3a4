//! Supervision: signals, faults and requests as they come, and what they lead to.

use core::{
    fmt::{self, Write},
    ops::Range,
};

use alloc::vec::Vec;
use report::{
    Report, State,
    events::{Kind, Writer},
};
use sel4::{CapRights, Fault, MessageInfo, cap_type};
use shm::Shm;
use system::{CONTROL_BADGE, ROOT, SYSTEM, WATCH_BADGE, WATCH_IRQ_BADGE};

use super::{
    arch,
    attach::Attached,
    boot, callers,
    cells::{self, Cells},
    console,
    error::{At, Error},
    fault::{FaultText, Registers},
    guard::Guard,
    health::Health,
    memory::Shared,
    objects::{at, cap},
    probe::Probe,
    spawn::{DOWN_BADGE, FAULT_BADGE, Unit},
    ticker::Ticker,
    vspace::Window,
    watch::Watch,
};

/// Badge bit: the ticker's time has come. Above the services' ready bits, beside [`FAULT_BADGE`].
const TICK: u64 = 1 << 25;

/// The running system.
pub struct System {
    pub(super) units: Vec<Unit>,
    pub(super) health: Vec<Health>,
    pub(super) shared: Shared,
    pub(super) window: Window,
    pub(super) report: Report<'static>,
    events: Writer<'static>,
    pub(super) calls: Vec<Shm<'static>>,
    pub(super) ticker: Ticker,
    pub(super) cells: Cells,
    pub(super) attached: Attached,
    pub(super) guard: Guard,
    pub(super) watch: Watch,
    table: Shm<'static>,
    /// Bytes in use but for the cells'.
    pub(super) fixed: u64,
    entered: u64,
    pub(super) hz: u64,
    ready: bool,
}

/// What the boot hands over.
#[derive(Debug)]
pub struct Parts {
    /// All services, started.
    pub units: Vec<Unit>,
    /// What they share.
    pub shared: Shared,
    /// The window for filling frames.
    pub window: Window,
    /// The report to the agent.
    pub report: Report<'static>,
    /// The log of events, for the agent too.
    pub events: Writer<'static>,
    /// The services' pages of counters.
    pub calls: Vec<Shm<'static>>,
    /// What cells are built of.
    pub cells: Cells,
    /// How cells are doing.
    pub guard: Guard,
    /// Where the capability table goes as text.
    pub table: Shm<'static>,
    /// Slots for what the services are asked for signs of life by, one each.
    pub pokes: Range<usize>,
    /// TCBs of the ticker and the probe.
    pub threads: Range<usize>,
    /// A slot for the ticker's notification.
    pub slot: usize,
    /// When the root task began, in ticks.
    pub entered: u64,
    /// Ticks in a second.
    pub hz: u64,
}

impl System {
    /// A system that was just started.
    ///
    /// # Errors
    /// The kernel refuses to bind the root task's notification.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        let Parts { units, shared, window, report, events, calls, cells, .. } = parts;
        let Parts { table, guard, pokes, threads, slot, entered, hz, .. } = parts;
        let signals = shared.signals;
        at(slot).mint(&at(signals), CapRights::write_only(), TICK).at(ROOT, "mint tick")?;
        sel4::init_thread::slot::TCB.cap().tcb_bind_notification(cap(signals)).at(ROOT, "bind signals")?;
        let ticker = Ticker::new(cap(threads.start), cap(slot)).at(ROOT, "make ticker")?;
        let probe = Probe::new(cap(threads.start + 1)).at(ROOT, "make probe")?;
        let health = alloc::vec![Health::new(entered); units.len()];
        // The boot has reported what it took.
        let fixed = report.summary().map_or(0, |summary| summary.memory_used);
        Ok(Self {
            units,
            health,
            shared,
            window,
            report,
            events,
            calls,
            ticker,
            cells,
            attached: Attached::default(),
            guard,
            watch: Watch::new(pokes, SYSTEM.services.len(), probe),
            table,
            fixed,
            entered,
            hz,
            ready: false,
        })
    }

    /// Writes an event down.
    pub(super) fn note(&self, kind: Kind, subject: &str, what: fmt::Arguments<'_>) {
        let mut text = FaultText::default();
        // It never fails: what does not fit is cut.
        let _ = text.write_fmt(what);
        self.events.add(console::now_ns(), kind, subject, text.as_str());
    }

    fn signals(&mut self, bits: u64) {
        for index in 0..self.units.len() {
            if bits & system::ready_badge(index) != 0 {
                self.is_ready(index);
            }
        }
        if !self.ready && self.health.iter().all(|health| health.state == State::Running) {
            self.ready = true;
            self.say_ready();
            boot::publish_table(self.table);
            self.prepare_cells();
        }
        if bits & TICK != 0 {
            self.restart_due();
            self.cells_due();
        }
        if bits & (WATCH_BADGE | WATCH_IRQ_BADGE) != 0 {
            self.look(bits & WATCH_IRQ_BADGE != 0);
        }
    }

    /// A service serves.
    pub(super) fn is_ready(&mut self, index: usize) {
        if self.health[index].state == State::Starting {
            self.set_state(index, State::Running);
            if self.ready {
                let name = SYSTEM.services[index].name;
                log::info!("{name} runs again");
                self.note(Kind::Running, name, format_args!("ready"));
            }
        }
    }

    fn say_ready(&self) {
        let ticks = arch::ticks() - self.entered;
        let us = ticks * 1_000 / (self.hz / 1_000).max(1);
        let _ = self.report.set_boot(us * 1_000);
        if let Ok(summary) = self.report.summary() {
            log::info!(
                "hypOS ready {}.{:03} ms after the root task began ({ticks} ticks); memory: {} of {} KiB in use",
                us / 1_000,
                us % 1_000,
                summary.memory_used >> 10,
                summary.memory_total >> 10
            );
        }
    }

    fn fault(&mut self, index: usize, info: MessageInfo) {
        if index >= self.units.len() {
            return;
        }
        // A service can send to its fault endpoint itself; whatever it says, it is the one that is restarted.
        let mut text = FaultText::default();
        let _ = match sel4::with_ipc_buffer(|buffer| Fault::new(buffer, &info)) {
            Some(fault) => write!(text, "{fault}"),
            None => write!(text, "message {:#x} on its fault endpoint", info.label()),
        };
        self.fell(index, text.as_str());
    }

    /// A service can't go on: it is reported, answered for, and built again when its time has come.
    pub(super) fn fell(&mut self, index: usize, why: &str) {
        let unit = &self.units[index];
        let name = unit.service.name;
        log::error!("{name} faulted: {why}");
        if let Ok(context) = unit.tcb().tcb_read_all_registers(false) {
            for registers in context.registers().chunks(5) {
                log::error!("  {}", Registers(registers));
            }
        }
        let _ = self.report.set_fault(index, why);
        self.note(Kind::Fault, name, format_args!("{why}"));
        self.take_down(index);
        self.plan_restart(index);
    }
}

/// Serves faults, requests and signals, for good.
pub fn run(mut system: System) -> ! {
    let endpoint = cap::<cap_type::Endpoint>(system.shared.faults);
    loop {
        let (info, badge) = endpoint.recv();
        if badge & FAULT_BADGE != 0 {
            match (badge & !FAULT_BADGE) as usize {
                service if service < cells::FIRST_BADGE => system.fault(service, info),
                cell => system.cell_fault(cell - cells::FIRST_BADGE, info),
            }
        } else if badge & DOWN_BADGE != 0 {
            // A Call of a server that is down.
            callers::refuse();
        } else if badge & CONTROL_BADGE != 0 {
            system.control((badge & !CONTROL_BADGE) as usize, info);
        } else {
            system.signals(badge);
        }
    }
}
