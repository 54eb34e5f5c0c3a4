//! Cells: built at the agent's request out of what it noted in the ledger, and taken apart.

use core::ops::Range;

use alloc::vec::Vec;
use caps::standard;
use cell::{
    CELLS, EVENTS, IMAGE, STACK_PAGES,
    ledger::{Ledger, Program as Entry},
};
use report::control::Refusal;
use sel4::{CapRights, ObjectBlueprint};
use system::SYSTEM;

use super::{
    arch,
    domain::{Domain, Thread},
    error::{At, Error, Why},
    memory::Shared,
    objects::{Pool, Slots, at},
    parts::{COPIES, Parts},
    quota::Quota,
    spawn::FAULT_BADGE,
    vspace::Window,
};

/// Who faults: the cells stand behind the services.
pub const FIRST_BADGE: usize = 128;
/// Slots for the objects of a cell: VSpace, TCB, CNode, tables, frames.
const OBJECTS: usize = 3 + 8 + (IMAGE.pages + STACK_PAGES) as usize + 4;
const STRIDE: usize = OBJECTS + COPIES;

/// A cell.
#[derive(Debug)]
pub struct Cell {
    /// Its protection domain.
    pub domain: Domain,
}

/// All cells, and what they are built of.
#[derive(Debug)]
pub struct Cells {
    parts: Parts,
    ledger: Ledger<'static>,
    /// By cell: where its events arrive. They outlive the cell, so that nobody's capability goes stale.
    endpoints: Range<usize>,
    /// Slots for the pieces of the quota.
    slots: Slots,
    /// Slots of the cells: each has its own for good.
    room: Range<usize>,
    /// By cell.
    all: Vec<Option<Cell>>,
    quota: Quota,
}

impl Cells {
    /// No cell yet. What all of them share is made from `pool`.
    ///
    /// # Errors
    /// The plan promised too little.
    pub fn new(
        parts: Parts,
        ledger: Ledger<'static>,
        quota: Quota,
        (pool, mut slots): (&mut Pool, Slots),
    ) -> Result<Self, Why> {
        let endpoints = slots.take(CELLS)?;
        pool.make(ObjectBlueprint::Endpoint, endpoints.clone())?;
        let room = slots.take(CELLS * STRIDE)?;
        let all = (0..CELLS).map(|_| None).collect();
        Ok(Self { parts, ledger, endpoints, slots, room, all, quota })
    }

    /// The program that all cells run, from an address on that it executes.
    pub fn code(&self, address: u64) -> Option<&[u8]> {
        self.parts.code(address)
    }

    /// The endpoint of a cell.
    pub fn endpoint(&self, cell: usize) -> usize {
        self.endpoints.start + cell
    }

    /// The cell in this slot, if there is one.
    pub fn get(&self, cell: usize) -> Option<&Cell> {
        self.all.get(cell)?.as_ref()
    }

    /// Bytes that the cells hold.
    pub const fn bytes(&self) -> u64 {
        self.quota.used_bytes()
    }

    /// Makes the next spawn cheap; costs time.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn prepare(&mut self) -> Result<(), Why> {
        self.quota.refill(&mut self.slots)
    }

    /// The hook that a loaded program is for.
    pub fn hook(&self, cell: usize) -> Option<u32> {
        self.ledger.hook(cell)
    }

    /// What the agent noted of a loaded program.
    pub fn entry(&self, cell: usize) -> Option<Entry> {
        self.ledger.program(cell)
    }

    /// Builds a cell and lets it run.
    ///
    /// # Errors
    /// Nothing is left of it.
    pub fn spawn(&mut self, cell: usize, shared: &Shared, window: &mut Window) -> Result<(), Refusal> {
        match self.all.get(cell) {
            None => return Err(Refusal::NoCell),
            Some(Some(_)) => return Err(Refusal::Exists),
            Some(None) => {}
        }
        let entry = self.ledger.program(cell).ok_or(Refusal::NoCell)?;
        let pages = self.parts.pages(&entry);
        let pool = self.quota.take(pages, &mut self.slots).map_err(|_| Refusal::NoMemory)?;
        let first = self.room.start + cell * STRIDE;
        let objects = first..first + (pages as usize + 1).min(OBJECTS);
        let copies = first + OBJECTS..first + STRIDE;
        self.all[cell] = Some(Cell { domain: Domain::new("cell", pool, objects, copies) });
        if let Err(why) = self.build(cell, shared, window) {
            log::error!("cell {cell}: {why}");
            self.kill(cell);
            return Err(Refusal::Failed);
        }
        Ok(())
    }

    /// Builds the cell's domain anew; what was there before is gone. It runs.
    ///
    /// # Errors
    /// Names the step.
    fn build(&mut self, cell: usize, shared: &Shared, window: &mut Window) -> Result<(), Error> {
        let entry = self.ledger.program(cell).at("cell", "read the ledger")?;
        let image =
            self.ledger.image(&entry).map_err(|_| Why::Missing("image")).at("cell", "read the ledger")?;
        let private = self.parts.private(&entry, Some(image));
        let shares = self.parts.shares(&entry, shared).at("cell", "shared memory")?;
        let fault = FAULT_BADGE | (FIRST_BADGE + cell) as u64;
        let (endpoint, context) = (self.endpoint(cell), arch::entry(self.parts.entry(), standard::STACK_TOP));
        let Some(Cell { domain }) = &mut self.all[cell] else { return Ok(()) };
        domain.destroy()?;
        domain.build(window, &private, shares.into_iter())?;
        let faults = at(shared.faults);
        domain
            .slot(standard::FAULT)
            .mint(&faults, CapRights::new(true, false, true), fault)
            .at("cell", "CSpace")?;
        domain.slot(EVENTS).copy(&at(endpoint), CapRights::read_only()).at("cell", "CSpace")?;
        let priority = SYSTEM.cells.priority;
        domain.thread(&Thread { priority, buffer: None, notification: None, context })?;
        domain.start()
    }

    /// Builds a cell anew that was stopped, and first the program that all cells share: that may be what is broken.
    ///
    /// # Errors
    /// Names the step.
    pub fn rebuild(&mut self, cell: usize, shared: &Shared, window: &mut Window) -> Result<(), Error> {
        self.parts.fill(window).at("cell", "fill the cells' program")?;
        self.build(cell, shared, window)
    }

    /// Takes a cell apart; its memory is free again.
    pub fn kill(&mut self, cell: usize) {
        let Some(Cell { mut domain }) = self.all.get_mut(cell).and_then(Option::take) else { return };
        match domain.destroy() {
            Ok(()) => self.quota.give_back(&domain.pool),
            // The pieces are lost, which the memory in use shows.
            Err(why) => log::error!("cell {cell}: {why}"),
        }
    }
}
