//! Supervision: faults are reported, services built again, and those who waited for them answered.

use core::fmt::{self, Write};

use alloc::vec::Vec;
use caps::{Kind, Object};
use report::{Report, State};
use sel4::{CapRights, Fault, MessageInfo, cap, cap_type};
use shm::Shm;
use system::{ROOT, SYSTEM};

use super::{
    arch, console,
    error::{At, Error},
    memory::Shared,
    objects::{at, cap},
    spawn::{FAULT_BADGE, Unit},
    ticker::Ticker,
    vspace::Window,
};

/// Badge bit: the ticker's time has come. Above the services' ready bits, beside [`FAULT_BADGE`].
const TICK: u64 = 1 << 25;
/// A service that ran so long without a fault starts with a clean record.
const CLEAN_AFTER_S: u64 = 60;
/// Where a service keeps the Call that it waits in: in its page of counters, `cptr << 32 | address of the syscall`.
const PENDING_CALL: usize = report::counters::PENDING_CALL;

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
    units: Vec<Unit>,
    health: Vec<Health>,
    shared: Shared,
    window: Window,
    report: Report<'static>,
    calls: Vec<Shm<'static>>,
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
        self.answer_callers(index);
        self.plan_restart(index);
    }

    /// Calls that wait for service `server` will not be answered by it: their callers get an error.
    fn answer_callers(&self, server: usize) {
        let name = SYSTEM.services[server].name;
        for (unit, page) in self.units.iter().zip(&self.calls) {
            let pending = page.load(PENDING_CALL, 8).unwrap_or(0);
            let (cptr, address) = (pending >> 32, pending & 0xffff_ffff);
            let called = unit.service.caps().any(|(need, grant)| {
                matches!(need.kind, Kind::Call(slot, _) if slot.cptr() == cptr)
                    && matches!(grant.object, Object::Endpoint { of, .. } if of == name)
            });
            if pending == 0 || !called || unit.service.name == name {
                continue;
            }
            let Ok(mut context) = unit.tcb().tcb_read_all_registers(true) else { continue };
            let completed = arch::complete_call(&mut context, address, report::counters::CALL_FAILED)
                && unit.tcb().tcb_write_all_registers(true, &context).is_ok();
            if completed {
                log::warn!("{}: its call of {name} failed", unit.service.name);
            } else {
                // It was not in the call, or not yet: it goes on where it was.
                let _ = unit.tcb().tcb_resume();
            }
        }
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
        let unit = &mut self.units[index];
        let built = unit
            .destroy()
            .and_then(|()| unit.build(&self.shared, &mut self.window))
            .and_then(|()| unit.start());
        match built {
            Ok(()) => log::info!("{} restarted", SYSTEM.services[index].name),
            Err(error) => {
                log::error!("{error}; it stays stopped");
                self.stop(index);
            }
        }
    }
}

/// Serves faults and signals, for good.
pub fn run(mut system: System) -> ! {
    let endpoint = cap::<cap_type::Endpoint>(system.shared.faults);
    loop {
        let (info, badge) = endpoint.recv();
        if badge & FAULT_BADGE != 0 {
            system.fault((badge & !FAULT_BADGE) as usize, info);
        } else {
            system.signals(badge);
        }
    }
}

/// A fault for the report, cut to its size.
struct FaultText {
    bytes: [u8; report::FAULT_BYTES],
    len: usize,
}

impl Default for FaultText {
    fn default() -> Self {
        Self { bytes: [0; report::FAULT_BYTES], len: 0 }
    }
}

impl FaultText {
    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("?")
    }
}

impl Write for FaultText {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let kept = s.floor_char_boundary(self.bytes.len() - self.len);
        self.bytes[self.len..self.len + kept].copy_from_slice(&s.as_bytes()[..kept]);
        self.len += kept;
        Ok(())
    }
}

/// Registers in a line.
struct Registers<'a>(&'a [(&'static str, u64)]);

impl fmt::Display for Registers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.0 {
            write!(f, "{name} {value:#x}  ")?;
        }
        Ok(())
    }
}
