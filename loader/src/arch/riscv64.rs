//! riscv64: from S-mode without translation, where OpenSBI leaves off, into the kernel with it.
//!
//! What the kernel takes for granted (`src/arch/riscv/head.S`): Sv39 is on, with the kernel's window at the upper half and
//! physical addresses mapped to themselves where this code runs, until it has tables of its own; interrupts are off; a0
//! to a3 hold the root task's first and last physical address, its offset and its entry. In 5.0.0 with our layer
//! (`kernel-config/overlay/riscv64`) a4 holds the hart's number; since 13.0.0 a4 and a5 hold a device tree's address and
//! size, of which a size of 0 is none: one call serves both. Register fields: RISC-V privileged specification, chapter 4.

use core::{
    arch::{asm, global_asm},
    cell::UnsafeCell,
};

use loader::Head;

/// `EM_RISCV`.
pub const MACHINE: u64 = 243;

// The head is that of Linux's images (Documentation/riscv/boot-image-header.rst): QEMU and U-Boot load the image at
// text_offset behind the start of memory. `loader-image` writes text_offset and image_size. OpenSBI starts one hart, with
// its number in a0 (SBI specification, chapter 9: the others are stopped).
global_asm!(
    r#"
    .section .head, "ax"
    .globl _start
    .option push
    .option norvc
_start:
    j       1f
    .long   0
    .option pop
    .quad   0                       // text_offset
    .quad   0                       // image_size
    .quad   0                       // flags: little-endian
    .long   2                       // version 0.2
    .long   0
    .quad   0
    .ascii  "RISCV\0\0\0"
    .ascii  "RSC\x05"
    .long   0
1:
    csrw    sie, zero
    csrci   sstatus, 2              // SIE
    csrw    satp, zero
    // QEMU starts all images behind OpenSBI, where official kernels belong: it moves to where it is linked, with all that
    // lies behind it. Where the two overlap the copy begins at the end that lies outside.
    lla     t0, _start
    lla     t1, 5f
    ld      t1, 0(t1)
    beq     t0, t1, 4f
    ld      t2, 16(t0)              // image_size
    add     t3, t0, t2
    bltu    t1, t0, 3f
    add     t4, t1, t2
2:
    addi    t3, t3, -8
    addi    t4, t4, -8
    ld      t5, 0(t3)
    sd      t5, 0(t4)
    bltu    t0, t3, 2b
    fence.i
    jr      t1
3:
    mv      t4, t1
6:
    ld      t5, 0(t0)
    sd      t5, 0(t4)
    addi    t0, t0, 8
    addi    t4, t4, 8
    bltu    t0, t3, 6b
    fence.i
    jr      t1
    .balign 8
5:
    .quad   _start
4:
    csrwi   scounteren, 2           // TM: programs may read the time; kernels since 13.0.0 leave it as it is
    lla     t0, {hart}
    sd      a0, 0(t0)
    lla     sp, {stack}
    li      t0, {stack_bytes}
    add     sp, sp, t0
    j       {load}

    .section .text.enter, "ax"
    // a0: the arguments: satp, the kernel's a0 to a4, its entry.
hypos_enter:
    ld      t0, 0(a0)
    ld      t1, 48(a0)
    ld      a1, 16(a0)
    ld      a2, 24(a0)
    ld      a3, 32(a0)
    ld      a4, 40(a0)
    li      a5, 0
    ld      a0, 8(a0)
    fence.i                         // kernel and root task were just written
    sfence.vma
    csrw    satp, t0
    sfence.vma
    jr      t1
"#,
    hart = sym HART,
    stack = sym STACK,
    stack_bytes = const STACK_BYTES,
    load = sym super::load,
);

const STACK_BYTES: usize = 16 * 1024;

/// Memory of the loader's.
#[repr(C, align(4096))]
struct Memory<T>(UnsafeCell<T>);

// SAFETY: one hart runs, on one stack.
unsafe impl<T> Sync for Memory<T> {}

static STACK: Memory<[u8; STACK_BYTES]> = Memory(UnsafeCell::new([0; STACK_BYTES]));
/// This hart's number.
static HART: Memory<u64> = Memory(UnsafeCell::new(0));
/// The root table: pages of 1 GiB.
static TABLE: Memory<[u64; 512]> = Memory(UnsafeCell::new([0; 512]));

/// What `hypos_enter` reads.
#[repr(C)]
struct Arguments {
    satp: u64,
    registers: [u64; 5],
    entry: u64,
}

unsafe extern "C" {
    fn hypos_enter(arguments: *const Arguments) -> !;
}

/// An entry of a page (4.3.1): valid, readable, writable, executable, accessed and dirty.
const PAGE: u64 = 0xcf;
const GIB_BITS: u64 = 30;
/// Sv39 in satp (4.1.11).
const SV39: u64 = 8 << 60;

/// Turns translation on and enters the kernel.
pub fn enter(head: &Head) -> ! {
    // SAFETY: one hart, and nobody holds a reference.
    let (table, hart) = unsafe { (&mut *TABLE.0.get(), *HART.0.get()) };
    let memory = head.kernel_phys >> GIB_BITS;
    let index = |virt: u64| (virt >> GIB_BITS & 511) as usize;
    // Where the kernel is there is memory, also for this loader. An entry's page number stands 2 bits lower than the
    // address.
    for virt in [head.kernel_phys, head.kernel_virt] {
        table[index(virt)] = memory << (GIB_BITS - 2) | PAGE;
    }
    let root = table.as_ptr().expose_provenance() as u64;
    let arguments = Arguments {
        satp: SV39 | root >> 12,
        registers: [head.user_start, head.user_end, head.user_offset, head.user_entry, hart],
        entry: head.kernel_entry,
    };
    // SAFETY: the table maps this code, and the kernel where it is linked.
    unsafe { hypos_enter(&raw const arguments) }
}

/// Waits for good.
pub fn stop() -> ! {
    loop {
        // SAFETY: it only waits.
        unsafe { asm!("wfi", options(nomem, nostack, preserves_flags)) }
    }
}
