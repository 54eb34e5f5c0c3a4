//! Address spaces of x86_64: tables, frames and how they are mapped.

use super::generation;
use crate::sys;
use crate::with_ipc_buffer_mut;
use crate::{Cap, CapRights, CapType, Error, Result, TranslationTableObjectType, Word, cap, cap_type};

/// How a page is cached. x86_64 with this kernel has no right to execute that could be withheld.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmAttributes(Word);

impl VmAttributes {
    /// Cached: memory.
    pub const DEFAULT: Self = Self(sys::seL4_X86_Default_VMAttributes);
    /// Neither cached nor reordered: devices.
    pub const UNCACHED: Self = Self(sys::seL4_X86_Uncacheable);

    /// As the kernel has it.
    pub const fn into_inner(self) -> Word {
        self.0
    }
}

impl Default for VmAttributes {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The page tables' levels: one loop builds them on every architecture.
pub mod vspace_levels {
    use crate::{FrameObjectType, TranslationTableObjectType};

    /// How many, the address space itself included.
    pub const NUM_LEVELS: usize = 4;

    /// The binary logarithm of the memory that one entry of a table at this level covers.
    pub const fn step_bits(level: usize) -> usize {
        12 + 9 * (NUM_LEVELS - 1 - level)
    }

    /// The binary logarithm of the memory that one table of this level covers.
    pub const fn span_bits(level: usize) -> usize {
        step_bits(level) + 9
    }

    /// The level whose entries are frames of this size.
    pub const fn level_of(frame: FrameObjectType) -> usize {
        match frame {
            FrameObjectType::_4k => 3,
            FrameObjectType::LargePage => 2,
            FrameObjectType::HugePage => 1,
        }
    }

    /// The tables between the address space and a frame of this size, from the top down.
    pub fn tables_above(frame: FrameObjectType) -> impl Iterator<Item = (usize, TranslationTableObjectType)> {
        (1..=level_of(frame))
            .filter_map(|level| Some((level, TranslationTableObjectType::from_level(level)?)))
    }
}

/// Frames.
pub trait CapTypeForFrameObject: CapType {}
impl CapTypeForFrameObject for cap_type::_4k {}
impl CapTypeForFrameObject for cap_type::LargePage {}
impl CapTypeForFrameObject for cap_type::HugePage {}
impl CapTypeForFrameObject for cap_type::UnspecifiedPage {}

impl<T: CapTypeForFrameObject> Cap<T> {
    /// Maps the frame at an address. A frame capability is mapped once: copy it to share the memory.
    ///
    /// # Errors
    ///
    /// `FailedLookup` when a page table is missing, `DeleteFirst` when the address is in use,
    /// `AlignmentError`, `InvalidCapability` when it is mapped elsewhere.
    pub fn frame_map(
        self,
        vspace: cap::VSpace,
        address: Word,
        rights: CapRights,
        attributes: VmAttributes,
    ) -> Result<()> {
        self.invoke("X86_Page_Map", |buffer, frame| {
            let (rights, attributes) = (rights.into_inner(), attributes.into_inner());
            buffer.inner_mut().seL4_X86_Page_Map(frame, vspace.bits(), address, rights, attributes)
        })
    }

    /// Changes the rights and attributes of the frame where it is mapped, which is at this address.
    ///
    /// # Errors
    ///
    /// It is not mapped there.
    pub fn frame_remap(
        self,
        vspace: cap::VSpace,
        address: Word,
        rights: CapRights,
        attributes: VmAttributes,
    ) -> Result<()> {
        self.invoke("X86_Page_Remap", |buffer, frame| {
            generation::remap(buffer, frame, vspace, address, rights, attributes.into_inner())
        })
    }

    /// Unmaps the frame, if it is mapped.
    ///
    /// # Errors
    ///
    /// No frame.
    pub fn frame_unmap(self) -> Result<()> {
        self.invoke("X86_Page_Unmap", |buffer, frame| buffer.inner_mut().seL4_X86_Page_Unmap(frame))
    }

    /// The frame's physical address.
    ///
    /// # Errors
    ///
    /// No frame.
    pub fn frame_get_address(self) -> Result<Word> {
        with_ipc_buffer_mut(|buffer| {
            let answer = buffer.inner_mut().seL4_X86_Page_GetAddress(self.bits());
            Error::wrap("X86_Page_GetAddress", answer.error, buffer)?;
            Ok(answer.paddr)
        })
    }
}

impl cap::PDPT {
    /// Maps the table.
    ///
    /// # Errors
    ///
    /// `DeleteFirst` when a table is there already.
    pub fn pdpt_map(self, vspace: cap::VSpace, address: Word, attributes: VmAttributes) -> Result<()> {
        self.invoke("X86_PDPT_Map", |buffer, table| {
            buffer.inner_mut().seL4_X86_PDPT_Map(table, vspace.bits(), address, attributes.into_inner())
        })
    }
}

impl cap::PageDirectory {
    /// Maps the table.
    ///
    /// # Errors
    ///
    /// `FailedLookup` when the table above is missing, `DeleteFirst` when a table is there already.
    pub fn page_directory_map(
        self,
        vspace: cap::VSpace,
        address: Word,
        attributes: VmAttributes,
    ) -> Result<()> {
        self.invoke("X86_PageDirectory_Map", |buffer, table| {
            buffer.inner_mut().seL4_X86_PageDirectory_Map(
                table,
                vspace.bits(),
                address,
                attributes.into_inner(),
            )
        })
    }
}

impl cap::PageTable {
    /// Maps the table.
    ///
    /// # Errors
    ///
    /// `FailedLookup` when the table above is missing, `DeleteFirst` when a table is there already.
    pub fn page_table_map(self, vspace: cap::VSpace, address: Word, attributes: VmAttributes) -> Result<()> {
        self.invoke("X86_PageTable_Map", |buffer, table| {
            buffer.inner_mut().seL4_X86_PageTable_Map(table, vspace.bits(), address, attributes.into_inner())
        })
    }
}

impl cap::UnspecifiedIntermediateTranslationTable {
    /// Maps a table of this type.
    ///
    /// # Errors
    ///
    /// Those of the type's own function; `IllegalOperation` for an address space, which is mapped nowhere.
    pub fn generic_intermediate_translation_table_map(
        self,
        ty: TranslationTableObjectType,
        vspace: cap::VSpace,
        address: Word,
        attributes: VmAttributes,
    ) -> Result<()> {
        match ty {
            TranslationTableObjectType::PML4 => {
                Err(Error::new("X64_PML4_Map", crate::ErrorKind::IllegalOperation))
            }
            TranslationTableObjectType::PDPT => {
                self.cast::<cap_type::PDPT>().pdpt_map(vspace, address, attributes)
            }
            TranslationTableObjectType::PageDirectory => {
                self.cast::<cap_type::PageDirectory>().page_directory_map(vspace, address, attributes)
            }
            TranslationTableObjectType::PageTable => {
                self.cast::<cap_type::PageTable>().page_table_map(vspace, address, attributes)
            }
        }
    }
}
