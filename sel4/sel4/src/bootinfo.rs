//! What the kernel tells the root task.

use core::ops::Range;
use core::slice;

use crate::init_thread::SlotRegion;
use crate::sys::{seL4_BootInfo, seL4_BootInfoHeader, seL4_SlotRegion, seL4_UntypedDesc};
use crate::{CapType, IpcBuffer, Word, cap_type};

/// Size of the page that BootInfo lies in; extra information starts on the next one.
const PAGE: usize = 4096;

/// The address of BootInfo, which the root task finds in its first register.
#[derive(Debug)]
pub struct BootInfoPtr(*const seL4_BootInfo);

impl BootInfoPtr {
    /// BootInfo at this address.
    ///
    /// # Safety
    ///
    /// The kernel put it there, nothing else writes to it, and it stays mapped with its extra pages.
    pub const unsafe fn new(address: *const seL4_BootInfo) -> Self {
        Self(address)
    }

    /// BootInfo itself.
    pub fn get(&self) -> BootInfo<'static> {
        // SAFETY: `new`'s caller vouches for it; the type is packed and made of plain numbers.
        BootInfo(unsafe { &*self.0 })
    }

    /// Where the root task's IPC buffer is mapped.
    pub fn ipc_buffer(&self) -> *mut IpcBuffer {
        self.get().0.ipcBuffer.cast()
    }

    /// The TSC's frequency in MHz; 0 if the kernel does not say.
    #[cfg(target_arch = "x86_64")]
    pub fn tsc_mhz(&self) -> Word {
        crate::arch::tsc_mhz(self)
    }

    /// The extra information, piece by piece.
    pub fn extra(&self) -> impl Iterator<Item = BootInfoExtra<'static>> {
        let length = self.get().0.extraLen as usize;
        // SAFETY: the kernel maps `extraLen` bytes from the page after BootInfo on; `new`'s caller vouches for it.
        let bytes = unsafe { slice::from_raw_parts(self.0.cast::<u8>().add(PAGE), length) };
        Extra(bytes)
    }
}

/// What the kernel tells the root task.
#[derive(Clone, Copy, Debug)]
pub struct BootInfo<'a>(&'a seL4_BootInfo);

impl<'a> BootInfo<'a> {
    /// From the kernel's form, as tests make it.
    pub const fn from_inner(inner: &'a seL4_BootInfo) -> Self {
        Self(inner)
    }

    /// In the kernel's form.
    pub const fn inner(&self) -> &'a seL4_BootInfo {
        self.0
    }

    /// Slots that are empty.
    pub fn empty(&self) -> SlotRegion<cap_type::Null> {
        region(self.0.empty)
    }

    /// Frames of the program's image, one for each of its pages from the lowest address on.
    pub fn user_image_frames(&self) -> SlotRegion<cap_type::Granule> {
        region(self.0.userImageFrames)
    }

    /// Page tables of the program's image.
    pub fn user_image_paging(&self) -> SlotRegion<cap_type::UnspecifiedIntermediateTranslationTable> {
        region(self.0.userImagePaging)
    }

    /// Frames of the extra information.
    pub fn extra_pages(&self) -> SlotRegion<cap_type::Granule> {
        region(self.0.extraBIPages)
    }

    /// Untyped capabilities.
    pub fn untyped(&self) -> SlotRegion<cap_type::Untyped> {
        region(self.0.untyped)
    }

    /// What the untyped capabilities cover, in the order of their slots.
    pub fn untyped_list(&self) -> &'a [UntypedDesc] {
        let region = self.untyped();
        let list = &self.0.untypedList;
        let length = region.len().min(list.len());
        // SAFETY: `UntypedDesc` is a transparent wrapper.
        unsafe { slice::from_raw_parts(list.as_ptr().cast(), length) }
    }

    /// The binary logarithm of the root CNode's number of slots.
    pub const fn cnode_size_bits(&self) -> usize {
        self.0.initThreadCNodeSizeBits as usize
    }
}

fn region<T: CapType>(region: seL4_SlotRegion) -> SlotRegion<T> {
    SlotRegion::from_range(region.start as usize..region.end as usize)
}

/// What an untyped capability covers.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct UntypedDesc(seL4_UntypedDesc);

impl UntypedDesc {
    /// The physical address.
    pub const fn paddr(&self) -> Word {
        self.0.paddr
    }

    /// The binary logarithm of the size in bytes.
    pub const fn size_bits(&self) -> usize {
        self.0.sizeBits as usize
    }

    /// Whether the kernel may not write to it: a device's memory, or memory that only frames are made of.
    pub const fn is_device(&self) -> bool {
        self.0.isDevice != 0
    }

    /// The physical addresses.
    pub const fn range(&self) -> Range<Word> {
        let start = self.0.paddr;
        start..start + (1 << self.0.sizeBits)
    }
}

/// A piece of extra information.
#[derive(Clone, Copy, Debug)]
pub struct BootInfoExtra<'a> {
    /// What it is: 0 padding, 1 VESA's mode; since 13.0.0 others too (`seL4_BootInfoID` of its headers).
    pub id: Word,
    /// Its content without the head.
    pub content: &'a [u8],
}

struct Extra<'a>(&'a [u8]);

impl<'a> Iterator for Extra<'a> {
    type Item = BootInfoExtra<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        const HEAD: usize = size_of::<seL4_BootInfoHeader>();
        let (head, _) = self.0.split_at_checked(HEAD)?;
        let (id, length) = head.split_at(HEAD / 2);
        let id = Word::from_ne_bytes(id.try_into().ok()?);
        let length = Word::from_ne_bytes(length.try_into().ok()?) as usize;
        if length < HEAD {
            return None;
        }
        let (piece, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(BootInfoExtra { id, content: &piece[HEAD..] })
    }
}
