//! The root task's CSpace as the kernel leaves it.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

use crate::{AbsoluteCPtr, CPtr, Cap, CapType, Word};

/// A slot of the root CNode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot<T: CapType = crate::cap_type::Unspecified> {
    index: usize,
    kind: PhantomData<T>,
}

impl<T: CapType> Slot<T> {
    /// The slot of this number from the root CNode's end, where the kernel puts nothing: for what a root task needs
    /// before it hands out slots.
    pub const fn from_end(index: usize) -> Self {
        Self::from_index((1 << crate::config::ROOT_CNODE_SIZE_BITS) - 1 - index)
    }

    /// The slot of this number.
    pub const fn from_index(index: usize) -> Self {
        Self { index, kind: PhantomData }
    }

    /// Its number.
    pub const fn index(self) -> usize {
        self.index
    }

    /// Its address.
    pub const fn cptr(self) -> CPtr {
        CPtr::from_bits(self.index as Word)
    }

    /// The capability in it.
    pub const fn cap(self) -> Cap<T> {
        self.cptr().cast()
    }

    /// The slot, taken to hold a capability of another kind.
    pub const fn cast<U: CapType>(self) -> Slot<U> {
        Slot::from_index(self.index)
    }

    /// The slot for CNode operations.
    pub fn absolute_cptr(self) -> AbsoluteCPtr {
        slot::CNODE.cap().absolute_cptr(self.cptr())
    }
}

/// Slots in a row.
#[derive(Clone, PartialEq, Eq)]
pub struct SlotRegion<T: CapType = crate::cap_type::Unspecified> {
    range: Range<usize>,
    kind: PhantomData<T>,
}

impl<T: CapType> SlotRegion<T> {
    /// The slots of these numbers.
    pub const fn from_range(range: Range<usize>) -> Self {
        Self { range, kind: PhantomData }
    }

    /// Their numbers.
    pub const fn range(&self) -> Range<usize> {
        self.range.start..self.range.end
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// The slot at this place, if there are so many.
    pub fn get(&self, index: usize) -> Option<Slot<T>> {
        self.range.clone().nth(index).map(Slot::from_index)
    }

    /// One after another.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Slot<T>> + use<T> {
        self.range().map(Slot::from_index)
    }
}

impl<T: CapType> fmt::Debug for SlotRegion<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{:?}]", T::NAME, self.range)
    }
}

/// Slots that the kernel fills (`libsel4/include/sel4/bootinfo_types.h`).
pub mod slot {
    use super::Slot;
    use crate::cap_type;
    use crate::sys;

    macro_rules! slots {
        ($($(#[$doc:meta])* $name:ident: $kind:ident = $index:ident;)*) => {
            $($(#[$doc])* pub const $name: Slot<cap_type::$kind> = Slot::from_index(sys::$index as usize);)*
        };
    }

    slots! {
        /// No capability, ever.
        NULL: Null = seL4_CapNull;
        /// The root task's thread.
        TCB: Tcb = seL4_CapInitThreadTCB;
        /// The root CNode.
        CNODE: CNode = seL4_CapInitThreadCNode;
        /// The root task's VSpace.
        VSPACE: VSpace = seL4_CapInitThreadVSpace;
        /// The right to make interrupt handlers.
        IRQ_CONTROL: IrqControl = seL4_CapIRQControl;
        /// The right to make ASID pools.
        ASID_CONTROL: AsidControl = seL4_CapASIDControl;
        /// The root task's ASID pool.
        ASID_POOL: AsidPool = seL4_CapInitThreadASIDPool;
        /// The frame of BootInfo.
        BOOT_INFO_FRAME: Granule = seL4_CapBootInfoFrame;
        /// The frame of the root task's IPC buffer.
        IPC_BUFFER: Granule = seL4_CapInitThreadIPCBuffer;
        /// The right to set scheduling domains.
        DOMAIN_SET: DomainSet = seL4_CapDomain;
    }

    #[allow(unused_imports)] // Some architectures have no slots of their own.
    pub use crate::arch::slots::*;
}

/// Stops the root task for good.
pub fn suspend_self() -> ! {
    loop {
        // The kernel does not refuse it while the capability is in its slot; without it, waiting is all there is.
        if slot::TCB.cap().tcb_suspend().is_err() {
            crate::yield_now();
        }
    }
}
