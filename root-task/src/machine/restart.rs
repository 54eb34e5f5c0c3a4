//! Building services again: when, how often, and what their callers get meanwhile.

use core::fmt;

use report::{State, control::Refusal, events::Kind};
use system::{ROOT, SYSTEM};

use super::{
    arch, console,
    error::{At, Error},
    health::Health,
    supervise::System,
};

/// The service that prints what the root task says.
const CONSOLE: &str = "serial";
/// How long a service that asked for its own restart lives on, to pass the answer on. It need not be long: the ticker
/// only runs when nobody else wants to.
const GRACE_MS: u64 = 10;

impl System {
    pub(super) fn set_state(&mut self, index: usize, state: State) {
        self.health[index].state = state;
        // The report has an entry for each service of the table.
        let Health { restarts, strikes, .. } = self.health[index];
        let _ = self.report.set_state(index, state, restarts, strikes);
    }

    /// A service is no more: those who call it are answered by the root task.
    pub(super) fn take_down(&self, index: usize) {
        // First the calls to come, then those that wait: none is forgotten in between.
        self.redirect_callers(index, true);
        self.answer_callers(index);
    }

    /// After a fault.
    pub(super) fn plan_restart(&mut self, index: usize) {
        let service = &SYSTEM.services[index];
        let health = &mut self.health[index];
        let Some(due) = health.strike(service.restart, self.hz) else {
            let strikes = health.strikes;
            log::error!("{} faulted {strikes} times; it stays stopped", service.name);
            self.stop(index, format_args!("faulted {strikes} times"));
            return;
        };
        self.set_state(index, State::Waiting);
        self.restart_at(index, due);
    }

    /// Somebody asks for it: no fault, so no strike.
    pub(super) fn ask_restart(&mut self, index: usize, by: usize) -> Result<(), Refusal> {
        let (Some(service), Some(asker)) = (SYSTEM.services.get(index), SYSTEM.services.get(by)) else {
            return Err(Refusal::NoService);
        };
        log::info!("{} is to be restarted, {} asks", service.name, asker.name);
        self.note(Kind::Asked, service.name, format_args!("{} asks for its restart", asker.name));
        if self.health[index].state == State::Stopped {
            self.health[index].strikes = 0;
        }
        let grace_ms = if index == by { GRACE_MS } else { 0 };
        self.restart_at(index, arch::ticks() + grace_ms * self.hz / 1_000);
        if self.health[index].state == State::Stopped { Err(Refusal::Failed) } else { Ok(()) }
    }

    fn restart_at(&mut self, index: usize, due: u64) {
        self.health[index].due = Some(due);
        if due <= arch::ticks() {
            self.restart(index);
        } else if let Err(why) = self.ticker.wake_at(due).at(ROOT, "start ticker") {
            log::error!("{why}; restarting at once");
            self.restart(index);
        }
    }

    /// Builds those again whose time has come.
    pub(super) fn restart_due(&mut self) {
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

    fn stop(&mut self, index: usize, why: fmt::Arguments<'_>) {
        self.note(Kind::Stopped, SYSTEM.services[index].name, why);
        self.health[index].due = None;
        self.set_state(index, State::Stopped);
        if SYSTEM.services[index].name == CONSOLE {
            console::take_over();
        }
    }

    fn restart(&mut self, index: usize) {
        match self.health[index].state {
            State::Starting | State::Running => self.take_down(index),
            State::Stopped if SYSTEM.services[index].name == CONSOLE => console::hand_back(),
            State::Waiting | State::Stopped => {}
        }
        let health = &mut self.health[index];
        health.due = None;
        health.restarts += 1;
        health.since = arch::ticks();
        self.set_state(index, State::Starting);
        match self.build(index) {
            Ok(()) => {
                self.redirect_callers(index, false);
                log::info!("{} restarted", SYSTEM.services[index].name);
                let Health { restarts, strikes, .. } = self.health[index];
                let what = format_args!("restart {restarts}, {strikes} after faults of late");
                self.note(Kind::Restart, SYSTEM.services[index].name, what);
            }
            Err(error) => {
                log::error!("{error}; it stays stopped");
                self.stop(index, format_args!("{error}"));
            }
        }
    }

    fn build(&mut self, index: usize) -> Result<(), Error> {
        let unit = &mut self.units[index];
        unit.domain.destroy()?;
        unit.build(&self.shared, &mut self.window)?;
        for (server, health) in self.health.iter().enumerate() {
            if matches!(health.state, State::Waiting | State::Stopped) {
                unit.redirect(&self.shared, server, true)?;
            }
        }
        self.reattach(index).at(SYSTEM.services[index].name, "attach cells")?;
        self.units[index].start()
    }
}
