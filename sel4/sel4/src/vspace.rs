//! Address spaces: what is the same on all architectures. Each says by [`declare_mappings`] and [`declare_tables`] how
//! its invocations are called.

use crate::{CapType, Word};

/// How a page is cached, and whether it is executable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmAttributes(pub(crate) Word);

impl VmAttributes {
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
    pub const NUM_LEVELS: usize = TranslationTableObjectType::LEVELS.len();

    /// The binary logarithm of the memory that one entry of a table at this level covers.
    pub const fn step_bits(level: usize) -> usize {
        FrameObjectType::GRANULE.bits() + 9 * (NUM_LEVELS - 1 - level)
    }

    /// The binary logarithm of the memory that one table of this level covers.
    pub const fn span_bits(level: usize) -> usize {
        step_bits(level) + 9
    }

    /// The same of all tables below the address space, from the top down.
    pub const SPANS: [u8; NUM_LEVELS - 1] = {
        let mut spans = [0; NUM_LEVELS - 1];
        let mut level = 1;
        while level < NUM_LEVELS {
            spans[level - 1] = span_bits(level) as u8;
            level += 1;
        }
        spans
    };

    /// The level whose entries are frames of this size.
    pub const fn level_of(frame: FrameObjectType) -> usize {
        NUM_LEVELS - 1 - (frame.bits() - FrameObjectType::GRANULE.bits()) / 9
    }

    /// The tables between the address space and a frame of this size, from the top down.
    pub fn tables_above(frame: FrameObjectType) -> impl Iterator<Item = (usize, TranslationTableObjectType)> {
        (1..=level_of(frame))
            .filter_map(|level| Some((level, TranslationTableObjectType::from_level(level)?)))
    }
}

/// Frames.
pub trait CapTypeForFrameObject: CapType {}

