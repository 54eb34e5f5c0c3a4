//! Objects of x86_64.

use crate::ObjectBlueprint;
use crate::{Word, sys};

/// An object of x86_64.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectBlueprintArch {
    /// The top page table, an address space.
    PML4,
    /// The page table below it.
    PDPT,
    /// The page table below that.
    PageDirectory,
    /// The last page table.
    PageTable,
    /// A frame.
    Frame(FrameObjectType),
}

impl ObjectBlueprintArch {
    pub(crate) const fn ty(self) -> Word {
        match self {
            Self::PML4 => sys::seL4_X64_PML4Object,
            Self::PDPT => sys::seL4_X86_PDPTObject,
            Self::PageDirectory => sys::seL4_X86_PageDirectoryObject,
            Self::PageTable => sys::seL4_X86_PageTableObject,
            Self::Frame(FrameObjectType::_4k) => sys::seL4_X86_4K,
            Self::Frame(FrameObjectType::LargePage) => sys::seL4_X86_LargePageObject,
            Self::Frame(FrameObjectType::HugePage) => sys::seL4_X64_HugePageObject,
        }
    }

    pub(crate) const fn physical_size_bits(self) -> usize {
        match self {
            Self::PML4 => sys::seL4_PML4Bits as usize,
            Self::PDPT => sys::seL4_PDPTBits as usize,
            Self::PageDirectory => sys::seL4_PageDirBits as usize,
            Self::PageTable => sys::seL4_PageTableBits as usize,
            Self::Frame(frame) => frame.bits(),
        }
    }
}

/// Sizes of frames.
#[allow(non_camel_case_types)] // The official name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FrameObjectType {
    /// 4 KiB.
    _4k,
    /// 2 MiB.
    LargePage,
    /// 1 GiB.
    HugePage,
}

impl FrameObjectType {
    /// The smallest.
    pub const GRANULE: Self = Self::_4k;

    /// The binary logarithm of the size in bytes.
    pub const fn bits(self) -> usize {
        match self {
            Self::_4k => sys::seL4_PageBits as usize,
            Self::LargePage => sys::seL4_LargePageBits as usize,
            Self::HugePage => sys::seL4_HugePageBits as usize,
        }
    }

    /// The object.
    pub const fn blueprint(self) -> ObjectBlueprint {
        ObjectBlueprint::Arch(ObjectBlueprintArch::Frame(self))
    }
}

/// Page tables, of which the first is the address space itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TranslationTableObjectType {
    /// Level 0.
    PML4,
    /// Level 1.
    PDPT,
    /// Level 2.
    PageDirectory,
    /// Level 3.
    PageTable,
}

impl TranslationTableObjectType {
    /// The table at a level, 0 being the address space itself.
    pub const fn from_level(level: usize) -> Option<Self> {
        match level {
            0 => Some(Self::PML4),
            1 => Some(Self::PDPT),
            2 => Some(Self::PageDirectory),
            3 => Some(Self::PageTable),
            _ => None,
        }
    }

    /// The object.
    pub const fn blueprint(self) -> ObjectBlueprint {
        ObjectBlueprint::Arch(match self {
            Self::PML4 => ObjectBlueprintArch::PML4,
            Self::PDPT => ObjectBlueprintArch::PDPT,
            Self::PageDirectory => ObjectBlueprintArch::PageDirectory,
            Self::PageTable => ObjectBlueprintArch::PageTable,
        })
    }
}
