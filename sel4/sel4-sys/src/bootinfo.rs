//! BootInfo: what the kernel tells the root task (`libsel4/include/sel4/bootinfo_types.h`). In 5.0.0 all of it is
//! packed, with 12-byte entries; since 13.0.0 it is laid out as C does it. The layout is known by the kernel's version
//! only, no file describes it.

use crate::{config, seL4_IPCBuffer, seL4_Word};

/// Slots of the root CNode: from `start` up to but not including `end`.
#[cfg_attr(sel4_generation = "v5", repr(C, packed))]
#[cfg_attr(sel4_generation = "v13", repr(C))]
#[derive(Clone, Copy, Debug)]
pub struct seL4_SlotRegion {
    /// The first slot.
    pub start: seL4_Word,
    /// The slot after the last.
    pub end: seL4_Word,
}

/// An untyped capability.
#[cfg_attr(sel4_generation = "v5", repr(C, packed))]
#[cfg_attr(sel4_generation = "v13", repr(C))]
#[derive(Clone, Copy, Debug)]
pub struct seL4_UntypedDesc {
    /// Where its memory is.
    pub paddr: seL4_Word,
    /// Nothing.
    #[cfg(sel4_generation = "v5")]
    pub padding: [u8; 2],
    /// The binary logarithm of its size in bytes.
    pub sizeBits: u8,
    /// Not 0: memory of a device, or memory that the kernel does not write to.
    pub isDevice: u8,
    /// Nothing.
    #[cfg(sel4_generation = "v13")]
    pub padding: [u8; 6],
}

/// The page that the root task finds the address of in its first register.
#[cfg_attr(sel4_generation = "v5", repr(C, packed))]
#[cfg_attr(sel4_generation = "v13", repr(C))]
#[derive(Clone, Copy, Debug)]
pub struct seL4_BootInfo {
    /// Bytes of extra information, which starts on the next page.
    pub extraLen: seL4_Word,
    /// This core.
    pub nodeID: seL4_Word,
    /// How many cores.
    pub numNodes: seL4_Word,
    /// Levels of an IOMMU's page table, 0 without one.
    pub numIOPTLevels: seL4_Word,
    /// Where the root task's IPC buffer is mapped.
    pub ipcBuffer: *mut seL4_IPCBuffer,
    /// Empty slots.
    pub empty: seL4_SlotRegion,
    /// Frames shared between cores.
    pub sharedFrames: seL4_SlotRegion,
    /// Frames of the root task's image, one per page from its lowest address on.
    pub userImageFrames: seL4_SlotRegion,
    /// Page tables of the root task's image.
    pub userImagePaging: seL4_SlotRegion,
    /// Arm's SMMU.
    pub ioSpaceCaps: seL4_SlotRegion,
    /// Frames of the extra information.
    pub extraBIPages: seL4_SlotRegion,
    /// The binary logarithm of the root CNode's number of slots.
    #[cfg(sel4_generation = "v5")]
    pub initThreadCNodeSizeBits: u8,
    /// The binary logarithm of the root CNode's number of slots.
    #[cfg(sel4_generation = "v13")]
    pub initThreadCNodeSizeBits: seL4_Word,
    /// The root task's scheduling domain.
    pub initThreadDomain: seL4_Word,
    /// On x86 the TSC's frequency in MHz; later kernels put it into the extra information.
    #[cfg(sel4_generation = "v5")]
    pub archInfo: seL4_Word,
    /// Untyped capabilities.
    pub untyped: seL4_SlotRegion,
    /// One entry for each of them.
    pub untypedList: [seL4_UntypedDesc; config::MAX_NUM_BOOTINFO_UNTYPED_CAPS],
}

/// The head of a piece of extra information.
#[cfg_attr(sel4_generation = "v5", repr(C, packed))]
#[cfg_attr(sel4_generation = "v13", repr(C))]
#[derive(Clone, Copy, Debug)]
pub struct seL4_BootInfoHeader {
    /// What it is.
    pub id: seL4_Word,
    /// Its length in bytes, this head included.
    pub len: seL4_Word,
}

// The offsets of a 64-bit kernel.
#[cfg(sel4_generation = "v5")]
const _: () = {
    assert!(core::mem::offset_of!(seL4_BootInfo, archInfo) == 145);
    assert!(core::mem::offset_of!(seL4_BootInfo, untypedList) == 169);
    assert!(size_of::<seL4_UntypedDesc>() == 12);
};
#[cfg(sel4_generation = "v13")]
const _: () = {
    assert!(core::mem::offset_of!(seL4_BootInfo, initThreadDomain) == 144);
    assert!(core::mem::offset_of!(seL4_BootInfo, untypedList) == 168);
    assert!(size_of::<seL4_UntypedDesc>() == 16);
};
