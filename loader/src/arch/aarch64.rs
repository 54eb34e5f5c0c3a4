//! aarch64: from EL2 or EL1 without translation into the kernel with it: at EL1, or at EL2 if it is built as a hypervisor.
//!
//! What seL4 takes for granted (`src/arch/arm/64/head.S`, `kernel/boot.c`): memory attributes and translation
//! control are set and never touched again by it; it runs where it is linked; physical addresses are mapped to themselves
//! until it has tables of its own; x0 to x3 hold the root task's first and last physical address, its offset and its
//! entry; since 13.0.0 x4 and x5 a device tree's address and size, of which 0 is none. Register fields: Arm ARM (DDI
//! 0487), D17.

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
    msr     spsel, #1
    mrs     x1, mpidr_el1
    tst     x1, #0xff               // the first core goes on, the others wait for good
    b.ne    4f
    adrp    x1, {stack}
    add     x1, x1, :lo12:{stack}
    add     x1, x1, #{stack_bytes}
    mov     sp, x1
    mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.hi    {wrong_level}           // EL3
    b       {load}
4:
    wfe
    b       4b

    .section .text.enter, "ax"
    // x0: the arguments: tables for both halves, the kernel's x0 to x3, its entry.
hypos_enter_el1:
    mrs     x1, CurrentEL
    cmp     x1, #(2 << 2)
    b.ne    1f
    mov     x1, #(1 << 31)          // HCR: EL1 is AArch64, nothing is trapped
    msr     hcr_el2, x1
    mov     x1, #0x33ff             // CPTR: floating point is not trapped
    msr     cptr_el2, x1
    msr     hstr_el2, xzr
    msr     vttbr_el2, xzr
    mov     x1, #3                  // CNTHCTL: EL1 has the physical counter and timer
    msr     cnthctl_el2, x1
    msr     cntvoff_el2, xzr
    mrs     x1, midr_el1
    msr     vpidr_el2, x1
    mrs     x1, mpidr_el1
    msr     vmpidr_el2, x1
    ldr     x1, =0x30d00800         // SCTLR_EL1: all that is reserved as 1, no translation, no caches
    msr     sctlr_el1, x1
    mov     x1, #0x3c5              // SPSR: EL1 with its own stack pointer, interrupts masked
    msr     spsr_el2, x1
    adr     x1, 1f
    msr     elr_el2, x1
    eret
1:
    mov     x1, #(3 << 20)          // CPACR: floating point is not trapped
    msr     cpacr_el1, x1
    mov     x1, #0x203              // CNTKCTL: programs may read both counters and set the physical timer
    msr     cntkctl_el1, x1
    dsb     sy
    ldp     x1, x2, [x0]
    msr     ttbr0_el1, x1
    msr     ttbr1_el1, x2
    ldr     x1, ={mair}
    msr     mair_el1, x1
    ldr     x1, =0x00000012b5103510 // TCR: halves of 48 bits, 4 KiB, write-back, inner shareable, 40 bits physical,
    msr     tcr_el1, x1             //      16 bits of ASID
    tlbi    vmalle1
    mrs     x6, sctlr_el1
    bl      2f
    msr     sctlr_el1, x6
    isb
    br      x7

hypos_enter_el2:
    mov     x1, #0x33ff             // CPTR: floating point is not trapped
    msr     cptr_el2, x1
    msr     hstr_el2, xzr
    msr     cntvoff_el2, xzr
    dsb     sy
    ldr     x1, [x0]
    msr     ttbr0_el2, x1
    ldr     x1, ={mair}
    msr     mair_el2, x1
    mrs     x2, id_aa64mmfr0_el1
    and     x2, x2, #7              // PARange: the kernel checks that it is that of the processor that it is built for
    ldr     x1, =0x80803510         // TCR: 48 bits, 4 KiB, write-back, inner shareable, reserved bits that are 1
    orr     x1, x1, x2, lsl #16
    msr     tcr_el2, x1
    tlbi    alle2
    mrs     x6, sctlr_el2
    bl      2f
    msr     sctlr_el2, x6
    isb
    br      x7

    // Takes the arguments out of memory, and makes of SCTLR in x6 one with translation.
