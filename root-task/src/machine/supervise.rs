//! Supervision: faults are reported, services built again, and those who waited for them answered.

use core::fmt::Write;

use alloc::vec::Vec;
use report::{Report, State};
use sel4::{CapRights, Fault, MessageInfo, cap, cap_type};
use shm::Shm;
use system::{ROOT, SYSTEM};

use super::{
    arch, callers, console,
    error::{At, Error},
    fault::{FaultText, Registers},
    memory::Shared,
    objects::{at, cap},
    spawn::{DOWN_BADGE, FAULT_BADGE, Unit},
    ticker::Ticker,
    vspace::Window,
};

/// Badge bit: the ticker's time has come. Above the services' ready bits, beside [`FAULT_BADGE`].
const TICK: u64 = 1 << 25;
/// A service that ran so long without a fault starts with a clean record.
const CLEAN_AFTER_S: u64 = 60;

/// How a service is doing.
#[derive(Clone, Copy, Debug)]
struct Health {
    state: State,
    restarts: u32,
    /// Restarts since its record was last clean.
    strikes: u32,
    /// When it was last started, in ticks.
    since: u64,
    /// When it is to be built again, in ticks.
    due: Option<u64>,
}

/// The running system.
pub struct System {
    pub(super) units: Vec<Unit>,
    health: Vec<Health>,
    pub(super) shared: Shared,
    window: Window,
    report: Report<'static>,
    pub(super) calls: Vec<Shm<'static>>,
    ticker: Ticker,
    entered: u64,
    hz: u64,
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
    /// The services' pages of counters.
    pub calls: Vec<Shm<'static>>,
    /// A TCB for the ticker.
    pub thread: cap::Tcb,
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
        let Parts { units, shared, window, report, calls, thread, slot, entered, hz } = parts;
        let signals = shared.signals;
        at(slot).mint(&at(signals), CapRights::write_only(), TICK).at(ROOT, "mint tick")?;
        sel4::init_thread::slot::TCB.cap().tcb_bind_notification(cap(signals)).at(ROOT, "bind signals")?;
        let ticker = Ticker::new(thread, cap(slot)).at(ROOT, "make ticker")?;
        let health = Health { state: State::Starting, restarts: 0, strikes: 0, since: entered, due: None };
        let health = alloc::vec![health; units.len()];
        Ok(Self { units, health, shared, window, report, calls, ticker, entered, hz, ready: false })
    }

    fn set_state(&mut self, index: usize, state: State) {
        self.health[index].state = state;
        // The report has an entry for each service of the table.
        let _ = self.report.set_state(index, state, self.health[index].restarts);
    }

    fn signals(&mut self, bits: u64) {
        for index in 0..self.units.len() {
            let said_ready = bits & system::ready_badge(index) != 0;
            if said_ready && self.health[index].state == State::Starting {
                self.set_state(index, State::Running);
                if self.ready {
                    log::info!("{} runs again", SYSTEM.services[index].name);
                }
            }
        }
        if !self.ready && self.health.iter().all(|health| health.state == State::Running) {
            self.ready = true;
            self.say_ready();
        }
        if bits & TICK != 0 {
            self.restart_due();
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
        let Some(unit) = self.units.get(index) else { return };
        let name = unit.service.name;
        // A service can send to its fault endpoint itself; whatever it says, it is the one that is restarted.
        let mut text = FaultText::default();
        let _ = match sel4::with_ipc_buffer(|buffer| Fault::new(buffer, &info)) {
            Some(fault) => write!(text, "{fault}"),
            None => write!(text, "message {:#x} on its fault endpoint", info.label()),
        };
        log::error!("{name} faulted: {}", text.as_str());
        if let Ok(context) = unit.tcb().tcb_read_all_registers(false) {
            for registers in context.registers().chunks(5) {
                log::error!("  {}", Registers(registers));
            }
        }
        let _ = self.report.set_fault(index, text.as_str());
        // First the calls to come, then those that wait: none is forgotten in between.
        self.redirect_callers(index, true);
        self.answer_callers(index);
        self.plan_restart(index);
    }

    /// The first restart comes at once, each further one after twice the time.
    fn plan_restart(&mut self, index: usize) {
        let policy = SYSTEM.services[index].restart;
        let now = arch::ticks();
        let health = &mut self.health[index];
        if now - health.since > CLEAN_AFTER_S * self.hz {
            health.strikes = 0;
        }
        health.strikes += 1;
        if health.strikes > policy.limit {
            log::error!("{} faulted {} times; it stays stopped", SYSTEM.services[index].name, health.strikes);
            self.stop(index);
            return;
        }
        let delay_ms =
            if health.strikes == 1 { 0 } else { u64::from(policy.backoff_ms) << (health.strikes - 2) };
        let due = now + delay_ms * self.hz / 1_000;
        health.due = Some(due);
        self.set_state(index, State::Waiting);
        if delay_ms == 0 {
            self.restart_due();
        } else if let Err(why) = self.ticker.wake_at(due).at(ROOT, "start ticker") {
            log::error!("{why}; restarting at once");
            self.health[index].due = Some(now);
            self.restart_due();
        }
    }

    fn stop(&mut self, index: usize) {
        self.health[index].due = None;
        self.set_state(index, State::Stopped);
        if SYSTEM.services[index].name == "serial" {
            console::take_over();
        }
    }

    fn restart_due(&mut self) {
        let now = arch::ticks();
        for index in 0..self.units.len() {
            match self.health[index].due {
                Some(due) if due <= now => self.restart(index),
                Some(due) => {
                    if let Err(why) = self.ticker.wake_at(due).at(ROOT, "start ticker") {
                        log::error!("{why}; restarting at once");
                        self.restart(index);
                    }
                }
                None => {}
            }
        }
    }

    fn restart(&mut self, index: usize) {
        let health = &mut self.health[index];
        health.due = None;
        health.restarts += 1;
        health.since = arch::ticks();
        self.set_state(index, State::Starting);
        match self.build(index) {
            Ok(()) => {
                self.redirect_callers(index, false);
                log::info!("{} restarted", SYSTEM.services[index].name);
            }
            Err(error) => {
                log::error!("{error}; it stays stopped");
                self.stop(index);
            }
        }
    }

    fn build(&mut self, index: usize) -> Result<(), Error> {
        let unit = &mut self.units[index];
        unit.destroy()?;
        unit.build(&self.shared, &mut self.window)?;
        for (server, health) in self.health.iter().enumerate() {
            if matches!(health.state, State::Waiting | State::Stopped) {
                unit.redirect(&self.shared, server, true)?;
            }
        }
        unit.start()
    }
}

/// Serves faults and signals, for good.
pub fn run(mut system: System) -> ! {
    let endpoint = cap::<cap_type::Endpoint>(system.shared.faults);
    loop {
        let (info, badge) = endpoint.recv();
        if badge & FAULT_BADGE != 0 {
            system.fault((badge & !FAULT_BADGE) as usize, info);
        } else if badge & DOWN_BADGE != 0 {
            // A Call of a server that is down.
            callers::refuse();
        } else {
            system.signals(badge);
        }
    }
}
