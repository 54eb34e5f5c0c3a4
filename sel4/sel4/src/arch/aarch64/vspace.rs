//! Address spaces of aarch64: tables, frames and how they are mapped.

use core::ops::Range;

use crate::sys;
use crate::with_ipc_buffer_mut;
use crate::{Cap, CapRights, CapType, Error, Result, TranslationTableObjectType, Word, cap, cap_type};

/// How a page is cached, and whether it is executable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmAttributes(Word);

impl VmAttributes {
    /// Cached, executable: code.
    pub const DEFAULT: Self = Self(sys::seL4_ARM_Default_VMAttributes);
    /// Cached, not executable: data.
    pub const EXECUTE_NEVER: Self = Self(sys::seL4_ARM_Default_VMAttributes | sys::seL4_ARM_ExecuteNever);
    /// Neither cached nor reordered, not executable: devices.
    pub const UNCACHED: Self = Self(sys::seL4_ARM_ExecuteNever);

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
            FrameObjectType::SmallPage => 3,
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
impl CapTypeForFrameObject for cap_type::SmallPage {}
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
        self.invoke("ARM_Page_Map", |buffer, frame| {
            let (rights, attributes) = (rights.into_inner(), attributes.into_inner());
            buffer.inner_mut().seL4_ARM_Page_Map(frame, vspace.bits(), address, rights, attributes)
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
        self.invoke("ARM_Page_Remap", |buffer, frame| {
            let (rights, attributes) = (rights.into_inner(), attributes.into_inner());
            buffer.inner_mut().seL4_ARM_Page_Remap(frame, vspace.bits(), rights, attributes)
        })
    }

    /// Unmaps the frame, if it is mapped.
    ///
    /// # Errors
    ///
    /// No frame.
    pub fn frame_unmap(self) -> Result<()> {
        self.invoke("ARM_Page_Unmap", |buffer, frame| buffer.inner_mut().seL4_ARM_Page_Unmap(frame))
    }

    /// The frame's physical address.
    ///
    /// # Errors
    ///
    /// No frame.
    pub fn frame_get_address(self) -> Result<Word> {
        with_ipc_buffer_mut(|buffer| {
            let answer = buffer.inner_mut().seL4_ARM_Page_GetAddress(self.bits());
            Error::wrap("ARM_Page_GetAddress", answer.error, buffer)?;
            Ok(answer.paddr)
        })
    }

    /// Makes what was written through a mapping of this capability visible to instruction fetches: cleans these bytes
    /// of the page to the point of unification and invalidates them in the instruction cache (Arm ARM, B2.4.4).
    ///
    /// # Errors
    ///
    /// The frame is not mapped by this capability, or the bytes are outside of it.
    pub fn frame_unify_instruction(self, bytes: Range<Word>) -> Result<()> {
        self.invoke("ARM_Page_Unify_Instruction", |buffer, frame| {
            buffer.inner_mut().seL4_ARM_Page_Unify_Instruction(frame, bytes.start, bytes.end)
        })
    }
}

/// Declares how a table is mapped.
macro_rules! tables {
    ($($cap:ident, $map:ident, $invocation:ident, $name:literal;)*) => {
        $(impl cap::$cap {
            /// Maps the table.
            ///
            /// # Errors
            ///
            /// `FailedLookup` when the table above is missing, `DeleteFirst` when a table is there already.
            pub fn $map(self, vspace: cap::VSpace, address: Word, attributes: VmAttributes) -> Result<()> {
                self.invoke($name, |buffer, table| {
                    buffer.inner_mut().$invocation(table, vspace.bits(), address, attributes.into_inner())
                })
            }
        })*
    };
}

tables! {
    PUD, pud_map, seL4_ARM_PageUpperDirectory_Map, "ARM_PageUpperDirectory_Map";
    PD, pd_map, seL4_ARM_PageDirectory_Map, "ARM_PageDirectory_Map";
    PT, pt_map, seL4_ARM_PageTable_Map, "ARM_PageTable_Map";
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
            TranslationTableObjectType::PGD => {
                Err(Error::new("ARM_PageGlobalDirectory_Map", crate::ErrorKind::IllegalOperation))
            }
            TranslationTableObjectType::PUD => {
                self.cast::<cap_type::PUD>().pud_map(vspace, address, attributes)
            }
            TranslationTableObjectType::PD => self.cast::<cap_type::PD>().pd_map(vspace, address, attributes),
            TranslationTableObjectType::PT => self.cast::<cap_type::PT>().pt_map(vspace, address, attributes),
        }
    }
}
