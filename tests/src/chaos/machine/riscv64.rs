//! riscv64.

use super::{Back, Entry, Machine, with_address};

/// The kernel's window on physical memory from address 0 on: `BASE_OFFSET`
/// (`kernel-config/overlay/riscv64/include/arch/riscv/mode/hardware.h`).
const WINDOW: u64 = 0xffff_ffc0_0000_0000;
const MEMORY: u64 = 0x8000_0000;
/// Entries of page tables (RISC-V privileged specification, 4.3.1).
const VALID: u64 = 1 << 0;
const WRITE: u64 = 1 << 2;
const LEAF: u64 = 7 << 1;
const PAGE_NUMBER: u64 = (1 << 44) - 1;

pub const MACHINE: Machine = Machine {
    ram: MEMORY,
    asid_table: "riscvKSASIDTable",
    // `asidHighBits`, `include/arch/riscv/arch/object/structures.h` of the overlay; a pool holds addresses.
    pools: 128,
    root: |entry| (entry != 0).then_some(entry),
    physical: |vaddr| vaddr.checked_sub(WINDOW),
    levels: 3,
    own: 256,
    entry: |entry, level| {
        let paddr = (entry >> 10 & PAGE_NUMBER) << 12;
        match (entry & VALID != 0, entry & LEAF != 0, level) {
            (true, true, 1) => Entry::Page { paddr, writable: entry & WRITE != 0 },
            (true, false, 2..) => Entry::Table { paddr, writable: true },
            _ => Entry::None,
        }
    },
    kernel: WINDOW + MEMORY + 0x60_0000,
    // Two bytes each: code may go on in the middle of a word.
    fault: &[0; 2],
    nop: &[0x01, 0x00],
    // c.j .
    spin: &[0x01, 0xa0],
    // auipc t0, 0; ld t0, 12(t0); jr t0
    jump: |address| with_address(&[0x0000_0297, 0x00c2_b283, 0x0002_8067], address),
    // auipc t0, 0; ld t0, 12(t0); ld t0, 0(t0)
    read: |address| with_address(&[0x0000_0297, 0x00c2_b283, 0x0002_b283], address),
    // auipc t0, 0; ld t0, 12(t0); sd t0, 0(t0)
    write: |address| with_address(&[0x0000_0297, 0x00c2_b283, 0x0052_b023], address),
    // a0, a1; pc; ra.
    arguments: [10, 11],
    pc: 32,
    back: Back::Link(1),
};

/// From where on an installed kernel maps its image, which lies in the first gibibyte of memory: `PPTR_TOP` (seL4 16.0.0,
/// `include/arch/riscv/arch/64/mode/hardware.h`). Its window on all memory is as above.
const IMAGE: u64 = 0xffff_ffff_8000_0000;

pub const INSTALLED: Machine = Machine {
    physical: |vaddr| match vaddr.checked_sub(IMAGE) {
        Some(offset) => Some(offset + MEMORY),
        None => vaddr.checked_sub(WINDOW),
    },
    ..MACHINE
};
