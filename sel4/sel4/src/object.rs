//! What can be made of untyped memory.

use crate::arch::ObjectBlueprintArch;
use crate::sys;
use crate::{SLOT_BITS, Word};

/// An object to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectBlueprint {
    /// Untyped memory.
    Untyped {
        /// The binary logarithm of its size in bytes.
        size_bits: usize,
    },
    /// An endpoint.
    Endpoint,
    /// A notification.
    Notification,
    /// A thread.
    Tcb,
    /// A CNode.
    CNode {
        /// The binary logarithm of its number of slots.
        size_bits: usize,
    },
    /// An object of this architecture.
    Arch(ObjectBlueprintArch),
}

impl ObjectBlueprint {
    /// The kernel's number of the object's type.
    pub const fn ty(self) -> Word {
        match self {
            Self::Untyped { .. } => sys::seL4_UntypedObject,
            Self::Endpoint => sys::seL4_EndpointObject,
            Self::Notification => sys::seL4_NotificationObject,
            Self::Tcb => sys::seL4_TCBObject,
            Self::CNode { .. } => sys::seL4_CapTableObject,
            Self::Arch(object) => object.ty(),
        }
    }

    /// The size that a retype is told, for objects that come in sizes.
    pub const fn api_size_bits(self) -> Option<usize> {
        match self {
            Self::Untyped { size_bits } | Self::CNode { size_bits } => Some(size_bits),
            _ => None,
        }
    }

    /// The binary logarithm of the bytes that it takes, to which it is also aligned.
    pub const fn physical_size_bits(self) -> usize {
        match self {
            Self::Untyped { size_bits } => size_bits,
            Self::Endpoint => sys::seL4_EndpointBits as usize,
            Self::Notification => sys::seL4_NotificationBits as usize,
            Self::Tcb => sys::seL4_TCBBits as usize,
            Self::CNode { size_bits } => size_bits + SLOT_BITS,
            Self::Arch(object) => object.physical_size_bits(),
        }
    }
}

impl From<ObjectBlueprintArch> for ObjectBlueprint {
    fn from(object: ObjectBlueprintArch) -> Self {
        Self::Arch(object)
    }
}

/// Declares the frames of an architecture: which is the smallest, and each with the kernel's number of its type and the binary logarithm of its size.
macro_rules! declare_frames {
    (
        granule $granule:ident;
        $($(#[$doc:meta])* $frame:ident: $ty:ident, $bits:ident;)*
    ) => {
        /// Sizes of frames.
        #[allow(non_camel_case_types)] // `_4k` is the official name.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum FrameObjectType {
            $($(#[$doc])* $frame,)*
        }

        impl FrameObjectType {
            /// The smallest.
            pub const GRANULE: Self = Self::$granule;

            /// The binary logarithm of the size in bytes.
            pub const fn bits(self) -> usize {
                match self {
                    $(Self::$frame => $crate::sys::$bits as usize,)*
                }
            }

            /// The object.
            pub const fn blueprint(self) -> $crate::ObjectBlueprint {
                $crate::ObjectBlueprint::Arch($crate::ObjectBlueprintArch::Frame(self))
            }

            pub(crate) const fn ty(self) -> $crate::Word {
                match self {
                    $(Self::$frame => $crate::sys::$ty,)*
                }
            }
        }
    };
}
pub(crate) use declare_frames;

/// Declares the objects of an architecture: page tables, with their levels from the address space down, each with the
/// kernel's number of its type and the binary logarithm of its size; and its frames.
macro_rules! declare_objects {
    (
        tables { $($(#[$doc:meta])* $table:ident: $ty:ident, $bits:ident;)* }
        levels $levels:expr;
    ) => {
        /// An object of this architecture.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum ObjectBlueprintArch {
            $($(#[$doc])* $table,)*
            /// A frame.
            Frame($crate::FrameObjectType),
        }

        impl ObjectBlueprintArch {
            pub(crate) const fn ty(self) -> $crate::Word {
                match self {
                    $(Self::$table => $crate::sys::$ty,)*
                    Self::Frame(frame) => frame.ty(),
                }
            }

            pub(crate) const fn physical_size_bits(self) -> usize {
                match self {
                    $(Self::$table => $crate::sys::$bits as usize,)*
                    Self::Frame(frame) => frame.bits(),
                }
            }
        }

        /// Page tables, of which the first is the address space itself.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum TranslationTableObjectType {
            $($(#[$doc])* $table,)*
        }

        impl TranslationTableObjectType {
            /// The table of each level.
            pub(crate) const LEVELS: &[Self] = {
                #[allow(clippy::enum_glob_use)] // A list of them all.
                use TranslationTableObjectType::*;
                $levels
            };

            /// An address space.
            pub const VSPACE: Self = Self::LEVELS[0];

            /// The table at a level, 0 being the address space itself.
            pub fn from_level(level: usize) -> Option<Self> {
                Self::LEVELS.get(level).copied()
            }

            /// The object.
            pub const fn blueprint(self) -> $crate::ObjectBlueprint {
                $crate::ObjectBlueprint::Arch(match self {
                    $(Self::$table => ObjectBlueprintArch::$table,)*
                })
            }
        }
    };
}
pub(crate) use declare_objects;
