//! Building one service, step by step, and taking it apart again.

use core::ops::Range;

use alloc::vec::Vec;
use caps::{Grant, Kind, Need, Object, Region, Slot, standard};
use root_task::{
    elf::Program,
    plan::{self, private_regions, shared_regions},
};
use sel4::{AbsoluteCPtr, CNodeCapData, CPtr, CapRights, ObjectBlueprint, cap, cap_type};
use system::Service;

use super::{
    arch,
    error::{At, Error, Why},
    memory::Shared,
    objects::{Pool, Slots, at, cap},
    vspace::{Builder, Window},
};

/// Set in the badges of fault messages, and in no signal.
pub const FAULT_BADGE: u64 = 1 << 24;
/// Set in the badges of Calls of a server that is down, which come to the root task instead; and in no signal.
pub const DOWN_BADGE: u64 = 1 << 26;

const _: () = assert!(caps::ENDPOINT_BADGE_BITS == sel4::ENDPOINT_BADGE_BITS);
const _: () = assert!(plan::small_objects_fit(
    ObjectBlueprint::Tcb.physical_size_bits() as u32,
    sel4::SLOT_BITS as u32
));

/// A service, with what it is built from.
#[derive(Debug)]
pub struct Unit {
    /// Its place in the table.
    pub index: usize,
    /// Its entry there.
    pub service: &'static Service,
    program: Program<'static>,
    /// All of its memory.
    pub pool: Pool,
    /// VSpace, tables, private frames, TCB and CNode: empty again when the pool is reset.
    objects: Range<usize>,
    /// Copies of shared frames, which have to be deleted one by one.
    copies: Range<usize>,
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
        let objects = plan::service_pages(&program, service, &arch::SPANS) as usize + 1;
        let shared: u64 = shared_regions(service).map(|region| region.pages).sum();
        let objects = slots.take(objects).at(service.name, "slots")?;
        let copies = slots.take(shared as usize).at(service.name, "slots")?;
        Ok(Self { index, service, program, pool, objects, copies })
    }

    /// The first three objects have fixed places.
    fn vspace(&self) -> cap::VSpace {
        cap(self.objects.start)
    }

    /// Its thread.
    pub fn tcb(&self) -> cap::Tcb {
        cap(self.objects.start + 1)
    }

    fn cnode(&self) -> cap::CNode {
        cap(self.objects.start + 2)
    }

    /// Builds the service; it does not run yet.
    ///
    /// # Errors
    /// Names the step.
    pub fn build(&mut self, shared: &Shared, window: &mut Window) -> Result<(), Error> {
        let who = self.service.name;
        let vspace = self.objects.start;
        self.pool.make(arch::VSPACE, vspace..vspace + 1).at(who, "make VSpace")?;
        arch::assign_asid(self.vspace()).at(who, "assign ASID")?;
        let buffer = self.address_space(shared, window).at(who, "address space")?;
        let (tcb, cnode) = (vspace + 1, vspace + 2);
        self.pool.make(ObjectBlueprint::Tcb, tcb..cnode).at(who, "make TCB")?;
        let size_bits = Slot::RADIX as usize;
        self.pool.make(ObjectBlueprint::CNode { size_bits }, cnode..cnode + 1).at(who, "make CNode")?;
        self.cspace(shared).at(who, "CSpace")?;
        self.thread(shared, buffer).at(who, "TCB")
    }

    /// Maps everything; gives the frame of the IPC buffer.
    fn address_space(&mut self, shared: &Shared, window: &mut Window) -> Result<arch::Frame, Why> {
        let vspace = self.vspace();
        let regions: Vec<Region> = private_regions(&self.program, self.service).collect();
        let pages: u64 = regions.iter().map(|region| region.pages).sum();
        let frames = self.objects.end - pages as usize..self.objects.end;
        self.pool.make(sel4::FrameObjectType::GRANULE.blueprint(), frames.clone())?;
        let mut builder = Builder::new(vspace, &mut self.pool, self.objects.start + 3..frames.start);
        let mut frame = frames.clone().map(cap::<cap_type::Granule>);
        let mut last = None;
        for (i, region) in regions.iter().enumerate() {
            let segment = self.program.segments.get(i);
            for page in 0..region.pages {
                let frame = frame.next().ok_or(Why::Missing("frame"))?;
                if let Some((offset, bytes @ [_, ..])) = segment.map(|segment| segment.page(page)) {
                    window.fill(frame, offset, bytes)?;
                }
                let writable = segment.is_none_or(|segment| segment.writable);
                builder.map(frame, region.vaddr + page * Region::PAGE, writable, arch::MEMORY)?;
                last = Some(frame);
            }
        }
        let mut copies = self.copies.clone();
        for (need, grant) in self.service.caps() {
            let (Kind::Memory(region) | Kind::Mmio(region)) = need.kind else { continue };
            let how = if matches!(need.kind, Kind::Mmio(_)) { arch::DEVICE } else { arch::MEMORY };
            let sources = shared.frames(&grant.object).ok_or(Why::Missing("shared memory"))?;
            let rights = rights(grant.rights);
            for (page, source) in sources.enumerate() {
                let slot = copies.next().ok_or(Why::Missing("slot for a copy"))?;
                at(slot).copy(&at(source), rights)?;
                let vaddr = region.vaddr + page as u64 * Region::PAGE;
                builder.map(cap(slot), vaddr, grant.rights.can_write(), how)?;
            }
        }
        // The IPC buffer is the last of the private regions.
        last.ok_or(Why::Missing("IPC buffer"))
    }

    fn slot(&self, slot: Slot) -> AbsoluteCPtr {
        self.cnode().absolute_cptr_from_bits_with_depth(slot.cptr(), Slot::RADIX as usize)
    }

    /// Fills the CSpace with what the table grants, and nothing else.
    fn cspace(&self, shared: &Shared) -> Result<(), Why> {
        let fault = FAULT_BADGE | self.index as u64;
        self.slot(standard::FAULT).mint(&at(shared.faults), CapRights::new(true, false, true), fault)?;
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
            return Ok(());
        };
        let source = shared.object(self.index, &grant.object).ok_or(Why::Missing("granted object"))?;
        let to = self.slot(slot);
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
        self.slot(slot).delete()?;
        let Some(server) = down else { return self.grant(shared, need, grant) };
        let badge = DOWN_BADGE | server as u64;
        Ok(self.slot(slot).mint(&at(shared.faults), rights(grant.rights), badge)?)
    }

    fn thread(&self, shared: &Shared, buffer: arch::Frame) -> Result<(), Why> {
        let tcb = self.tcb();
        tcb.tcb_configure(
            CPtr::from_bits(standard::FAULT.cptr()),
            (self.service.priority, 0),
            self.cnode(),
            CNodeCapData::skip(sel4::WORD_SIZE - Slot::RADIX as usize),
            self.vspace(),
            standard::IPC_BUFFER.vaddr,
            buffer,
        )?;
        if let Some(notification) = shared.notification(self.index) {
            tcb.tcb_bind_notification(cap(notification))?;
        }
        let context = arch::entry(self.program.entry, standard::STACK_TOP);
        Ok(tcb.tcb_write_all_registers(false, &context)?)
    }

    /// Lets it run.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn start(&self) -> Result<(), Error> {
        self.tcb().tcb_resume().at(self.service.name, "resume")
    }

    /// Takes it apart: everything that was made for it is gone, its memory is free again.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn destroy(&mut self) -> Result<(), Error> {
        self.pool.reset().at(self.service.name, "revoke")?;
        for slot in self.copies.clone() {
            at(slot).delete().at(self.service.name, "delete")?;
        }
        Ok(())
    }
}

fn rights(rights: caps::Rights) -> CapRights {
    CapRights::new(rights.bits() & 4 != 0, rights.bits() & 2 != 0, rights.bits() & 1 != 0)
}
