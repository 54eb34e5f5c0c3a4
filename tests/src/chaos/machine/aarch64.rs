//! aarch64, with the kernel in EL1.

use super::{Back, Entry, Machine, with_address};

/// Where memory begins, and where the kernel maps that: `physBase` and `kernelBase`
/// (`kernel-config/overlay/aarch64/include/plat/qemu-arm-virt/plat/machine/hardware.h`).
const MEMORY: u64 = 0x4000_0000;
const KERNEL_BASE: u64 = 0xffff_ff80_0000_0000;
/// Descriptors (Arm ARM, D5.3): table or page, block, AP\[2\].
const KIND: u64 = 3;
const TABLE: u64 = 3;
const READ_ONLY: u64 = 1 << 7;
const ADDRESS: u64 = 0x0000_ffff_ffff_f000;

pub const MACHINE: Machine = Machine {
    ram: MEMORY,
    asid_table: "armKSASIDTable",
    // `asidHighBits`, `include/arch/arm/arch/64/mode/object/structures.h`; a pool holds addresses.
    pools: 128,
    root: |entry| (entry != 0).then_some(entry),
    physical: |vaddr| Some(vaddr.checked_sub(KERNEL_BASE)? + MEMORY),
    levels: 4,
    own: 512,
    entry: |entry, level| match (entry & KIND, level) {
        (TABLE, 1) => Entry::Page { paddr: entry & ADDRESS, writable: entry & READ_ONLY == 0 },
        (TABLE, _) => Entry::Table { paddr: entry & ADDRESS, writable: true },
        _ => Entry::None,
    },
    kernel: KERNEL_BASE + 0x1_0000,
    // udf #0
    fault: &[0; 4],
    nop: &[0x1f, 0x20, 0x03, 0xd5],
    spin: &[0, 0, 0, 0x14],
    // ldr x0, .+8; br x0
    jump: |address| with_address(&[0x5800_0040, 0xd61f_0000], address),
    // ldr x0, .+8; ldr x0, [x0]
    read: |address| with_address(&[0x5800_0040, 0xf940_0000], address),
    // ldr x0, .+8; str x0, [x0]
    write: |address| with_address(&[0x5800_0040, 0xf900_0000], address),
    // x0, x1; pc; x30.
    arguments: [0, 1],
    pc: 32,
    back: Back::Link(30),
};

/// Where an installed kernel maps all physical memory, and from which on its image, which lies at the beginning of memory:
/// `PPTR_BASE` and `KERNEL_ELF_BASE` (seL4 16.0.0, `include/arch/arm/arch/64/mode/hardware.h`).
const PPTR_BASE: u64 = 0xffff_ff80_0000_0000;
const IMAGE: u64 = 0xffff_ffff_c000_0000;

pub const INSTALLED: Machine = Machine {
    // The kind in bit 0, 36 bits of the address where they belong (`asid_map_vspace`, `structures.bf` beside `hardware.h`).
    root: |entry| (entry & 1 != 0).then_some(entry & ADDRESS | 0xffff << 48),
    physical: |vaddr| match vaddr.checked_sub(IMAGE) {
        Some(offset) => Some(offset + MEMORY),
        None => vaddr.checked_sub(PPTR_BASE),
    },
    kernel: PPTR_BASE + MEMORY + 0x1_0000,
    ..MACHINE
};

/// The same at EL2, where programs' tables are of stage 2; QEMU's memory begins there for the kernel's image (`physBase`).
const EL2_PPTR_BASE: u64 = 0x80_0000_0000;
const EL2_IMAGE: u64 = 0xff_c000_0000;
const EL2_PHYS_BASE: u64 = 0x6000_0000;
/// S2AP\[1\] (Arm ARM, D5.4.1).
const MAY_WRITE: u64 = 1 << 7;

pub const INSTALLED_EL2: Machine = Machine {
    root: |entry| (entry & 1 != 0).then_some(entry & ADDRESS),
    physical: |vaddr| match vaddr.checked_sub(EL2_IMAGE) {
        Some(offset) => Some(offset + EL2_PHYS_BASE),
        None => vaddr.checked_sub(EL2_PPTR_BASE),
    },
    // Of the two pages of a root the first: programs lie below 512 GiB.
    levels: 3,
    entry: |entry, level| match (entry & KIND, level) {
        (TABLE, 1) => Entry::Page { paddr: entry & ADDRESS, writable: entry & MAY_WRITE != 0 },
        (TABLE, _) => Entry::Table { paddr: entry & ADDRESS, writable: true },
        _ => Entry::None,
    },
    kernel: EL2_PPTR_BASE + EL2_PHYS_BASE + 0x1_0000,
    ..MACHINE
};
