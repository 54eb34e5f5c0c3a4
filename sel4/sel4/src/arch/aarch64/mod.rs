//! aarch64.

mod fault;
mod object;
mod user_context;
mod vspace;

use crate::{AbsoluteCPtr, Result, Word, cap, sys};

pub use fault::{UnknownSyscall, UserException, VmFault};
pub use object::{FrameObjectType, ObjectBlueprintArch, TranslationTableObjectType};
pub use user_context::UserContext;
pub use vspace::{CapTypeForFrameObject, VmAttributes, vspace_levels};

pub(crate) mod cap_types {
    crate::capability::declare_cap_types! {
        /// The top page table, an address space: page global directory.
        PGD,
        /// The page table below it: page upper directory.
        PUD,
        /// The page table below that: page directory.
        PD,
        /// The last page table.
        PT,
        /// A frame of 4 KiB.
        SmallPage,
        /// A frame of 2 MiB.
        LargePage,
        /// A frame of 1 GiB.
        HugePage,
    }

    /// An address space.
    pub type VSpace = cap_type::PGD;
    /// The smallest frame.
    pub type Granule = cap_type::SmallPage;
}

/// There are no initial slots that other architectures lack.
pub(crate) mod slots {}

impl cap::IrqControl {
    /// Makes the handler of an interrupt, by its number at the GIC: 16 and up a PPI's, 32 and up an SPI's.
    ///
    /// # Errors
    ///
    /// `RangeError`, or `RevokeFirst` when it has one.
    pub fn irq_control_get(self, irq: Word, dst: &AbsoluteCPtr) -> Result<()> {
        let depth = u8::try_from(dst.path().depth()).unwrap_or(u8::MAX);
        self.invoke("IRQControl_Get", |buffer, control| {
            let (root, index) = (dst.root().bits(), dst.path().bits());
            buffer.inner_mut().seL4_IRQControl_Get(control, irq as i32, root, index, depth)
        })
    }
}

impl cap::AsidControl {
    /// Makes a pool of address space identifiers out of 4 KiB of untyped memory.
    ///
    /// # Errors
    ///
    /// The memory is of another size or in use; the slot is not empty; no identifiers are left (`DeleteFirst`).
    pub fn asid_control_make_pool(self, untyped: cap::Untyped, dst: &AbsoluteCPtr) -> Result<()> {
        let depth = u8::try_from(dst.path().depth()).unwrap_or(u8::MAX);
        self.invoke("ARM_ASIDControl_MakePool", |buffer, control| {
            let (root, index) = (dst.root().bits(), dst.path().bits());
            buffer.inner_mut().seL4_ARM_ASIDControl_MakePool(control, untyped.bits(), root, index, depth)
        })
    }
}

impl cap::AsidPool {
    /// Gives an address space an identifier, without which nothing can be mapped into it.
    ///
    /// # Errors
    ///
    /// The pool is empty (`DeleteFirst`), or the address space has an identifier.
    pub fn asid_pool_assign(self, vspace: cap::VSpace) -> Result<()> {
        self.invoke("ARM_ASIDPool_Assign", |buffer, pool| {
            buffer.inner_mut().seL4_ARM_ASIDPool_Assign(pool, vspace.bits())
        })
    }
}

/// The size of a granule, the smallest frame.
pub const GRANULE_SIZE: usize = 1 << sys::seL4_PageBits;

/// Ends the thread by a fault (an undefined instruction), of which its fault endpoint learns.
pub fn abort() -> ! {
    // SAFETY: the instruction faults; the thread goes no further unless its fault handler restarts it, which
    // faults again.
    unsafe { core::arch::asm!("2: udf #0", "b 2b", options(noreturn, nomem, nostack)) }
}
