//! Attachments: which cell's endpoint the owner of a hook holds in which slot.

use caps::Slot;
use cell::{
    CELLS,
    hook::{ATTACHMENTS, HOOKS},
};
use report::control::Refusal;
use sel4::CapRights;
use system::SYSTEM;

use super::{error::Why, objects::at, spawn::DOWN_BADGE, supervise::System};

/// By hook and place: the cell, plus one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attached([[u8; ATTACHMENTS]; HOOKS]);

impl Attached {
    fn place(&mut self, hook: u32, place: u32) -> Option<&mut u8> {
        self.0.get_mut((hook as usize).checked_sub(1)?)?.get_mut(place as usize)
    }

    /// All places: hook, place, cell.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, usize)> {
        (1..).zip(&self.0).flat_map(|(hook, places)| {
            (0..)
                .zip(places)
                .filter_map(move |(place, cell)| Some((hook, place, usize::from(cell.checked_sub(1)?))))
        })
    }
}

/// The owner of a hook, and the slot of one of its places.
fn slot(hook: u32, place: u32) -> Result<(usize, Slot), Refusal> {
    let (owner, first) = SYSTEM.owner(hook).ok_or(Refusal::NoHook)?;
    if place as usize >= ATTACHMENTS {
        return Err(Refusal::NoHook);
    }
    Ok((owner, Slot(first.0 + place as u8)))
}

impl System {
    /// Puts the endpoint of a cell into a place of a hook, instead of what is there. No event comes in between: its owner
    /// does not run meanwhile.
    pub(super) fn attach(&mut self, cell: u32, hook: u32, place: u32) -> Result<(), Refusal> {
        let (owner, slot) = slot(hook, place)?;
        let cell = cell as usize;
        let entry =
            self.cells.entry(cell).filter(|entry| entry.hook == hook && self.cells.get(cell).is_some());
        entry.ok_or(Refusal::NoCell)?;
        self.point_at(owner, slot, cell).map_err(|why| {
            log::error!("attach cell {cell}: {why:?}");
            Refusal::Failed
        })?;
        if let Some(word) = self.attached.place(hook, place) {
            *word = cell as u8 + 1;
        }
        Ok(())
    }

    /// Takes what is in a place of a hook away.
    pub(super) fn detach(&mut self, hook: u32, place: u32) -> Result<(), Refusal> {
        let (owner, slot) = slot(hook, place)?;
        if let Some(word) = self.attached.place(hook, place) {
            *word = 0;
        }
        self.units[owner].domain.slot(slot).delete().map_err(|_| Refusal::Failed)
    }

    /// Fills a slot of the owner with the endpoint of the cell, or, while that is down, with one where the root task
    /// answers.
    fn point_at(&self, owner: usize, slot: Slot, cell: usize) -> Result<(), Why> {
        let (source, badge) = if self.guard.is_up(cell) {
            (self.cells.endpoint(cell), 1)
        } else {
            (self.shared.faults, DOWN_BADGE | (super::cells::FIRST_BADGE + cell) as u64)
        };
        let slot = self.units[owner].domain.slot(slot);
        slot.delete()?;
        // A Call takes the right to grant: the reply is a capability (seL4 5.0.0).
        Ok(slot.mint(&at(source), CapRights::new(true, false, true), badge)?)
    }

    /// The state of a cell has changed: its callers' slots follow.
    pub(super) fn repoint(&self, cell: usize) {
        for (hook, place, _) in self.attached.iter().filter(|(_, _, its)| *its == cell) {
            if let Ok((owner, slot)) = slot(hook, place)
                && let Err(why) = self.point_at(owner, slot, cell)
            {
                log::error!("cell {cell}: {why:?}");
            }
        }
    }

    /// A service was built again: it gets the endpoints of what is attached to its hook.
    pub(super) fn reattach(&self, owner: usize) -> Result<(), Why> {
        for (hook, place, cell) in self.attached.iter() {
            if let Ok((its, slot)) = slot(hook, place)
                && its == owner
            {
                self.point_at(owner, slot, cell)?;
            }
        }
        Ok(())
    }

    /// The cell that a service's capability leads to.
    pub(super) fn cell_of(&self, owner: usize, cptr: u64) -> Option<usize> {
        self.attached
            .iter()
            .find(|(hook, place, _)| {
                slot(*hook, *place).is_ok_and(|(its, slot)| its == owner && slot.cptr() == cptr)
            })
            .map(|(_, _, cell)| cell)
    }

    /// Calls of this cell that wait will not be answered: their callers get an error.
    pub(super) fn answer_callers_of(&self, cell: usize) {
        for owner in 0..self.units.len() {
            self.fail_call(owner, |cptr| self.cell_of(owner, cptr) == Some(cell));
        }
    }

    /// Takes a cell away that is to be no more: nobody holds its endpoint from now on.
    pub(super) fn kill(&mut self, cell: usize) -> Result<(), Refusal> {
        if cell >= CELLS {
            return Err(Refusal::NoCell);
        }
        let places: alloc::vec::Vec<_> = self.attached.iter().filter(|(_, _, its)| *its == cell).collect();
        self.guard.set_down(cell);
        self.repoint(cell);
        self.answer_callers_of(cell);
        for (hook, place, _) in places {
            self.detach(hook, place)?;
        }
        self.cells.kill(cell);
        self.guard.forget(cell);
        self.publish_memory();
        Ok(())
    }
}
