//! What the tests have to know of aarch64.
#![allow(clippy::unnecessary_wraps, clippy::unused_self)] // Elsewhere they can fail, and need it.

use core::arch::asm;

use sel4::init_thread::slot;
use sel4::{AbsoluteCPtr, BootInfo, Result, UserContext, UserException, VmFault, Word, cap_type};

pub use crate::source::{IRQ as DEVICE, Source};

/// A frame of 2 MiB.
pub const LARGE: sel4::FrameObjectType = sel4::FrameObjectType::LargePage;
/// Its type.
pub type Large = cap_type::LargePage;

/// Registers of a C function's arguments, in the order in which [`UserContext::for_call`] sets them.
pub const ARGUMENTS: [&str; 6] = ["x0", "x1", "x2", "x3", "x4", "x5"];
/// What a function finds above its stack: nothing.
pub const ABOVE_STACK: Word = 0;

/// The last general register but the link register.
pub fn last_register(context: &mut UserContext) -> &mut Word {
    &mut context.inner_mut().x28
}

/// The physical counter.
pub fn ticks() -> u64 {
    let ticks;
    // SAFETY: a read of a counter, which the loader opened to programs.
    unsafe { asm!("isb", "mrs {}, cntpct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}

/// Nothing is needed before [`exit`].
pub fn open(_: BootInfo) -> Result<()> {
    Ok(())
}

/// Ends QEMU by a semihosting call (`SYS_EXIT` of Arm's semihosting specification, 6.8), which it has to be told to let
/// programs do; elsewhere the instruction faults. (PSCI takes EL1.)
pub fn exit(status: u32) {
    const SYS_EXIT: u64 = 0x18;
    const APPLICATION_EXIT: u64 = 0x2_0026;
    let block = [APPLICATION_EXIT, status.into()];
    // SAFETY: it ends, or faults.
    unsafe { asm!("hlt #0xf000", in("x0") SYS_EXIT, in("x1") &raw const block) }
}

/// There are no I/O ports.
pub fn port_in(_: u16) -> Option<u8> {
    None
}

/// There are no I/O ports.
pub fn port_out(_: u16, _: u8) {}

/// Numbers at the GIC: one that no test has, and one that there is not.
pub const FREE: Word = 40;
pub const NO_INTERRUPT: Word = 1020;
/// The first that there is.
pub const FIRST_INTERRUPT: Word = 0;

/// Makes the handler of an interrupt.
pub fn issue_irq(irq: Word, to: &AbsoluteCPtr) -> Result<()> {
    slot::IRQ_CONTROL.cap().irq_control_get(irq, to)
}

/// What the kernel says of a fault's address.
pub const ADDRESS: Word = Word::MAX;
/// `ESR_EL1`, its bits `WnR` and `DFSC` (Arm ARM, D17.2.37): translation faults at level 1 (a read and a write), where the tests' gibibyte
/// has no table; a write that is not permitted at level 3.
pub const CAUSES: [Word; 3] = [0x05, 0x45, 0x4f];
/// The kernel's first page, in the upper half of the addresses.
pub const KERNEL: Word = 0xffff_ff80_4000_0000;
/// A permission fault at level 2: the kernel's pages have 2 MiB. At EL2 the kernel has an address space of its own, and the
/// address is more than programs can have: an address size fault at level 0.
pub const KERNEL_CAUSE: Word = if sel4::AT_EL2 { 0 } else { 0x0e };

/// The part of a fault's status that says what is wrong.
pub fn cause(fault: &VmFault) -> Word {
    fault.fsr & 0x7f
}

/// Whether something is mapped there, if the processor says so.
pub fn is_mapped(fault: &VmFault) -> Option<bool> {
    Some(fault.is_mapped())
}

/// Goes on at an address.
pub extern "C" fn jump_to(address: Word, _: Word) -> ! {
    // SAFETY: nothing is there: the thread faults.
    unsafe { asm!("br {0}", in(reg) address, options(noreturn)) }
}

/// The `svc` instruction with a number that the kernel does not have, and marked registers.
pub extern "C" fn unknown_syscall(number: Word, _: Word) -> ! {
    // SAFETY: the kernel makes a fault of it.
    unsafe {
        asm!(
            "svc #0", "udf #0",
            in("x7") number, in("x0") 0xa0_u64, in("x1") 0xa1_u64, in("x5") 0xa5_u64, in("x6") 0xa6_u64,
            options(noreturn),
        )
    }
}

/// The instruction.
pub const SYSCALL: &[u8] = &[0x01, 0, 0, 0xd4];
/// The registers; the number's is `NUMBER`.
pub const MARKED: &[(&str, Word)] = &[("x0", 0xa0), ("x1", 0xa1), ("x5", 0xa5), ("x6", 0xa6)];
pub const NUMBER: Option<&str> = Some("x7");

/// Whether the kernel tells where an exception was: at EL2 not of a breakpoint.
pub const fn is_placed(exception: &UserException) -> bool {
    !sel4::AT_EL2 || exception.number >> 26 != BREAKPOINT
}

/// Exceptions that [`exception`] makes, with what the kernel says of them: a register that EL0 does not have at all is an
/// undefined instruction, too.
pub const EXCEPTIONS: &[(Word, Word, &str)] = &[
    (0, syndrome(0), "undefined instruction"),
    (
        1,
        syndrome(BREAKPOINT),
        if UserException::IS_SYNDROME { "breakpoint" } else { "undefined instruction" },
    ),
    (2, syndrome(0), "undefined instruction"),
];
/// The class of a `brk` (Arm ARM, D17.2.37), whose number stands in the lower bits: 0.
const BREAKPOINT: Word = 0x3c;

/// `ESR` of an exception of a class by an instruction of 32 bits, if the kernel tells it.
const fn syndrome(class: Word) -> Word {
    const LONG: Word = 1 << 25;
    if UserException::IS_SYNDROME { class << 26 | LONG } else { 0 }
}

/// Makes an exception: an instruction that is none, a breakpoint, a read of one of EL1's registers.
pub extern "C" fn exception(kind: Word, _: Word) -> ! {
    // SAFETY: each of these instructions faults.
    unsafe {
        match kind {
            0 => asm!("udf #0", options(noreturn)),
            1 => asm!("brk #0", "udf #0", options(noreturn)),
            _ => asm!("mrs x0, sctlr_el1", "udf #0", options(noreturn)),
        }
    }
}
