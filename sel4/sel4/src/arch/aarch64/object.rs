//! Objects of aarch64.

use crate::ObjectBlueprint;
use crate::{Word, sys};

/// An object of aarch64.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectBlueprintArch {
    /// The top page table, an address space.
    PGD,
    /// The page table below it.
    PUD,
    /// The page table below that.
    PD,
    /// The last page table.
    PT,
    /// A frame.
    Frame(FrameObjectType),
}

impl ObjectBlueprintArch {
    pub(crate) const fn ty(self) -> Word {
        match self {
            Self::PGD => sys::seL4_ARM_PageGlobalDirectoryObject,
            Self::PUD => sys::seL4_ARM_PageUpperDirectoryObject,
            Self::PD => sys::seL4_ARM_PageDirectoryObject,
            Self::PT => sys::seL4_ARM_PageTableObject,
            Self::Frame(FrameObjectType::SmallPage) => sys::seL4_ARM_SmallPageObject,
            Self::Frame(FrameObjectType::LargePage) => sys::seL4_ARM_LargePageObject,
            Self::Frame(FrameObjectType::HugePage) => sys::seL4_ARM_HugePageObject,
        }
    }

    pub(crate) const fn physical_size_bits(self) -> usize {
        match self {
            Self::PGD => sys::seL4_PGDBits as usize,
            Self::PUD => sys::seL4_PUDBits as usize,
            Self::PD => sys::seL4_PageDirBits as usize,
            Self::PT => sys::seL4_PageTableBits as usize,
            Self::Frame(frame) => frame.bits(),
        }
    }
}

/// Sizes of frames.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FrameObjectType {
    /// 4 KiB.
    SmallPage,
    /// 2 MiB.
    LargePage,
    /// 1 GiB.
    HugePage,
}

impl FrameObjectType {
    /// The smallest.
    pub const GRANULE: Self = Self::SmallPage;

    /// The binary logarithm of the size in bytes.
    pub const fn bits(self) -> usize {
        match self {
            Self::SmallPage => sys::seL4_PageBits as usize,
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
    PGD,
    /// Level 1.
    PUD,
    /// Level 2.
    PD,
    /// Level 3.
    PT,
}

impl TranslationTableObjectType {
    /// The table at a level, 0 being the address space itself.
    pub const fn from_level(level: usize) -> Option<Self> {
        match level {
            0 => Some(Self::PGD),
            1 => Some(Self::PUD),
            2 => Some(Self::PD),
            3 => Some(Self::PT),
            _ => None,
        }
    }

    /// The object.
    pub const fn blueprint(self) -> ObjectBlueprint {
        ObjectBlueprint::Arch(match self {
            Self::PGD => ObjectBlueprintArch::PGD,
            Self::PUD => ObjectBlueprintArch::PUD,
            Self::PD => ObjectBlueprintArch::PD,
            Self::PT => ObjectBlueprintArch::PT,
        })
    }
}
