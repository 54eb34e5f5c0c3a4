//! seL4 13.0.0 and later on aarch64: below an address space there is one type of page table.

use crate::sys;

/// Whether the kernel runs at EL2.
pub const AT_EL2: bool = sys::config::ARM_HYPERVISOR_SUPPORT;

pub(crate) mod tables {
    crate::capability::declare_cap_types! {
        /// The top page table, an address space: page global directory.
        PGD,
        /// A page table of any other level.
        PT,
    }
}

crate::object::declare_objects! {
    tables {
        /// The top page table, an address space.
        VSpace: seL4_ARM_VSpaceObject, seL4_VSpaceBits;
        /// A page table of any other level.
        PT: seL4_ARM_PageTableObject, seL4_PageTableBits;
    }
    // A kernel at EL2 for a processor with 40 bits of physical address has an address space of two pages in the place of
    // the two topmost levels (Arm ARM, D8.2.2: concatenated tables; `libsel4/sel4_arch_include/aarch64/sel4/sel4_arch/constants.h`).
    levels if sys::seL4_VSpaceIndexBits == 10 { &[VSpace, PT, PT] } else { &[VSpace, PT, PT, PT] };
}

crate::vspace::declare_tables! {
    /// Maps the table at the highest level that has none for the address.
    PT, pt_map: "ARM_PageTable_Map" seL4_ARM_PageTable_Map;
}
