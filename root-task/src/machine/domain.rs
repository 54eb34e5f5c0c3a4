//! Protection domains: what services and cells are both made of, step by step, and how they are taken apart.

use core::ops::Range;

use caps::{Region, Slot, standard};
use root_task::{elf::Segment, plan};
use sel4::{
    AbsoluteCPtr, CNodeCapData, CPtr, CapRights, ObjectBlueprint, UserContext, VmAttributes, cap, cap_type,
};
use shm::Shm;

use super::{
    arch,
    error::{At, Error, Why},
    objects::{Pool, at, cap},
    vspace::{Builder, Window},
};

const _: () = assert!(caps::ENDPOINT_BADGE_BITS == sel4::ENDPOINT_BADGE_BITS);
const _: () = assert!(plan::small_objects_fit(
    ObjectBlueprint::Tcb.physical_size_bits() as u32,
    sel4::SLOT_BITS as u32
));

/// Slots of a domain's root objects: VSpace, TCB, CNode.
const ROOTS: usize = 3;

/// What pages of a domain's own begin with.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Zeroes.
    Zero,
    /// A part of a program.
    Segment(&'a Segment<'a>),
    /// Bytes of shared memory, from the first page's start on.
    Shared(Shm<'a>),
}

/// Pages of a domain's own.
#[derive(Clone, Copy, Debug)]
pub struct Private<'a> {
    /// Where.
    pub region: Region,
    /// Whether it may write there.
    pub writable: bool,
    /// Whether it may execute what is there.
    pub executable: bool,
    /// What is there.
    pub content: Content<'a>,
}

/// A page that a domain shares with others.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Slot of the frame that is copied.
    pub source: usize,
    /// Where.
    pub vaddr: u64,
    /// Whether it may write there.
    pub writable: bool,
    /// How it is mapped.
    pub how: VmAttributes,
}

/// A thread's parameters.
#[derive(Debug)]
pub struct Thread {
    /// Its priority.
    pub priority: u8,
    /// The frame of its IPC buffer, if it has one.
    pub buffer: Option<arch::Frame>,
    /// The notification that is bound to it, if any.
    pub notification: Option<cap::Notification>,
    /// Its first registers.
    pub context: UserContext,
}

/// A protection domain, with what it is built from.
#[derive(Debug)]
pub struct Domain {
    who: &'static str,
    /// All of its memory.
    pub pool: Pool,
    /// VSpace, TCB, CNode, tables, private frames: empty again when the pool is reset.
    objects: Range<usize>,
    /// Copies of shared frames, which have to be deleted one by one.
    copies: Range<usize>,
    copied: usize,
}

impl Domain {
    /// A domain that is made in these slots, from the untypeds of `pool`.
    pub const fn new(who: &'static str, pool: Pool, objects: Range<usize>, copies: Range<usize>) -> Self {
        Self { who, pool, objects, copies, copied: 0 }
    }

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

    /// A slot of its CSpace.
    pub fn slot(&self, slot: Slot) -> AbsoluteCPtr {
        self.cnode().absolute_cptr_from_bits_with_depth(slot.cptr(), Slot::RADIX as usize)
    }

