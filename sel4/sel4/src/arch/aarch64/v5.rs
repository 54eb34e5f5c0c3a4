//! seL4 5.0.0 on aarch64: each level of page tables is a type of its own.

/// Whether the kernel runs at EL2.
pub const AT_EL2: bool = false;

pub(crate) mod tables {
    crate::capability::declare_cap_types! {
        /// The top page table, an address space: page global directory.
        PGD,
        /// The page table below it: page upper directory.
        PUD,
        /// The page table below that: page directory.
        PD,
        /// The last page table.
        PT,
    }
}

crate::object::declare_objects! {
    tables {
        /// The top page table, an address space: page global directory.
        PGD: seL4_ARM_PageGlobalDirectoryObject, seL4_PGDBits;
        /// The page table below it: page upper directory.
        PUD: seL4_ARM_PageUpperDirectoryObject, seL4_PUDBits;
        /// The page table below that: page directory.
        PD: seL4_ARM_PageDirectoryObject, seL4_PageDirBits;
        /// The last page table.
        PT: seL4_ARM_PageTableObject, seL4_PageTableBits;
    }
    levels &[PGD, PUD, PD, PT];
}

crate::vspace::declare_tables! {
    /// Maps the table.
    PUD, pud_map: "ARM_PageUpperDirectory_Map" seL4_ARM_PageUpperDirectory_Map;
    /// Maps the table.
    PD, pd_map: "ARM_PageDirectory_Map" seL4_ARM_PageDirectory_Map;
    /// Maps the table.
    PT, pt_map: "ARM_PageTable_Map" seL4_ARM_PageTable_Map;
}
