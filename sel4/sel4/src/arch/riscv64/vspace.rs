//! Address spaces of riscv64 (Sv39): tables, frames and how they are mapped.

use crate::sys;
use crate::with_ipc_buffer_mut;
use crate::{Cap, CapRights, CapType, Error, Result, TranslationTableObjectType, Word, cap, cap_type};

/// Whether a page may be executed. How it is cached is up to the machine's physical memory attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmAttributes(Word);

impl VmAttributes {
    /// Instructions may be fetched from it.
    pub const DEFAULT: Self = Self(sys::seL4_RISCV_Default_VMAttributes);
    /// No instruction may be fetched from it.
    pub const EXECUTE_NEVER: Self = Self(sys::seL4_RISCV_ExecuteNever);

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
    pub const NUM_LEVELS: usize = 3;

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
            FrameObjectType::_4k => 2,
            FrameObjectType::MegaPage => 1,
            FrameObjectType::GigaPage => 0,
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
impl CapTypeForFrameObject for cap_type::MegaPage {}
impl CapTypeForFrameObject for cap_type::GigaPage {}
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
        self.invoke("RISCV_Page_Map", |buffer, frame| {
            let (rights, attributes) = (rights.into_inner(), attributes.into_inner());
            buffer.inner_mut().seL4_RISCV_Page_Map(frame, vspace.bits(), address, rights, attributes)
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
        _address: Word,
        rights: CapRights,
        attributes: VmAttributes,
    ) -> Result<()> {
        self.invoke("RISCV_Page_Remap", |buffer, frame| {
            let (rights, attributes) = (rights.into_inner(), attributes.into_inner());
            buffer.inner_mut().seL4_RISCV_Page_Remap(frame, vspace.bits(), rights, attributes)
        })
    }

    /// Unmaps the frame, if it is mapped.
    ///
    /// # Errors
    ///
    /// No frame.
    pub fn frame_unmap(self) -> Result<()> {
        self.invoke("RISCV_Page_Unmap", |buffer, frame| buffer.inner_mut().seL4_RISCV_Page_Unmap(frame))
    }

    /// The frame's physical address.
    ///
    /// # Errors
    ///
    /// No frame.
    pub fn frame_get_address(self) -> Result<Word> {
        with_ipc_buffer_mut(|buffer| {
            let answer = buffer.inner_mut().seL4_RISCV_Page_GetAddress(self.bits());
            Error::wrap("RISCV_Page_GetAddress", answer.error, buffer)?;
            Ok(answer.paddr)
        })
    }
}

impl cap::PageTable {
    /// Maps the table at the highest level that has none for the address.
    ///
    /// # Errors
    ///
    /// `DeleteFirst` when no table is missing there.
    pub fn page_table_map(self, vspace: cap::VSpace, address: Word, attributes: VmAttributes) -> Result<()> {
        self.invoke("RISCV_PageTable_Map", |buffer, table| {
            buffer.inner_mut().seL4_RISCV_PageTable_Map(
                table,
                vspace.bits(),
                address,
                attributes.into_inner(),
            )
        })
    }

    /// Unmaps the table, with all that is mapped through it.
    ///
    /// # Errors
    ///
    /// `IllegalOperation` for an address space, `RevokeFirst` while there are copies of the capability.
    pub fn page_table_unmap(self) -> Result<()> {
        self.invoke("RISCV_PageTable_Unmap", |buffer, table| {
            buffer.inner_mut().seL4_RISCV_PageTable_Unmap(table)
        })
    }
}

impl cap::UnspecifiedIntermediateTranslationTable {
    /// Maps a table.
    ///
    /// # Errors
    ///
    /// Those of [`page_table_map`](cap::PageTable::page_table_map).
    pub fn generic_intermediate_translation_table_map(
        self,
        _: TranslationTableObjectType,
        vspace: cap::VSpace,
        address: Word,
        attributes: VmAttributes,
    ) -> Result<()> {
        self.cast::<cap_type::PageTable>().page_table_map(vspace, address, attributes)
    }
}
