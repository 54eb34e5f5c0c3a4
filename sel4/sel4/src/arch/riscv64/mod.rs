//! riscv64.

mod fault;
mod object;
mod user_context;
mod vspace;

use crate::sys;
use crate::{AbsoluteCPtr, Result, Word, cap};

pub use fault::{UnknownSyscall, UserException, VmFault};
pub use object::{FrameObjectType, ObjectBlueprintArch, TranslationTableObjectType};
pub use user_context::UserContext;
pub use vspace::{CapTypeForFrameObject, VmAttributes, vspace_levels};

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

impl cap::IrqControl {
    /// Makes a handler for a source of the PLIC.
    ///
    /// # Errors
    ///
    /// `RangeError` for a source that there is not, `RevokeFirst` when it has a handler.
    pub fn irq_control_get(self, irq: Word, dst: &AbsoluteCPtr) -> Result<()> {
        let depth = u8::try_from(dst.path().depth()).unwrap_or(u8::MAX);
        self.invoke("IRQControl_Get", |buffer, control| {
            let (root, index) = (dst.root().bits(), dst.path().bits());
            // The interface counts interrupts in an `int`, the message carries a word.
            let irq = i32::try_from(irq).unwrap_or(i32::MAX);
            buffer.inner_mut().seL4_IRQControl_Get(control, irq, root, index, depth)
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
        self.invoke("RISCV_ASIDControl_MakePool", |buffer, control| {
            let (root, index) = (dst.root().bits(), dst.path().bits());
            buffer.inner_mut().seL4_RISCV_ASIDControl_MakePool(control, untyped.bits(), root, index, depth)
        })
    }
}

impl cap::AsidPool {
    /// Makes an unmapped page table an address space, by giving it an identifier.
    ///
    /// # Errors
    ///
    /// The pool is empty (`DeleteFirst`), or the table is in use.
    pub fn asid_pool_assign(self, vspace: cap::VSpace) -> Result<()> {
        self.invoke("RISCV_ASIDPool_Assign", |buffer, pool| {
            buffer.inner_mut().seL4_RISCV_ASIDPool_Assign(pool, vspace.bits())
        })
    }
}

/// The size of a granule, the smallest frame.
pub const GRANULE_SIZE: usize = 1 << sys::seL4_PageBits;

/// Ends the thread by a fault (an illegal instruction), of which its fault endpoint learns.
pub fn abort() -> ! {
    // SAFETY: the instruction faults; the thread goes no further unless its fault handler restarts it, which
    // faults again.
    unsafe { core::arch::asm!("2: unimp", "j 2b", options(noreturn, nomem, nostack)) }
}
