//! Cells under guard: one that faults, or is over its budget, is stopped, reported and built again, within limits.

use core::fmt::Write;

use alloc::vec::Vec;
use cell::{CELLS, OVER_BUDGET, ledger::Program};
use report::{State, cells::Cells as Report, control::Refusal, events::Kind};
use sel4::{Fault, MessageInfo};
use system::{ROOT, SYSTEM};

use super::{
    arch,
    error::At,
    fault::{FaultText, Registers},
    health::Health,
    supervise::System,
};

/// Whether the registers of a stopped cell are printed. An image for attack tests stops them by the thousand, and a line takes
/// as long as building the cell again.
const REGISTERS: bool = !cfg!(feature = "unverified");

/// How all cells are doing.
#[derive(Debug)]
pub struct Guard {
    health: Vec<Option<Health>>,
    /// How often each cell was stopped.
    stops: Vec<u32>,
    report: Report<'static>,
}

impl Guard {
    /// No cell yet.
    pub fn new(report: Report<'static>) -> Self {
        Self { health: alloc::vec![None; CELLS], stops: alloc::vec![0; CELLS], report }
    }

    /// Whether a cell answers.
    pub fn is_up(&self, cell: usize) -> bool {
        matches!(self.health.get(cell), Some(Some(health)) if health.state == State::Running)
    }

    fn set(&mut self, cell: usize, state: State) {
        if let Some(Some(health)) = self.health.get_mut(cell) {
            health.state = state;
            let _ = self.report.set_state(cell, Some(state), self.stops[cell]);
        }
    }

    /// A cell was spawned.
    pub fn begin(&mut self, cell: usize) {
        self.health[cell] = Some(Health::new(arch::ticks()));
        self.stops[cell] = 0;
        let _ = self.report.set_fault(cell, "");
        self.set(cell, State::Running);
    }

    /// A cell is to answer no more.
    pub fn set_down(&mut self, cell: usize) {
        self.set(cell, State::Waiting);
    }

    /// A cell is no more.
    pub fn forget(&mut self, cell: usize) {
        self.health[cell] = None;
        let _ = self.report.set_state(cell, None, 0);
    }
}

impl System {
    /// Makes a cell of what the agent noted in the ledger.
    pub(super) fn spawn_cell(&mut self, cell: usize) -> Result<(), Refusal> {
        self.cells.spawn(cell, &self.shared, &mut self.window)?;
        self.watch.astray &= !(1 << cell);
        self.guard.begin(cell);
        self.publish_memory();
        Ok(())
    }

    /// Kills all cells but those in `mask`.
    pub(super) fn retain_cells(&mut self, mask: u64) -> Result<(), Refusal> {
        for cell in (0..CELLS).filter(|cell| mask >> cell & 1 == 0) {
            if self.cells.get(cell).is_some() {
                self.kill(cell)?;
            }
        }
        Ok(())
    }

    /// A message on a cell's fault endpoint.
    pub(super) fn cell_fault(&mut self, cell: usize, info: MessageInfo) {
        let mut text = FaultText::default();
        let fault = sel4::with_ipc_buffer(|buffer| Fault::new(buffer, &info));
        let over_budget = fault.is_none() && info.label() == OVER_BUDGET;
        let _ = match fault {
            Some(fault) => write!(text, "{fault}"),
            None if over_budget => write!(text, "over its budget of {} instructions", cell::FUEL),
            None => write!(text, "message {:#x} on its fault endpoint", info.label()),
        };
        self.stop_cell(cell, if over_budget { Kind::OverBudget } else { Kind::Fault }, text.as_str());
    }

    /// Stops a cell, answers for it, and builds it again when its time has come.
    pub(super) fn stop_cell(&mut self, cell: usize, kind: Kind, why: &str) {
        let Some(entry) = self.cells.entry(cell) else { return };
        let name = name(&entry);
        log::error!("cell {cell} ({name}) is stopped: {why}");
        self.note(kind, name, format_args!("{why}"));
        if let Some(cell) = self.cells.get(cell) {
            // Whatever it is doing, it does no more.
            let _ = cell.domain.tcb().tcb_suspend();
            if REGISTERS && let Ok(context) = cell.domain.tcb().tcb_read_all_registers(false) {
                for registers in context.registers().chunks(5) {
                    log::error!("  {}", Registers(registers));
                }
            }
        }
        let _ = self.guard.report.set_fault(cell, why);
        self.guard.stops[cell] += 1;
        self.watch.disturbed = true;
        self.guard.set_down(cell);
        // First the calls to come, then those that wait: none is forgotten in between.
        self.repoint(cell);
        self.answer_callers_of(cell);
        let (hz, policy) = (self.hz, SYSTEM.cells.restart);
        let Some(Some(health)) = self.guard.health.get_mut(cell) else { return };
        match health.strike(policy, hz) {
            None => {
                let strikes = health.strikes;
                log::error!("cell {cell} ({name}) was stopped {strikes} times; it stays so");
                self.note(Kind::Stopped, name, format_args!("was stopped {strikes} times"));
                self.guard.set(cell, State::Stopped);
            }
            Some(due) => {
                health.due = Some(due);
                self.cells_due();
            }
        }
    }

    /// Builds those cells again whose time has come.
    pub(super) fn cells_due(&mut self) {
        for cell in 0..CELLS {
            let Some(Some(Health { due: Some(due), .. })) = self.guard.health.get(cell) else { continue };
            if *due > arch::ticks() && self.ticker.wake_at(*due).is_ok() {
                continue;
            }
            self.rebuild_cell(cell);
        }
    }

    fn rebuild_cell(&mut self, cell: usize) {
        let Some(Some(health)) = self.guard.health.get_mut(cell) else { return };
        health.due = None;
        health.restarts += 1;
        health.since = arch::ticks();
        // What the watchdog saw was another's: one that is found as it starts twice in a row was built twice.
        self.watch.astray &= !(1 << cell);
        match self.cells.rebuild(cell, &self.shared, &mut self.window) {
            Ok(()) => {
                self.guard.set(cell, State::Running);
                self.repoint(cell);
                if let Some(entry) = self.cells.entry(cell) {
                    self.note(Kind::Restart, name(&entry), format_args!("in a new cell"));
                }
            }
            Err(error) => {
                log::error!("{error}; cell {cell} stays stopped");
                self.guard.set(cell, State::Stopped);
            }
        }
    }

    /// The memory in use, cells included.
    pub(super) fn publish_memory(&self) {
        let Ok(summary) = self.report.summary() else { return };
        let _ = self.report.set_memory(summary.memory_total, self.fixed + self.cells.bytes());
    }

    /// What is to be done while nobody waits: memory for the next cell.
    pub(super) fn prepare_cells(&mut self) {
        if let Err(error) = self.cells.prepare().at(ROOT, "cut memory for cells") {
            log::error!("{error}");
        }
    }
}

/// The program's name.
fn name(program: &Program) -> &str {
    core::str::from_utf8(&program.meta.name).unwrap_or("?").trim_end_matches('\0')
}
