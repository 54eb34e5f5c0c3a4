//! aarch64.

mod fault;
/// What one generation of kernels does in another way than the others.
#[cfg_attr(sel4_generation = "v5", path = "v5.rs")]
#[cfg_attr(sel4_generation = "v13", path = "v13.rs")]
mod generation;
mod object;

pub use generation::{AT_EL2, ObjectBlueprintArch, TranslationTableObjectType};
pub use object::FrameObjectType;

mod frames {
    crate::capability::declare_cap_types! {
        /// A frame of 4 KiB.
        SmallPage,
        /// A frame of 2 MiB.
        LargePage,
        /// A frame of 1 GiB.
        HugePage,
    }
}

pub(crate) mod cap_types {
    pub mod cap_type {
        pub use crate::arch::frames::cap_type::*;
        pub use crate::arch::generation::tables::cap_type::*;
    }
    pub mod cap {
        pub use crate::arch::frames::cap::*;
        pub use crate::arch::generation::tables::cap::*;
    }

    /// An address space.
    pub type VSpace = cap_type::PGD;
    /// The smallest frame.
    pub type Granule = cap_type::SmallPage;
}

pub(crate) use fault::SYNDROME_ALONE;

/// There are no initial slots that other architectures lack.
pub(crate) mod slots {}

/// Ends the thread by a fault (an undefined instruction), of which its fault endpoint learns.
pub fn abort() -> ! {
    // SAFETY: the instruction faults; the thread goes no further unless its fault handler restarts it, which
    // faults again.
    unsafe { core::arch::asm!("2: udf #0", "b 2b", options(noreturn, nomem, nostack)) }
}