2:
    ldp     x8, x1, [x0, #16]
    ldp     x2, x3, [x0, #32]
    ldr     x7, [x0, #48]
    mov     x0, x8
    mov     x4, #0                  // no device tree
    mov     x5, #0
    ic      iallu
    dsb     sy
    isb
    mov     x8, #0x1005             // M, C, I: translation and caches
    orr     x6, x6, x8
    bic     x6, x6, #2              // A: no check of alignment
    ret
"#,
    stack = sym STACK,
    stack_bytes = const STACK_BYTES,
    wrong_level = sym wrong_level,
    load = sym super::load,
    mair = const MAIR,
);

/// The kernel's indices (`kernel/vspace.c`, `mair_types`): nGnRnE, nGnRE, GRE, NC, WB.
const MAIR: u64 = 0x0000_00ff_440c_0400;

const STACK_BYTES: usize = 16 * 1024;

/// Memory of the loader's.
#[repr(C, align(4096))]
struct Memory<T>(UnsafeCell<T>);

// SAFETY: one core runs, on one stack.
unsafe impl<T> Sync for Memory<T> {}

static STACK: Memory<[u8; STACK_BYTES]> = Memory(UnsafeCell::new([0; STACK_BYTES]));

type Table = [u64; 512];

/// Level 0 and level 1 of the lower half (physical addresses), and levels 0, 1 and 2 of the kernel's window.
static TABLES: Memory<[Table; 5]> = Memory(UnsafeCell::new([[0; 512]; 5]));

/// What `hypos_enter_el1` and `hypos_enter_el2` read.
#[repr(C)]
struct Arguments {
    tables: [u64; 2],
    registers: [u64; 4],
    entry: u64,
}

unsafe extern "C" {
    fn hypos_enter_el1(arguments: *const Arguments) -> !;
    fn hypos_enter_el2(arguments: *const Arguments) -> !;
}

extern "C" fn wrong_level() -> ! {
    super::refuse(format_args!("entered at EL3; start it at EL2 or EL1 (QEMU: without secure=on)"))
}

/// Descriptors of levels 0 to 2 (Arm ARM, D8.3): a table, and blocks that are accessed already: of 1 GiB at level 1, of
/// 2 MiB at level 2.
const TABLE: u64 = 0b11;
const BLOCK: u64 = 1 << 10 | 0b01;
/// Inner shareable, MAIR's index 4.
const NORMAL: u64 = 3 << 8 | 4 << 2;
/// Not executable, MAIR's index 0.
const DEVICE: u64 = 1 << 54 | 1 << 53;
const GIB_BITS: u64 = 30;
const BLOCK_BITS: u64 = 21;

/// Turns translation on and enters the kernel. One that is linked in the lower half is a hypervisor: it runs at EL2,
/// which has no upper half (`include/arch/arm/arch/64/mode/hardware.h` of 16.0.0).
pub fn enter(head: &Head) -> ! {
    let hypervisor = head.kernel_virt >> 63 == 0;
    if hypervisor && !at_el2() {
        super::refuse(format_args!(
            "the kernel has ARM_HYPERVISOR_SUPPORT and this machine starts at EL1: start it at EL2 (QEMU: \
             virtualization=on), or build the kernel with KernelArmHypervisorSupport OFF"
        ));
    }
    let arguments = Arguments {
        tables: map(head, hypervisor),
        registers: [head.user_start, head.user_end, head.user_offset, head.user_entry],
        entry: head.kernel_entry,
    };
    // SAFETY: the tables map this code, and the kernel where it is linked.
    unsafe {
        if hypervisor { hypos_enter_el2(&raw const arguments) } else { hypos_enter_el1(&raw const arguments) }
    }
}

/// Makes the tables: gives those of level 0 for both halves.
fn map(head: &Head, one_half: bool) -> [u64; 2] {
    let tables = TABLES.0.get();
    // SAFETY: one core, and nobody holds a reference.
    let [low0, low1, high0, high1, high2] = unsafe { &mut *tables };
    let at = |table: &Table| table.as_ptr().expose_provenance() as u64;
    let index = |virt: u64, level: u64| (virt >> (39 - 9 * level) & 511) as usize;
    let memory = head.kernel_phys >> GIB_BITS;
    // Where the kernel is there is memory, also for this loader; what is around may be anything.
    for (gib, entry) in low1.iter_mut().enumerate() {
        let kind = if gib as u64 == memory { NORMAL } else { DEVICE };
        *entry = (gib as u64) << GIB_BITS | BLOCK | kind;
    }
    // As much of that memory as lies in the GiB around the kernel's first address.
    let offset = head.kernel_phys.wrapping_sub(head.kernel_virt);
    for (block, entry) in high2.iter_mut().enumerate() {
        let virt = head.kernel_virt >> GIB_BITS << GIB_BITS | (block as u64) << BLOCK_BITS;
        let phys = virt.wrapping_add(offset);
        if phys >> GIB_BITS == memory {
            *entry = phys | BLOCK | NORMAL;
        }
    }
    high1[index(head.kernel_virt, 1)] = at(high2) | TABLE;
    let kernel0 = if one_half { &mut *low0 } else { &mut *high0 };
    kernel0[index(head.kernel_virt, 0)] = at(high1) | TABLE;
    low0[0] = at(low1) | TABLE;
    [at(low0), at(high0)]
}

/// Whether this runs at EL2 (Arm ARM, D17.2.21: `CurrentEL`).
fn at_el2() -> bool {
    let level: u64;
    // SAFETY: a read of what this code runs at.
    unsafe {
        core::arch::asm!("mrs {}, CurrentEL", out(reg) level, options(nomem, nostack, preserves_flags));
    };
    level >> 2 == 2
}

/// Waits for good.
pub fn stop() -> ! {
    loop {
        // SAFETY: it only waits.
        unsafe { core::arch::asm!("wfe", options(nomem, nostack, preserves_flags)) }
    }
}
