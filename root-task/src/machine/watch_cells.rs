//! The watchdog's look at cells: who calls one is to be answered, and one that nobody calls is to wait for the next call.

use cell::{CELLS, EVENTS};
use report::events::Kind;

use super::{arch, supervise::System};

const _: () = assert!(CELLS <= u64::BITS as usize);

impl System {
    /// Looks after the cells. One that is found at the same for the second time is stopped.
    pub(super) fn watch_cells(&mut self) {
        let mut called = 0;
        for owner in 0..self.units.len() {
            let now = (self.call_number(owner), self.pending(owner).map_or(0, |(cptr, _)| cptr));
            let before = core::mem::replace(&mut self.watch.services[owner].call, now);
            if now.1 != 0
                && self.lives(owner)
                && let Some(cell) = self.cell_of(owner, now.1)
                && self.is_in_call(owner)
            {
                called |= 1 << cell;
                if now == before && self.guard.is_up(cell) {
                    self.stop_cell(cell, Kind::OverBudget, "over its time: the watchdog saw no answer");
                }
            }
        }
        self.watch_uncalled(called);
    }

    /// Those that nobody calls: one that has answered and goes on would keep all below it from running.
    fn watch_uncalled(&mut self, called: u64) {
        let runs = |cell: &usize| called >> cell & 1 == 0 && self.guard.is_up(*cell) && !self.waits(*cell);
        let astray = (0..CELLS).filter(runs).fold(0, |cells, cell| cells | 1 << cell);
        let before = core::mem::replace(&mut self.watch.astray, astray);
        for cell in (0..CELLS).filter(|cell| (astray & before) >> cell & 1 != 0) {
            self.stop_cell(cell, Kind::OverBudget, "over its time: it runs and nobody called it");
        }
    }

    /// Whether a cell waits for an event, or is about to, as its registers say.
    fn waits(&self, cell: usize) -> bool {
        self.cells.get(cell).is_none_or(|it| {
            let registers = it.domain.tcb().tcb_read_all_registers(false);
            registers.is_ok_and(|context| arch::waits(&context, EVENTS.cptr(), |at| self.cells.code(at)))
        })
    }
}
