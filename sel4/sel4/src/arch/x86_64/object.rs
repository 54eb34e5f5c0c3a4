//! Objects of x86_64, and how they are mapped.

use crate::{VmAttributes, sys};

crate::object::declare_objects! {
    tables {
        /// The top page table, an address space.
        PML4: seL4_X64_PML4Object, seL4_PML4Bits;
        /// The page table below it.
        PDPT: seL4_X86_PDPTObject, seL4_PDPTBits;
        /// The page table below that.
        PageDirectory: seL4_X86_PageDirectoryObject, seL4_PageDirBits;
        /// The last page table.
        PageTable: seL4_X86_PageTableObject, seL4_PageTableBits;
    }
    levels &[PML4, PDPT, PageDirectory, PageTable];
}

crate::object::declare_frames! {
    granule _4k;
    /// 4 KiB.
    _4k: seL4_X86_4K, seL4_PageBits;
    /// 2 MiB.
    LargePage: seL4_X86_LargePageObject, seL4_LargePageBits;
    /// 1 GiB.
    HugePage: seL4_X64_HugePageObject, seL4_HugePageBits;
}

crate::vspace::declare_mappings! {
    "X86", frames: _4k LargePage HugePage,
    map: seL4_X86_Page_Map, remap: seL4_X86_Page_Remap, unmap: seL4_X86_Page_Unmap, address: seL4_X86_Page_GetAddress,
    make_pool: seL4_X86_ASIDControl_MakePool, assign: seL4_X86_ASIDPool_Assign,
}

crate::vspace::declare_tables! {
    /// Maps the table.
    PDPT, pdpt_map: "X86_PDPT_Map" seL4_X86_PDPT_Map;
    /// Maps the table.
    PageDirectory, page_directory_map: "X86_PageDirectory_Map" seL4_X86_PageDirectory_Map;
    /// Maps the table.
    PageTable, page_table_map: "X86_PageTable_Map" seL4_X86_PageTable_Map;
}

/// seL4 on x86_64 has no right to execute that could be withheld.
impl VmAttributes {
    /// Cached: memory.
    pub const DEFAULT: Self = Self(sys::seL4_X86_Default_VMAttributes);
    /// Neither cached nor reordered: devices.
    pub const UNCACHED: Self = Self(sys::seL4_X86_Uncacheable);
}

crate::user_context::declare_registers! {
    // System V ABI, 3.2.3.
    pc: rip, sp: rsp, arguments: rdi rsi rdx rcx r8 r9, return_bytes: 8,
    all: rip rsp rflags rax rbx rcx rdx rsi rdi rbp r8 r9 r10 r11 r12 r13 r14 r15, "tls_base": super::generation::tls_base,
}
