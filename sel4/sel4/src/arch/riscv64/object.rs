//! Objects of riscv64 (Sv39), and how they are mapped: one kind of page table serves all levels.

use crate::{VmAttributes, sys};

crate::object::declare_objects! {
    tables {
        /// A page table of any level; one that has an ASID is an address space.
        PageTable: seL4_RISCV_PageTableObject, seL4_PageTableBits;
    }
    levels &[PageTable, PageTable, PageTable];
}

crate::object::declare_frames! {
    granule _4k;
    /// 4 KiB.
    _4k: seL4_RISCV_4K_Page, seL4_PageBits;
    /// 2 MiB.
    MegaPage: seL4_RISCV_Mega_Page, seL4_LargePageBits;
    /// 1 GiB.
    GigaPage: seL4_RISCV_Giga_Page, seL4_HugePageBits;
}

crate::vspace::declare_mappings! {
    "RISCV", frames: _4k MegaPage GigaPage,
    map: seL4_RISCV_Page_Map, remap: seL4_RISCV_Page_Remap, unmap: seL4_RISCV_Page_Unmap,
    address: seL4_RISCV_Page_GetAddress,
    make_pool: seL4_RISCV_ASIDControl_MakePool, assign: seL4_RISCV_ASIDPool_Assign,
}

crate::vspace::declare_tables! {
    /// Maps the table at the highest level that has none for the address.
    PageTable, page_table_map: "RISCV_PageTable_Map" seL4_RISCV_PageTable_Map;
}

/// How a page is cached is up to the machine's physical memory attributes.
impl VmAttributes {
    /// Instructions may be fetched from it.
    pub const DEFAULT: Self = Self(sys::seL4_RISCV_Default_VMAttributes);
    /// No instruction may be fetched from it.
    pub const EXECUTE_NEVER: Self = Self(sys::seL4_RISCV_ExecuteNever);
}

crate::user_context::declare_registers! {
    // RISC-V calling convention; ra stays 0: nothing to return to.
    pc: pc, sp: sp, arguments: a0 a1 a2 a3 a4 a5 a6 a7, return_bytes: 0,
    all: pc ra sp gp tp a0 a1 a2 a3 a4 a5 a6 a7 t0 t1 t2 t3 t4 t5 t6 s0 s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11,
}
