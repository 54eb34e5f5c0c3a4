//! Address spaces: one loop builds the page tables on every architecture.

use core::ops::Range;

use alloc::vec::Vec;
use caps::Region;
use root_task::plan::Paging;
use sel4::{CapRights, VmAttributes, cap, cap_type};

use super::{
    arch,
    error::Why,
    objects::{Pool, cap},
};

/// What an address space is made of here.
pub const PAGING: Paging<'static> =
    Paging { root_pages: (1 << arch::VSPACE.physical_size_bits()) / Region::PAGE, spans: &arch::SPANS };

/// An address space that is being built.
#[derive(Debug)]
pub struct Builder<'p> {
    vspace: cap::VSpace,
    pool: &'p mut Pool,
    /// For page tables.
    slots: Range<usize>,
    /// Tables that are there: level, and the part of the addresses that they cover.
    tables: Vec<(usize, u64)>,
}

impl<'p> Builder<'p> {
    /// Fills `vspace`; page tables are made from `pool` into `slots`.
    pub const fn new(vspace: cap::VSpace, pool: &'p mut Pool, slots: Range<usize>) -> Self {
        Self { vspace, pool, slots, tables: Vec::new() }
    }

    /// Maps one frame.
    ///
    /// # Errors
    /// No memory for a table, or the kernel refuses.
    pub fn map(
        &mut self,
        frame: arch::Frame,
        vaddr: u64,
        writable: bool,
        how: VmAttributes,
    ) -> Result<(), Why> {
        for level in 1..=arch::LEVELS {
            self.table(level, vaddr)?;
        }
        Ok(frame.frame_map(self.vspace, vaddr, rights(writable), how)?)
    }

    fn table(&mut self, level: usize, vaddr: u64) -> Result<(), Why> {
        let key = (level, vaddr >> arch::SPANS[level - 1]);
        if self.tables.contains(&key) {
            return Ok(());
        }
        let slot = self.slots.next().ok_or(Why::Missing("slot for a page table"))?;
        let kind = arch::table(level).ok_or(Why::Missing("page table of this level"))?;
        self.pool.make(kind.blueprint(), slot..slot + 1)?;
        cap::<cap_type::UnspecifiedIntermediateTranslationTable>(slot)
            .generic_intermediate_translation_table_map(kind, self.vspace, vaddr, VmAttributes::default())?;
        self.tables.push(key);
        Ok(())
    }
}

/// W^X: nothing is mapped writable that a program brings to be executed, and (`arch::memory`) where the kernel can,
/// nothing executable that is data.
fn rights(writable: bool) -> CapRights {
    if writable { CapRights::read_write() } else { CapRights::read_only() }
}

/// The root task's own view of memory that it shares or fills.
#[derive(Debug)]
pub struct Window {
    vspace: cap::VSpace,
    /// Where the next shared memory is mapped.
    next: u64,
}

impl Window {
    /// Its first address; the last page of the range of one page table is [`Window::SCRATCH`].
    const BASE: u64 = 0x2000_0000;
    /// A page to fill frames through.
    const SCRATCH: u64 = Self::BASE + 0x1f_f000;

    /// Opens the window with the page table in slot `table`; the tables above exist, since the root task's image lies
    /// in the same range of theirs.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn open(table: usize) -> Result<Self, Why> {
        let vspace = sel4::init_thread::slot::VSPACE.cap();
        let kind = arch::table(arch::LEVELS).ok_or(Why::Missing("page table of this level"))?;
        cap::<cap_type::UnspecifiedIntermediateTranslationTable>(table)
            .generic_intermediate_translation_table_map(kind, vspace, Self::BASE, VmAttributes::default())?;
        Ok(Self { vspace, next: Self::BASE })
    }

    /// Maps `frames` for good.
    ///
    /// # Errors
    /// The window is full, or the kernel refuses.
    pub fn share(&mut self, frames: Range<usize>) -> Result<shm::Shm<'static>, Why> {
        let (base, len) = (self.next, frames.len() * Region::PAGE as usize);
        if base + len as u64 > Self::SCRATCH {
            return Err(Why::Missing("room in the window"));
        }
        for frame in frames {
            let rights = CapRights::read_write();
            cap::<arch::FrameType>(frame).frame_map(self.vspace, self.next, rights, arch::memory(false))?;
            self.next += Region::PAGE;
        }
        let start = core::ptr::NonNull::new(core::ptr::with_exposed_provenance_mut(base as usize))
            .ok_or(Why::Missing("address"))?;
        // SAFETY: just mapped, readable and writable, and never unmapped; no Rust object lies in the window.
        Ok(unsafe { shm::Shm::new(start, len) })
    }

    /// Writes `bytes` into a frame that is mapped nowhere, from `offset` on; as code, if they are to be executed.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn fill(&mut self, frame: arch::Frame, offset: usize, bytes: &[u8], code: bool) -> Result<(), Why> {
        frame.frame_map(self.vspace, Self::SCRATCH, CapRights::read_write(), arch::memory(false))?;
        let room = &bytes[..bytes.len().min(Region::PAGE as usize - offset)];
        let page: *mut u8 = core::ptr::with_exposed_provenance_mut(Self::SCRATCH as usize);
        // SAFETY: the page is mapped writable, nothing else refers to it, and `room` ends inside of it.
        unsafe { core::ptr::copy_nonoverlapping(room.as_ptr(), page.add(offset), room.len()) };
        if code {
            arch::publish_code(frame)?;
        }
        Ok(frame.frame_unmap()?)
    }
}
