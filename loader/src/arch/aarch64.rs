//! aarch64: from EL2 or EL1 without translation into the kernel at EL1 with it.
//!
//! What seL4 5.0.0 takes for granted (`src/arch/arm/64/head.S`, `kernel/boot.c`): memory attributes and translation
//! control are set and never touched again by it; it runs where it is linked; physical addresses are mapped to themselves
//! until it has tables of its own; x0 to x3 hold the root task's first and last physical address, its offset and its
//! entry. Register fields: Arm ARM (DDI 0487), D17.

use core::{arch::global_asm, cell::UnsafeCell};

use loader::Head;

/// `EM_AARCH64`.
pub const MACHINE: u64 = 183;

// The head is that of Linux's images (Documentation/arm64/booting.rst): QEMU and U-Boot load the image at text_offset
// behind the start of memory. `loader-image` writes text_offset and image_size.
global_asm!(
    r#"
    .section .head, "ax"
    .globl _start
_start:
    b       1f
    .long   0
    .quad   0                       // text_offset
    .quad   0                       // image_size
    .quad   2                       // flags: little-endian, pages of 4 KiB
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0
1:
    msr     daifset, #15
    mrs     x1, mpidr_el1
    tst     x1, #0xff               // the first core goes on, the others wait for good
    b.ne    4f
    adrp    x1, {stack}
    add     x1, x1, :lo12:{stack}
    add     x1, x1, #{stack_bytes}
    mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.eq    2f
    mov     sp, x1
    b.lo    3f
    b       {wrong_level}           // EL3
2:
    mov     x0, #(1 << 31)          // HCR: EL1 is AArch64, nothing is trapped
    msr     hcr_el2, x0
    mov     x0, #0x33ff             // CPTR: floating point is not trapped
    msr     cptr_el2, x0
    msr     hstr_el2, xzr
    msr     vttbr_el2, xzr
    mov     x0, #3                  // CNTHCTL: EL1 has the physical counter and timer
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0
    ldr     x0, =0x30d00800         // SCTLR_EL1: all that is reserved as 1, no translation, no caches
    msr     sctlr_el1, x0
    msr     sp_el1, x1
    mov     x0, #0x3c5              // SPSR: EL1 with its own stack pointer, interrupts masked
    msr     spsr_el2, x0
    adr     x0, 3f
    msr     elr_el2, x0
    eret
3:
    mov     x0, #(3 << 20)          // CPACR: floating point is not trapped
    msr     cpacr_el1, x0
    mov     x0, #0x203              // CNTKCTL: programs may read both counters and set the physical timer
    msr     cntkctl_el1, x0
    isb
    b       {load}
4:
    wfe
    b       4b

    .section .text.enter, "ax"
    // x0: the arguments: tables for both halves, the kernel's x0 to x3, its entry.
hypos_enter:
    dsb     sy
    ldp     x1, x2, [x0]
    msr     ttbr0_el1, x1
    msr     ttbr1_el1, x2
    ldr     x1, =0x000000ff440c0400 // MAIR: the kernel's indices (kernel/vspace.c): nGnRnE, nGnRE, GRE, NC, WB
    msr     mair_el1, x1
    ldr     x1, =0x00000012b5103510 // TCR: halves of 48 bits, 4 KiB, write-back, inner shareable, 40 bits physical,
    msr     tcr_el1, x1             //      16 bits of ASID
    ldp     x5, x1, [x0, #16]
    ldp     x2, x3, [x0, #32]
    ldr     x4, [x0, #48]
    mov     x0, x5
    ic      iallu
    tlbi    vmalle1
    dsb     sy
    isb
    mrs     x5, sctlr_el1
    mov     x6, #0x1005             // M, C, I: translation and caches
    orr     x5, x5, x6
    bic     x5, x5, #2              // A: no check of alignment
    msr     sctlr_el1, x5
    isb
    br      x4
"#,
    stack = sym STACK,
    stack_bytes = const STACK_BYTES,
    wrong_level = sym wrong_level,
    load = sym super::load,
);

const STACK_BYTES: usize = 16 * 1024;

/// Memory of the loader's.
#[repr(C, align(4096))]
struct Memory<T>(UnsafeCell<T>);

// SAFETY: one core runs, on one stack.
unsafe impl<T> Sync for Memory<T> {}

static STACK: Memory<[u8; STACK_BYTES]> = Memory(UnsafeCell::new([0; STACK_BYTES]));

type Table = [u64; 512];

/// Level 0 and level 1 of the lower half (physical addresses) and of the upper half (the kernel).
static TABLES: Memory<[Table; 4]> = Memory(UnsafeCell::new([[0; 512]; 4]));

/// What `hypos_enter` reads.
#[repr(C)]
struct Arguments {
    tables: [u64; 2],
    registers: [u64; 4],
    entry: u64,
}

unsafe extern "C" {
    fn hypos_enter(arguments: *const Arguments) -> !;
}

extern "C" fn wrong_level() -> ! {
    super::refuse(format_args!("entered at EL3; start it at EL2 or EL1 (QEMU: without secure=on)"))
}

/// Descriptors of level 0 and 1 (Arm ARM, D8.3): a table, and blocks of 1 GiB that are accessed already.
const TABLE: u64 = 0b11;
const BLOCK: u64 = 1 << 10 | 0b01;
/// Inner shareable, MAIR's index 4.
const NORMAL: u64 = 3 << 8 | 4 << 2;
/// Not executable, MAIR's index 0.
const DEVICE: u64 = 1 << 54 | 1 << 53;
const GIB_BITS: u64 = 30;

/// Turns translation on and enters the kernel.
pub fn enter(head: &Head) -> ! {
    let tables = TABLES.0.get();
    // SAFETY: one core, and nobody holds a reference.
    let [low0, low1, high0, high1] = unsafe { &mut *tables };
    let at = |table: &Table| table.as_ptr().expose_provenance() as u64;
    let memory = head.kernel_phys >> GIB_BITS;
    low0[0] = at(low1) | TABLE;
    // Where the kernel is there is memory, also for this loader; what is around may be anything.
    for (index, entry) in low1.iter_mut().enumerate() {
        let kind = if index as u64 == memory { NORMAL } else { DEVICE };
        *entry = (index as u64) << GIB_BITS | BLOCK | kind;
    }
    let index = |virt: u64, level: u64| (virt >> (39 - 9 * level) & 511) as usize;
    high0[index(head.kernel_virt, 0)] = at(high1) | TABLE;
    high1[index(head.kernel_virt, 1)] = memory << GIB_BITS | BLOCK | NORMAL;
    let arguments = Arguments {
        tables: [at(low0), at(high0)],
        registers: [head.user_start, head.user_end, head.user_offset, head.user_entry],
        entry: head.kernel_entry,
    };
    // SAFETY: the tables map this code, and the kernel where it is linked.
    unsafe { hypos_enter(&raw const arguments) }
}

/// Waits for good.
pub fn stop() -> ! {
    loop {
        // SAFETY: it only waits.
        unsafe { core::arch::asm!("wfe", options(nomem, nostack, preserves_flags)) }
    }
}
