//! What the tests have to know of x86_64, and of a PC.
#![allow(clippy::unnecessary_wraps, clippy::unused_self)] // Elsewhere they can fail, and need it.

use core::arch::{asm, x86_64::_rdtsc};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use sel4::init_thread::{Slot, slot};
use sel4::{
    AbsoluteCPtr, BootInfo, Result, Trigger, UserContext, UserException, VmFault, Word, cap, cap_type,
};
use sel4_test_harness::Env;

use crate::ioports::issue;

/// A frame of 2 MiB.
pub const LARGE: sel4::FrameObjectType = sel4::FrameObjectType::LargePage;
/// Its type.
pub type Large = cap_type::LargePage;

/// Registers of a C function's arguments, in the order in which [`UserContext::for_call`] sets them.
pub const ARGUMENTS: [&str; 6] = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"];
/// What a function finds above its stack: the address to return to.
pub const ABOVE_STACK: Word = 8;

/// The last general register.
pub fn last_register(context: &mut UserContext) -> &mut Word {
    &mut context.inner_mut().r15
}

/// The time stamp counter.
pub fn ticks() -> u64 {
    // SAFETY: the instruction only reads the counter.
    unsafe { _rdtsc() }
}

/// Of an exit: QEMU's isa-debug-exit. Writing v ends it with status 2v + 1.
const EXIT: u16 = 0xf4;
/// Where the capabilities of the ports go, and whether they are there; the harness has the slot before.
const UART: Slot<cap_type::IOPort> = Slot::from_end(1);
const EXITS: Slot<cap_type::IOPort> = Slot::from_end(2);
static OPEN: AtomicBool = AtomicBool::new(false);

/// Nothing is needed before [`exit`].
pub fn open(_: BootInfo) -> Result<()> {
    Ok(())
}

/// Ends QEMU with an odd status; returns on a machine that has no such device.
pub fn exit(status: u32) {
    let _ = slot::IO_PORT_CONTROL.cap().ioport_control_issue(EXIT, EXIT + 3, &EXITS.absolute_cptr());
    let _ = EXITS.cap().ioport_out32(EXIT, status >> 1);
}

/// The UART's ports, which the console's driver asks for from `port` on.
fn uart(port: u16) -> cap::IOPort {
    if !OPEN.swap(true, Relaxed) {
        let first = port & !7;
        let _ = slot::IO_PORT_CONTROL.cap().ioport_control_issue(first, first + 7, &UART.absolute_cptr());
    }
    UART.cap()
}

/// Reads a port of the console.
pub fn port_in(port: u16) -> Option<u8> {
    uart(port).ioport_in8(port).ok()
}

/// Writes a port of the console.
pub fn port_out(port: u16, value: u8) {
    // There is nowhere to report it to.
    let _ = uart(port).ioport_out8(port, value);
}

/// Vectors: the PIT's, one that no test has, and one that there is not.
pub const DEVICE: Word = 5;
pub const FREE: Word = 7;
pub const NO_INTERRUPT: Word = 108;
/// The first that there is.
pub const FIRST_INTERRUPT: Word = 0;
/// The PIT's line at the IOAPIC: ISA's line 0 comes in at pin 2 (ACPI's MADT of this machine says so).
const PIN: Word = 2;

/// Makes the handler of a vector, to which the PIT's interrupt goes.
pub fn issue_irq(vector: Word, to: &AbsoluteCPtr) -> Result<()> {
    slot::IRQ_CONTROL.cap().irq_control_get_ioapic(0, PIN, Trigger::Edge, vector, to)
}

/// Intel 8254 data sheet: counter 0 and the mode register; mode 0 interrupts once, when the count is over.
const COUNTER: u16 = 0x40;
const MODE: u16 = 0x43;
const ONE_SHOT: u8 = 0b0011_0000;
/// About a millisecond of 1.19 MHz.
const COUNT: u16 = 1193;

/// A device that interrupts when it is told to: the PIT.
pub struct Source(Slot<cap_type::IOPort>);

impl Source {
    pub fn open(env: &mut Env) -> Result<Self> {
        issue(env, COUNTER, MODE).map(Self)
    }

    pub fn start(&self) -> Result<()> {
        let [low, high] = COUNT.to_le_bytes();
        let ports = self.0.cap();
        ports.ioport_out8(MODE, ONE_SHOT)?;
        ports.ioport_out8(COUNTER, low)?;
        ports.ioport_out8(COUNTER, high)
    }

    /// An edge leaves nothing behind.
    pub fn settle(&self) {}

    pub fn close(self) -> Result<()> {
        self.0.absolute_cptr().delete()
    }
}

/// What the kernel says of a fault's address.
pub const ADDRESS: Word = 0xffff_ffff;
/// Error codes of page faults: a read and a write of what is not mapped, a write to what is read-only.
pub const CAUSES: [Word; 3] = [4, 6, 7];
/// The kernel's window at -2 GiB.
pub const KERNEL: Word = 0xffff_ffff_8010_0000;
/// A kernel that leaves the window unmapped while programs run has nothing there; else the page is forbidden.
pub const KERNEL_CAUSE: Word = if sel4::KERNEL_IS_MAPPED { 5 } else { 4 };

/// The part of a fault's status that says what is wrong.
pub fn cause(fault: &VmFault) -> Word {
    fault.fsr
}

/// Whether something is mapped there, if the processor says so.
pub fn is_mapped(fault: &VmFault) -> Option<bool> {
    Some(fault.is_mapped())
}

/// Goes on at an address.
pub extern "C" fn jump_to(address: Word, _: Word) -> ! {
    // SAFETY: nothing is there: the thread faults.
    unsafe { asm!("jmp {0}", in(reg) address, options(noreturn)) }
}

/// The `syscall` instruction with a number that the kernel does not have, and marked registers.
pub extern "C" fn unknown_syscall(number: Word, _: Word) -> ! {
    // SAFETY: the kernel makes a fault of it.
    unsafe {
        asm!(
            "mov r12, 0x1212", "mov r13, 0x1313", "2: syscall", "ud2",
            in("rdx") number, in("rdi") 0xd1_u64, in("rsi") 0x51_u64, in("rax") 0xa0_u64,
            options(noreturn),
        )
    }
}

/// The instruction.
pub const SYSCALL: &[u8] = &[0x0f, 0x05];
/// The registers; the number's is `NUMBER`.
pub const MARKED: &[(&str, Word)] =
    &[("rdi", 0xd1), ("rsi", 0x51), ("rax", 0xa0), ("r12", 0x1212), ("r13", 0x1313)];
pub const NUMBER: Option<&str> = Some("rdx");

/// Whether the kernel tells where an exception was.
pub const fn is_placed(_: &UserException) -> bool {
    true
}

/// Exceptions that [`exception`] makes, with what the kernel says of them.
pub const EXCEPTIONS: &[(Word, Word, &str)] =
    &[(0, 0, "divide error"), (6, 6, "invalid opcode"), (13, 13, "general protection")];

/// Makes an exception.
pub extern "C" fn exception(kind: Word, _: Word) -> ! {
    // SAFETY: each of these instructions faults.
    unsafe {
        match kind {
            0 => asm!("xor ecx, ecx", "xor edx, edx", "div ecx", options(noreturn)),
            6 => asm!("ud2", options(noreturn)),
            _ => asm!("hlt", "ud2", options(noreturn)),
        }
    }
}
