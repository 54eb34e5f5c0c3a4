//! A service, as the table has it: what its domain is built of, and what it is granted.

use core::ops::Range;

use alloc::vec::Vec;
use caps::{Grant, Kind, Need, Object, Region, Slot, standard};
use root_task::{
    elf::Program,
    plan::{self, private_regions, shared_regions},
};
use sel4::{CapRights, cap};
use system::Service;

use super::{
    arch,
    domain::{Content, Domain, Private, Share, Thread},
    error::{At, Error, Why},
    memory::Shared,
    objects::{Pool, Slots, at},
    vspace::{PAGING, Window},
};

/// Set in the badges of fault messages, and in no signal.
pub const FAULT_BADGE: u64 = 1 << 24;
/// Set in the badges of Calls of a server that is down, which come to the root task instead; and in no signal.
pub const DOWN_BADGE: u64 = 1 << 26;

/// A service, with what it is built from.
#[derive(Debug)]
pub struct Unit {
    /// Its place in the table.
    pub index: usize,
    /// Its entry there.
    pub service: &'static Service,
    program: Program<'static>,
    /// Its protection domain.
    pub domain: Domain,
}

impl Unit {
    /// Reserves the slots of a service whose untypeds are in `pool`.
    ///
    /// # Errors
    /// There are not enough slots.
    pub fn new(
        index: usize,
        service: &'static Service,
        program: Program<'static>,
        pool: Pool,
        slots: &mut Slots,
    ) -> Result<Self, Error> {
        let objects = plan::service_pages(&program, service, PAGING) as usize + 1;
        let shared: u64 = shared_regions(service).map(|region| region.pages).sum();
        let objects = slots.take(objects).at(service.name, "slots")?;
        let copies = slots.take(shared as usize).at(service.name, "slots")?;
        Ok(Self { index, service, program, domain: Domain::new(service.name, pool, objects, copies) })
    }

    /// Its thread.
    pub fn tcb(&self) -> cap::Tcb {
        self.domain.tcb()
    }

    /// Builds the service; it does not run yet.
    ///
    /// # Errors
    /// Names the step.
    pub fn build(&mut self, shared: &Shared, window: &mut Window) -> Result<(), Error> {
        let who = self.service.name;
        let regions = private_regions(&self.program, self.service);
        let private: Vec<_> = regions
            .enumerate()
            .map(|(i, region)| match self.program.segments.get(i) {
                Some(segment) => Private {
                    region,
                    writable: segment.writable,
                    executable: segment.executable,
                    content: Content::Segment(segment),
                },
                None => Private { region, writable: true, executable: false, content: Content::Zero },
            })
            .collect();
        let shares = shares(self.service, shared).at(who, "shared memory")?;
        let last = self.domain.build(window, &private, shares.into_iter())?;
        self.cspace(shared).at(who, "CSpace")?;
        self.domain.thread(&Thread {
            priority: self.service.priority,
            // The IPC buffer is the last of the private regions.
            buffer: last,
            notification: shared.notification(self.index).map(super::objects::cap),
            context: arch::entry(self.program.entry, standard::STACK_TOP),
        })
    }

    /// Fills the CSpace with what the table grants, and nothing else.
    fn cspace(&self, shared: &Shared) -> Result<(), Why> {
        let fault = FAULT_BADGE | self.index as u64;
        self.domain.slot(standard::FAULT).mint(
            &at(shared.faults),
            CapRights::new(true, false, true),
            fault,
        )?;
        for (need, grant) in self.service.caps() {
            self.grant(shared, need, grant)?;
        }
        Ok(())
    }

    fn grant(&self, shared: &Shared, need: &Need, grant: &Grant) -> Result<(), Why> {
        let (Kind::Serve(slot, _)
        | Kind::Call(slot, _)
        | Kind::Wait(slot)
        | Kind::Signal(slot)
        | Kind::Irq(slot)
        | Kind::Ports(slot)) = need.kind
        else {
            return Ok(()); // Memory is mapped; the endpoints of cells come with the attachments.
        };
        let source = shared.object(self.index, &grant.object).ok_or(Why::Missing("granted object"))?;
        let to = self.domain.slot(slot);
        match grant.object {
            Object::Endpoint { badge, .. } | Object::Notification { badge, .. } if badge != 0 => {
                to.mint(&at(source), rights(grant.rights), badge)?;
            }
            _ => to.copy(&at(source), rights(grant.rights))?,
        }
        Ok(())
    }

    /// While `server` is down, this service's Calls of it go to the root task, which answers them with an error: nobody
    /// waits for a server that may never come back. `down` false gives back what the table grants.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn redirect(&self, shared: &Shared, server: usize, down: bool) -> Result<(), Error> {
        for (need, grant) in self.service.caps() {
            if let (Kind::Call(slot, _), Object::Endpoint { of, .. }) = (need.kind, grant.object)
                && system::SYSTEM.find(of) == Some(server)
            {
                self.point(shared, slot, need, grant, down.then_some(server))
                    .at(self.service.name, "redirect calls")?;
            }
        }
        Ok(())
    }

    fn point(
        &self,
        shared: &Shared,
        slot: Slot,
        need: &Need,
        grant: &Grant,
        down: Option<usize>,
    ) -> Result<(), Why> {
        self.domain.slot(slot).delete()?;
        let Some(server) = down else { return self.grant(shared, need, grant) };
        let badge = DOWN_BADGE | server as u64;
        Ok(self.domain.slot(slot).mint(&at(shared.faults), rights(grant.rights), badge)?)
    }

    /// Lets it run.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn start(&self) -> Result<(), Error> {
        self.domain.start()
    }
}

/// The pages of all shared memory that the table grants.
fn shares(service: &'static Service, shared: &Shared) -> Result<Vec<Share>, Why> {
    let mut shares = Vec::new();
    for (need, grant) in service.caps() {
        let (Kind::Memory(region) | Kind::Mmio(region)) = need.kind else { continue };
        let how = if matches!(need.kind, Kind::Mmio(_)) { arch::DEVICE } else { arch::memory(false) };
        let sources: Range<usize> = shared.frames(&grant.object).ok_or(Why::Missing("shared memory"))?;
        shares.extend(
            (region.vaddr..).step_by(Region::PAGE as usize).zip(sources).map(|(vaddr, source)| Share {
                source,
                vaddr,
                writable: grant.rights.can_write(),
                how,
            }),
        );
    }
    Ok(shares)
}

fn rights(rights: caps::Rights) -> CapRights {
    CapRights::new(rights.bits() & 4 != 0, rights.bits() & 2 != 0, rights.bits() & 1 != 0)
}