/// Declares what is done with frames and address spaces: the architecture's prefix in names of calls, its frames, and the
/// invocations.
macro_rules! declare_mappings {
    (
        $arch:literal, frames: $($frame:ident)*,
        map: $map:ident, remap: $remap:ident, unmap: $unmap:ident, address: $address:ident,
        make_pool: $make_pool:ident, assign: $assign:ident $(,)?
    ) => {
        $(impl $crate::CapTypeForFrameObject for $crate::cap_type::$frame {})*
        impl $crate::CapTypeForFrameObject for $crate::cap_type::UnspecifiedPage {}

        impl<T: $crate::CapTypeForFrameObject> $crate::Cap<T> {
            /// Maps the frame at an address. A frame capability is mapped once: copy it to share the memory.
            ///
            /// # Errors
            ///
            /// `FailedLookup` when a page table is missing, `DeleteFirst` when the address is in use,
            /// `AlignmentError`, `InvalidCapability` when it is mapped elsewhere.
            pub fn frame_map(
                self,
                vspace: $crate::cap::VSpace,
                address: $crate::Word,
                rights: $crate::CapRights,
                attributes: $crate::VmAttributes,
            ) -> $crate::Result<()> {
                self.invoke(concat!($arch, "_Page_Map"), |buffer, frame| {
                    let (rights, attributes) = (rights.into_inner(), attributes.into_inner());
                    buffer.inner_mut().$map(frame, vspace.bits(), address, rights, attributes)
                })
            }

            /// Changes the rights and attributes of the frame where it is mapped, which is at this address. 5.0.0 has a
            /// call for it that finds the address by itself; since 13.0.0 the frame is mapped there again.
            ///
            /// # Errors
            ///
            /// It is not mapped there.
            pub fn frame_remap(
                self,
                vspace: $crate::cap::VSpace,
                #[cfg_attr(sel4_generation = "v5", allow(unused_variables))] address: $crate::Word,
                rights: $crate::CapRights,
                attributes: $crate::VmAttributes,
            ) -> $crate::Result<()> {
                self.invoke(concat!($arch, "_Page_Remap"), |buffer, frame| {
                    let (rights, attributes) = (rights.into_inner(), attributes.into_inner());
                    #[cfg(sel4_generation = "v5")]
                    let error = buffer.inner_mut().$remap(frame, vspace.bits(), rights, attributes);
                    #[cfg(sel4_generation = "v13")]
                    let error = buffer.inner_mut().$map(frame, vspace.bits(), address, rights, attributes);
                    error
                })
            }

            /// Unmaps the frame, if it is mapped.
            ///
            /// # Errors
            ///
            /// No frame.
            pub fn frame_unmap(self) -> $crate::Result<()> {
                self.invoke(concat!($arch, "_Page_Unmap"), |buffer, frame| buffer.inner_mut().$unmap(frame))
            }

            /// The frame's physical address.
            ///
            /// # Errors
            ///
            /// No frame.
            pub fn frame_get_address(self) -> $crate::Result<$crate::Word> {
                $crate::with_ipc_buffer_mut(|buffer| {
                    let answer = buffer.inner_mut().$address(self.bits());
                    $crate::Error::wrap(concat!($arch, "_Page_GetAddress"), answer.error, buffer)?;
                    Ok(answer.paddr)
                })
            }
        }

        impl $crate::cap::AsidControl {
            /// Makes a pool of address space identifiers out of 4 KiB of untyped memory.
            ///
            /// # Errors
            ///
            /// The memory is of another size or in use; the slot is not empty; no identifiers are left (`DeleteFirst`).
            pub fn asid_control_make_pool(
                self,
                untyped: $crate::cap::Untyped,
                dst: &$crate::AbsoluteCPtr,
            ) -> $crate::Result<()> {
                self.invoke(concat!($arch, "_ASIDControl_MakePool"), |buffer, control| {
                    let (root, index, depth) = (dst.root().bits(), dst.path().bits(), dst.depth());
                    buffer.inner_mut().$make_pool(control, untyped.bits(), root, index, depth)
                })
            }
        }

        impl $crate::cap::AsidPool {
            /// Gives an address space (where it is an unmapped page table like any other: makes it one by giving it) an
            /// identifier, without which nothing can be mapped into it.
            ///
            /// # Errors
            ///
            /// The pool is empty (`DeleteFirst`), or the address space has an identifier.
            pub fn asid_pool_assign(self, vspace: $crate::cap::VSpace) -> $crate::Result<()> {
                self.invoke(concat!($arch, "_ASIDPool_Assign"), |buffer, pool| {
                    buffer.inner_mut().$assign(pool, vspace.bits())
                })
            }
        }
    };
}
pub(crate) use declare_mappings;

/// Declares how the tables below an address space are mapped.
macro_rules! declare_tables {
    ($($(#[$doc:meta])* $table:ident, $map:ident: $name:literal $invocation:ident;)*) => {
        $(impl $crate::cap::$table {
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// `FailedLookup` when the table above is missing, `DeleteFirst` when a table is there already.
            pub fn $map(
                self,
                vspace: $crate::cap::VSpace,
                address: $crate::Word,
                attributes: $crate::VmAttributes,
            ) -> $crate::Result<()> {
                self.invoke($name, |buffer, table| {
                    buffer.inner_mut().$invocation(table, vspace.bits(), address, attributes.into_inner())
                })
            }
        })*

        impl $crate::cap::UnspecifiedIntermediateTranslationTable {
            /// Maps a table of this type.
            ///
            /// # Errors
            ///
            /// Those of the type's own function; `IllegalOperation` for a type that is an address space only, which is
            /// mapped nowhere.
            pub fn generic_intermediate_translation_table_map(
                self,
                ty: $crate::TranslationTableObjectType,
                vspace: $crate::cap::VSpace,
                address: $crate::Word,
                attributes: $crate::VmAttributes,
            ) -> $crate::Result<()> {
                match ty {
                    $($crate::TranslationTableObjectType::$table => {
                        self.cast::<$crate::cap_type::$table>().$map(vspace, address, attributes)
                    })*
                    #[allow(unreachable_patterns)] // Where an address space is a table like any other.
                    _ => Err($crate::Error::new("VSpace_Map", $crate::ErrorKind::IllegalOperation)),
                }
            }
        }
    };
}
pub(crate) use declare_tables;
