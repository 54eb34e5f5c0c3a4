//! Programs whose cells stay stopped: the root task has built them again as often as it does. They stay loaded, to be
//! looked at, and leave their hook: their place is another's, and an event pays nothing for them.

use cell::CELLS;
use proto::device::{Error, ErrorCode};
use report::{State, cells::Cells, events::Kind};

use super::{
    Agent, Board,
    state::{Program, refusal},
};

impl<B: Board> Agent<'_, B> {
    /// Detaches them. To be called now and then.
    pub fn detach_stopped(&mut self) {
        for slot in 0..CELLS {
            if !self.stays_stopped(slot) {
                continue;
            }
            // A program is attached once.
            let Some((hook, place, _)) = self.attachments(slot).next() else { continue };
            self.take_off(hook, place);
            if let Some(program) = &self.programs[slot] {
                self.event(Kind::Detached, &program.name, "its cell stays stopped");
            }
        }
    }

    /// Refuses what only a program that runs can have.
    pub(crate) fn require_alive(&self, slot: usize, program: &Program) -> Result<(), Error> {
        if !self.stays_stopped(slot) {
            return Ok(());
        }
        Err(refusal(
            ErrorCode::Invalid,
            format_args!(
                "{} faulted too often and stays stopped; replace it, or unload it and load it again",
                program.name
            ),
        ))
    }

    fn stays_stopped(&self, slot: usize) -> bool {
        self.programs[slot].is_some()
            && Cells(self.memory.cells).get(slot).is_ok_and(|cell| cell.state == Some(State::Stopped))
    }
}
