//! riscv64.

use crate::Word;

mod fault;
mod object;

/// There is no fault of which the kernel tells that alone.
pub(crate) const SYNDROME_ALONE: Option<Word> = None;

pub use object::{FrameObjectType, ObjectBlueprintArch, TranslationTableObjectType};

pub(crate) mod cap_types {
    crate::capability::declare_cap_types! {
        /// A page table of any level; one that has an ASID is an address space.
        PageTable,
        /// A frame of 4 KiB.
        _4k,
        /// A frame of 2 MiB.
        MegaPage,
        /// A frame of 1 GiB.
        GigaPage,
    }

    /// An address space.
    pub type VSpace = cap_type::PageTable;
    /// The smallest frame.
    pub type Granule = cap_type::_4k;
}

/// Initial slots that other architectures lack: none.
pub(crate) mod slots {}

/// The first interrupt of the range that the kernel names when asked for one outside of it. The PLIC has none of number 0
/// (its specification, 3), which 5.0.0's layer keeps to itself without saying so.
pub const FIRST_IRQ: Word = if cfg!(sel4_generation = "v13") { 1 } else { 0 };

/// Ends the thread by a fault (an illegal instruction), of which its fault endpoint learns.
pub fn abort() -> ! {
    // SAFETY: the instruction faults; the thread goes no further unless its fault handler restarts it, which
    // faults again.
    unsafe { core::arch::asm!("2: unimp", "j 2b", options(noreturn, nomem, nostack)) }
}
