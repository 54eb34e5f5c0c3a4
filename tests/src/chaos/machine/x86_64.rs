//! x86_64.

use super::{Back, Entry, Machine};

/// Where the kernel's image is linked: `KERNEL_BASE`, at physical address 0 (seL4 5.0.0,
/// `include/plat/pc99/plat/64/plat_mode/machine/hardware.h`).
const KERNEL_BASE: u64 = 0xffff_ffff_8000_0000;
/// Where the kernel maps all physical memory: `PPTR_BASE`, there.
const PPTR_BASE: u64 = 0xffff_ff80_0000_0000;
/// An entry of a pool: the kind in the low bits, the root's address, of which 49 bits tell it (`base 64(49,1)`), at the top
/// (`asid_map_vspace`, `include/arch/x86/arch/64/mode/object/structures.bf`); 48 bits since 13.0.0.
const KIND: u64 = 3;
const VSPACE: u64 = 1;
/// Entries of page tables (Intel SDM volume 3, 4.5).
const PRESENT: u64 = 1;
const WRITABLE: u64 = 1 << 1;
const LARGE: u64 = 1 << 7;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

fn root(entry: u64, bits: u32) -> Option<u64> {
    (entry & KIND == VSPACE).then_some((entry >> (64 - bits) | 0xffff << 48) & !0xfff)
}

pub const MACHINE: Machine = Machine {
    ram: 0,
    asid_table: "x86KSASIDTable",
    pools: 8,
    root: |entry| root(entry, 49),
    physical: |vaddr| vaddr.checked_sub(if vaddr >= KERNEL_BASE { KERNEL_BASE } else { PPTR_BASE }),
    levels: 4,
    own: 256,
    entry: |entry, level| {
        let (paddr, writable) = (entry & ADDRESS, entry & WRITABLE != 0);
        match (entry & PRESENT != 0, level) {
            (true, 1) => Entry::Page { paddr, writable },
            (true, _) if entry & LARGE == 0 => Entry::Table { paddr, writable },
            _ => Entry::None,
        }
    },
    kernel: PPTR_BASE + 0x10_0000,
    // HLT is privileged (SDM volume 2).
    fault: &[0xf4],
    nop: &[0x90],
    spin: &[0xeb, 0xfe],
    // mov rax, imm64; jmp rax
    jump: |address| [&[0x48, 0xb8][..], &address.to_le_bytes(), &[0xff, 0xe0]].concat(),
    // mov rax, [imm64]
    read: |address| [&[0x48, 0xa1][..], &address.to_le_bytes()].concat(),
    // mov [imm64], rax
    write: |address| [&[0x48, 0xa3][..], &address.to_le_bytes()].concat(),
    // RDI, RSI; RIP; RSP.
    arguments: [5, 4],
    pc: 16,
    back: Back::Stack(7),
};

pub const INSTALLED: Machine = Machine { root: |entry| root(entry, 48), ..MACHINE };
