//! Objects of riscv64: one kind of page table serves all levels.

use crate::ObjectBlueprint;
use crate::{Word, sys};

/// An object of riscv64.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectBlueprintArch {
    /// A page table of any level; one that has an ASID is an address space.
    PageTable,
    /// A frame.
    Frame(FrameObjectType),
}

impl ObjectBlueprintArch {
    pub(crate) const fn ty(self) -> Word {
        match self {
            Self::PageTable => sys::seL4_RISCV_PageTableObject,
            Self::Frame(FrameObjectType::_4k) => sys::seL4_RISCV_4K_Page,
            Self::Frame(FrameObjectType::MegaPage) => sys::seL4_RISCV_Mega_Page,
            Self::Frame(FrameObjectType::GigaPage) => sys::seL4_RISCV_Giga_Page,
        }
    }

    pub(crate) const fn physical_size_bits(self) -> usize {
        match self {
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
    MegaPage,
    /// 1 GiB.
    GigaPage,
}

impl FrameObjectType {
    /// The smallest.
    pub const GRANULE: Self = Self::_4k;

    /// The binary logarithm of the size in bytes.
    pub const fn bits(self) -> usize {
        match self {
            Self::_4k => sys::seL4_PageBits as usize,
            Self::MegaPage => sys::seL4_LargePageBits as usize,
            Self::GigaPage => sys::seL4_HugePageBits as usize,
        }
    }

    /// The object.
    pub const fn blueprint(self) -> ObjectBlueprint {
        ObjectBlueprint::Arch(ObjectBlueprintArch::Frame(self))
    }
}

/// A page table. Its level is where it is mapped: the kernel puts one at the highest level that has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TranslationTableObjectType;

impl TranslationTableObjectType {
    /// The table at a level, 0 being the address space itself.
    pub const fn from_level(level: usize) -> Option<Self> {
        if level < super::vspace_levels::NUM_LEVELS { Some(Self) } else { None }
    }

    /// The object.
    pub const fn blueprint(self) -> ObjectBlueprint {
        ObjectBlueprint::Arch(ObjectBlueprintArch::PageTable)
    }
}
