//! Registers of devices in memory: for consoles, and for what interrupts.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use sel4::init_thread::{Slot, slot};
use sel4::{
    BootInfo, CapRights, Error, ErrorKind, FrameObjectType, GRANULE_SIZE, ObjectBlueprint, Result, Word, cap,
    cap_type,
};

use crate::arch;

/// A page of the program's image that gives its address to a page of registers.
#[repr(C, align(4096))]
#[derive(Debug)]
pub struct Registers(UnsafeCell<[u8; GRANULE_SIZE]>);

// SAFETY: it is read and written by volatile accesses only.
unsafe impl Sync for Registers {}

/// The slots from the root CNode's end on, behind those that consoles take.
static SLOTS: AtomicUsize = AtomicUsize::new(16);

impl Registers {
    /// Plain memory, until registers are mapped there.
    pub const fn new() -> Self {
        Self(UnsafeCell::new([0; GRANULE_SIZE]))
    }

    /// Maps the page of registers at a physical address, for good. Pages of one untyped are to be mapped in the order of their
    /// addresses: what was skipped can't be had again.
    ///
    /// # Errors
    ///
    /// The kernel offers no device memory there, or not any more.
    pub fn map(&'static self, bootinfo: BootInfo, paddr: Word) -> Result<()> {
        let frame = frame(bootinfo, paddr)?;
        let address = self.0.get().expose_provenance();
        sel4_root_task::unmap_page(&bootinfo, address)?;
        frame.frame_map(slot::VSPACE.cap(), address as Word, CapRights::read_write(), arch::DEVICE)
    }

    /// Reads a register of 8 bits.
    pub fn read8(&self, offset: usize) -> u8 {
        // SAFETY: registers, or memory that nothing refers to.
        unsafe { self.at::<u8>(offset).read_volatile() }
    }

    /// Writes a register of 8 bits.
    pub fn write8(&self, offset: usize, value: u8) {
        // SAFETY: as in `read8`.
        unsafe { self.at::<u8>(offset).write_volatile(value) }
    }

    /// Reads a register of 32 bits.
    pub fn read32(&self, offset: usize) -> u32 {
        // SAFETY: as in `read8`.
        unsafe { self.at::<u32>(offset).read_volatile() }
    }

    /// Writes a register of 32 bits.
    pub fn write32(&self, offset: usize, value: u32) {
        // SAFETY: as in `read8`.
        unsafe { self.at::<u32>(offset).write_volatile(value) }
    }

    fn at<T>(&self, offset: usize) -> *mut T {
        assert!(offset.is_multiple_of(align_of::<T>()) && offset < GRANULE_SIZE, "a register at {offset:#x}");
        core::ptr::from_ref(self).cast_mut().cast::<T>().wrapping_byte_add(offset)
    }
}

impl Default for Registers {
    fn default() -> Self {
        Self::new()
    }
}

/// The frame at a physical address: an untyped is used from its start on, so what lies before is taken, too.
fn frame(bootinfo: BootInfo, paddr: Word) -> Result<cap::Granule> {
    let mut list = bootinfo.untyped_list().iter().zip(bootinfo.untyped().iter());
    let covers = list.find(|(memory, _)| memory.is_device() && memory.range().contains(&paddr));
    let none = Error::new("Registers::map", ErrorKind::InvalidArgument(paddr));
    let (_, untyped) = covers.ok_or(none)?;
    loop {
        let frame: Slot<cap_type::Granule> = take(untyped.cap(), FrameObjectType::GRANULE.blueprint())?;
        let address = frame.cap().frame_get_address()?;
        if address >= paddr {
            return if address == paddr { Ok(frame.cap()) } else { Err(none) };
        }
        let next = address + GRANULE_SIZE as Word;
        if next < paddr {
            let size_bits = (paddr - next).ilog2().min(next.trailing_zeros()) as usize;
            take::<cap_type::Untyped>(untyped.cap(), ObjectBlueprint::Untyped { size_bits })?;
        }
    }
}

fn take<T: sel4::CapType>(untyped: cap::Untyped, blueprint: ObjectBlueprint) -> Result<Slot<T>> {
    let slot = Slot::from_end(SLOTS.fetch_add(1, Relaxed));
    untyped.untyped_retype(&blueprint, &slot::CNODE.cap().absolute_self(), slot.index(), 1)?;
    Ok(slot)
}
