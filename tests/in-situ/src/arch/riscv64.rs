//! What the tests have to know of riscv64.
#![allow(clippy::unnecessary_wraps, clippy::unused_self)] // Elsewhere they can fail, and need it.

use core::arch::asm;

use sel4::init_thread::slot;
use sel4::{AbsoluteCPtr, BootInfo, Result, UserContext, UserException, VmFault, Word, cap_type};
use sel4_test_harness::Registers;

pub use crate::source::{IRQ as DEVICE, Source};

/// A frame of 2 MiB.
pub const LARGE: sel4::FrameObjectType = sel4::FrameObjectType::MegaPage;
/// Its type.
pub type Large = cap_type::MegaPage;

/// Registers of a C function's arguments, in the order in which [`UserContext::for_call`] sets them.
pub const ARGUMENTS: [&str; 6] = ["a0", "a1", "a2", "a3", "a4", "a5"];
/// What a function finds above its stack: nothing.
pub const ABOVE_STACK: Word = 0;

/// The last saved register.
pub fn last_register(context: &mut UserContext) -> &mut Word {
    &mut context.inner_mut().s11
}

/// The time register.
pub fn ticks() -> u64 {
    let ticks;
    // SAFETY: a read of a counter that the kernel leaves open to programs.
    unsafe { asm!("rdtime {}", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}

/// QEMU's "test finisher" (`hw/misc/sifive_test.c`): its page, and what ends QEMU with the status in the upper half.
const FINISHER: Word = 0x10_0000;
const END_WITH: u32 = 0x3333;
static REGISTERS: Registers = Registers::new();

/// Maps what [`exit`] needs. It lies below other devices, so it comes first.
pub fn open(bootinfo: BootInfo) -> Result<()> {
    REGISTERS.map(bootinfo, FINISHER)
}

/// Ends QEMU.
pub fn exit(status: u32) {
    REGISTERS.write32(0, END_WITH | status << 16);
}

/// There are no I/O ports.
pub fn port_in(_: u16) -> Option<u8> {
    None
}

/// There are no I/O ports.
pub fn port_out(_: u16, _: u8) {}

/// Sources of the PLIC: one that no test has, and one that there is not.
pub const FREE: Word = 40;
pub const NO_INTERRUPT: Word = 128;
/// The first that there is.
pub use sel4::FIRST_IRQ as FIRST_INTERRUPT;

/// Makes the handler of an interrupt.
pub fn issue_irq(irq: Word, to: &AbsoluteCPtr) -> Result<()> {
    slot::IRQ_CONTROL.cap().irq_control_get(irq, to)
}

/// What the kernel says of a fault's address.
pub const ADDRESS: Word = Word::MAX;
/// Those of a load, and of a store, whether something is mapped or not.
pub const CAUSES: [Word; 3] = {
    let [_, load, store] = VmFault::BY_PAGE_TABLE;
    [load, store, store]
};
/// The window on the machine's memory, where the kernel lies: pages without U.
pub const KERNEL: Word = 0xffff_ffc0_8060_0000;
/// As above.
pub const KERNEL_CAUSE: Word = CAUSES[0];

/// The part of a fault's status that says what is wrong.
pub fn cause(fault: &VmFault) -> Word {
    fault.fsr
}

/// Whether something is mapped there, if the processor says so.
pub fn is_mapped(_: &VmFault) -> Option<bool> {
    None
}

/// Goes on at an address.
pub extern "C" fn jump_to(address: Word, _: Word) -> ! {
    // SAFETY: nothing is there: the thread faults.
    unsafe { asm!("jr {0}", in(reg) address, options(noreturn)) }
}

/// The `ecall` instruction with a number that the kernel does not have, and marked registers.
pub extern "C" fn unknown_syscall(number: Word, _: Word) -> ! {
    // SAFETY: the kernel makes a fault of it.
    unsafe {
        asm!(
            "ecall", "unimp",
            in("a7") number, in("a0") 0xa0_u64, in("a1") 0xa1_u64, in("a5") 0xa5_u64, in("a6") 0xa6_u64,
            options(noreturn),
        )
    }
}

/// The instruction.
pub const SYSCALL: &[u8] = &[0x73, 0, 0, 0];
/// The registers; the number's is not among those that the kernel tells.
pub const MARKED: &[(&str, Word)] = &[("a0", 0xa0), ("a1", 0xa1), ("a5", 0xa5), ("a6", 0xa6)];
pub const NUMBER: Option<&str> = None;

/// Whether the kernel tells where an exception was.
pub const fn is_placed(_: &UserException) -> bool {
    true
}

/// Exceptions that [`exception`] makes, with what the kernel says of them.
pub const EXCEPTIONS: &[(Word, Word, &str)] =
    &[(0, 2, "illegal instruction"), (1, 3, "breakpoint"), (2, 2, "illegal instruction")];

/// Makes an exception: an instruction that is none, a breakpoint, a read of a supervisor's register.
pub extern "C" fn exception(kind: Word, _: Word) -> ! {
    // SAFETY: each of these instructions faults.
    unsafe {
        match kind {
            0 => asm!("unimp", options(noreturn)),
            1 => asm!("ebreak", "unimp", options(noreturn)),
            _ => asm!("csrr a0, sstatus", "unimp", options(noreturn)),
        }
    }
}
