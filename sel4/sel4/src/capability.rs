//! Capability addresses, untyped and typed.

use core::fmt;
use core::marker::PhantomData;

use crate::Word;

/// The address of a capability in its holder's CSpace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CPtr(Word);

impl CPtr {
    /// The address that is these bits.
    #[inline(always)]
    pub const fn from_bits(bits: Word) -> Self {
        Self(bits)
    }

    /// The address as bits.
    #[inline(always)]
    pub const fn bits(self) -> Word {
        self.0
    }

    /// The capability at this address, taken to be one of type `T`.
    #[inline(always)]
    pub const fn cast<T: CapType>(self) -> Cap<T> {
        Cap { cptr: self, kind: PhantomData }
    }
}

impl fmt::Debug for CPtr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CPtr({:#x})", self.0)
    }
}

/// The first `depth` bits of an address, for operations on a slot or a CNode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CPtrWithDepth {
    bits: Word,
    depth: usize,
}

impl CPtrWithDepth {
    /// The address that is the low `depth` bits of `bits`.
    pub const fn from_bits_with_depth(bits: Word, depth: usize) -> Self {
        Self { bits, depth }
    }

    /// The empty address: a CNode itself.
    pub const fn empty() -> Self {
        Self::from_bits_with_depth(0, 0)
    }

    /// Its bits.
    pub const fn bits(&self) -> Word {
        self.bits
    }

    /// How many of them count.
    pub const fn depth(&self) -> usize {
        self.depth
    }
}

impl From<CPtr> for CPtrWithDepth {
    fn from(cptr: CPtr) -> Self {
        Self::from_bits_with_depth(cptr.bits(), crate::WORD_SIZE)
    }
}

impl<T: CapType> From<Cap<T>> for CPtrWithDepth {
    fn from(cap: Cap<T>) -> Self {
        cap.cptr().into()
    }
}

/// A kind of capability.
pub trait CapType: Copy {
    /// Its name.
    const NAME: &'static str;
}

/// The address of a capability of type `T`. Nothing checks that it is one: the kernel refuses an operation
/// that the capability does not have.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cap<T: CapType> {
    cptr: CPtr,
    kind: PhantomData<T>,
}

impl<T: CapType> Cap<T> {
    /// The capability at the address that is these bits.
    #[inline(always)]
    pub const fn from_bits(bits: Word) -> Self {
        CPtr::from_bits(bits).cast()
    }

    /// Its address as bits.
    #[inline(always)]
    pub const fn bits(self) -> Word {
        self.cptr.bits()
    }

    /// Its address.
    #[inline(always)]
    pub const fn cptr(self) -> CPtr {
        self.cptr
    }

    /// The same capability as one of another type.
    pub const fn cast<U: CapType>(self) -> Cap<U> {
        self.cptr.cast()
    }
}

impl<T: CapType> fmt::Debug for Cap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:#x})", T::NAME, self.bits())
    }
}

/// Declares capability types in a module `cap_type`, and their capabilities in a module `cap`.
macro_rules! declare_cap_types {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Kinds of capabilities, for the parameter of [`Cap`](crate::Cap).
        #[allow(non_camel_case_types)] // `_4k` and its like are the official names.
        pub mod cap_type {
            $(
                $(#[$doc])*
                #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
                pub enum $name {}

                impl $crate::CapType for $name {
                    const NAME: &'static str = stringify!($name);
                }
            )*
        }
        /// Capabilities by their kind.
        #[allow(non_camel_case_types)] // `_4k` and its like are the official names.
        pub mod cap {
            use super::cap_type;

            $($(#[$doc])* pub type $name = $crate::Cap<cap_type::$name>;)*
        }
    };
}
pub(crate) use declare_cap_types;

mod common {
    super::declare_cap_types! {
        /// Memory that objects are made of.
        Untyped,
        /// Where threads meet to pass messages.
        Endpoint,
        /// A word of signal bits.
        Notification,
        /// A thread.
        Tcb,
        /// A table of capabilities.
        CNode,
        /// The right to make interrupt handlers.
        IrqControl,
        /// An interrupt's handler.
        IrqHandler,
        /// The right to make ASID pools.
        AsidControl,
        /// A pool of address space identifiers.
        AsidPool,
        /// The right to set a thread's scheduling domain.
        DomainSet,
        /// The answer to a call, saved by [`save_caller`](crate::AbsoluteCPtr::save_caller).
        Reply,
        /// No capability.
        Null,
        /// A capability of unknown kind.
        Unspecified,
        /// A frame of unknown size.
        UnspecifiedPage,
        /// A page table of unknown level.
        UnspecifiedIntermediateTranslationTable,
    }
}

/// Kinds of capabilities.
pub mod cap_type {
    pub use super::common::cap_type::*;
    pub use crate::arch::cap_types::cap_type::*;
    pub use crate::arch::cap_types::{Granule, VSpace};
}

/// Capabilities by their kind: `cap::Endpoint` is `Cap<cap_type::Endpoint>`.
pub mod cap {
    pub use super::common::cap::*;
    pub use crate::arch::cap_types::cap::*;

    /// An address space.
    pub type VSpace = crate::Cap<super::cap_type::VSpace>;
    /// The smallest frame.
    pub type Granule = crate::Cap<super::cap_type::Granule>;
}
