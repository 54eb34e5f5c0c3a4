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