    /// Makes its objects and maps its pages; it has no capability and does not run yet. Gives the last private frame.
    ///
    /// # Errors
    /// Names the step.
    pub fn build(
        &mut self,
        window: &mut Window,
        private: &[Private<'_>],
        shared: impl Iterator<Item = Share>,
    ) -> Result<Option<arch::Frame>, Error> {
        let vspace = self.objects.start;
        self.pool.make(arch::VSPACE, vspace..vspace + 1).at(self.who, "make VSpace")?;
        arch::assign_asid(self.vspace()).at(self.who, "assign ASID")?;
        let last = self.address_space(window, private, shared).at(self.who, "address space")?;
        let (tcb, cnode) = (vspace + 1, vspace + 2);
        self.pool.make(ObjectBlueprint::Tcb, tcb..cnode).at(self.who, "make TCB")?;
        let size_bits = Slot::RADIX as usize;
        self.pool.make(ObjectBlueprint::CNode { size_bits }, cnode..cnode + 1).at(self.who, "make CNode")?;
        Ok(last)
    }

    fn address_space(
        &mut self,
        window: &mut Window,
        private: &[Private<'_>],
        shared: impl Iterator<Item = Share>,
    ) -> Result<Option<arch::Frame>, Why> {
        let vspace = self.vspace();
        let pages: u64 = private.iter().map(|part| part.region.pages).sum();
        let frames = self.objects.end - pages as usize..self.objects.end;
        self.pool.make(sel4::FrameObjectType::GRANULE.blueprint(), frames.clone())?;
        let mut builder = Builder::new(vspace, &mut self.pool, self.objects.start + ROOTS..frames.start);
        let mut frame = frames.map(cap::<cap_type::Granule>);
        let mut last = None;
        for part in private {
            for page in 0..part.region.pages {
                let frame = frame.next().ok_or(Why::Missing("frame"))?;
                part.content.fill(window, frame, page, part.executable)?;
                let how = arch::memory(part.executable);
                builder.map(frame, part.region.vaddr + page * Region::PAGE, part.writable, how)?;
                last = Some(frame);
            }
        }
        let mut copies = self.copies.clone();
        for share in shared {
            let slot = copies.next().ok_or(Why::Missing("slot for a copy"))?;
            let rights = if share.writable { CapRights::read_write() } else { CapRights::read_only() };
            at(slot).copy(&at(share.source), rights)?;
            self.copied += 1;
            builder.map(cap(slot), share.vaddr, share.writable, share.how)?;
        }
        Ok(last)
    }

    /// Gives it its thread, which does not run yet.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn thread(&self, thread: &Thread) -> Result<(), Error> {
        let tcb = self.tcb();
        let configured = tcb.tcb_configure(
            CPtr::from_bits(standard::FAULT.cptr()),
            (thread.priority, 0),
            self.cnode(),
            CNodeCapData::skip(sel4::WORD_SIZE - Slot::RADIX as usize),
            self.vspace(),
            thread.buffer.map_or(0, |_| standard::IPC_BUFFER.vaddr),
            thread.buffer.unwrap_or(cap::Granule::from_bits(0)),
        );
        configured.at(self.who, "TCB")?;
        if let Some(notification) = thread.notification {
            tcb.tcb_bind_notification(notification).at(self.who, "bind notification")?;
        }
        tcb.tcb_write_all_registers(false, &thread.context).at(self.who, "registers")
    }

    /// Lets it run.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn start(&self) -> Result<(), Error> {
        self.tcb().tcb_resume().at(self.who, "resume")
    }

    /// Takes it apart: everything that was made for it is gone, its memory is free again.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn destroy(&mut self) -> Result<(), Error> {
        self.pool.reset().at(self.who, "revoke")?;
        for slot in self.copies.clone().take(core::mem::take(&mut self.copied)) {
            at(slot).delete().at(self.who, "delete")?;
        }
        Ok(())
    }
}

impl Content<'_> {
    /// Fills the frame of page number `page`, which is zero; as code, if it is to be executed.
    ///
    /// # Errors
    /// The kernel refuses; the content is shorter than it says.
    pub fn fill(&self, window: &mut Window, frame: arch::Frame, page: u64, code: bool) -> Result<(), Why> {
        match self {
            Self::Zero => Ok(()),
            Self::Segment(segment) => match segment.page(page) {
                (_, []) => Ok(()),
                (offset, bytes) => window.fill(frame, offset, bytes, code),
            },
            Self::Shared(memory) => {
                let mut bytes = [0; Region::PAGE as usize];
                let start = page as usize * bytes.len();
                let kept = memory.len().saturating_sub(start).min(bytes.len());
                memory.read(start, &mut bytes[..kept]).map_err(|_| Why::Missing("image"))?;
                window.fill(frame, 0, &bytes[..kept], code)
            }
        }
    }
}
