//! What only x86_64 knows: the instructions, and I/O ports.

use core::{
    arch::{asm, x86_64::_rdtsc},
    mem::MaybeUninit,
};

use caps::{Slot, standard};
use report::counters::{CALLS, PENDING_CALL};
use sel4::{cap, sys::syscall_id};

use crate::Message;

/// Where a Call that waits is noted.
const PENDING: u64 = standard::METRICS.vaddr + PENDING_CALL as u64;
/// Where calls are counted.
const CALLS_AT: u64 = standard::METRICS.vaddr + CALLS as u64;

/// Calls `to`, noting it meanwhile. The registers are those of `sel4_sys::arch`; it is not called here because
/// the address of the very `syscall` is noted.
#[inline(always)]
pub fn call<const N: usize>(to: Slot, info: u64, words: [u64; N]) -> Message {
    // Registers that carry no word stay as they are.
    let word = |i: usize| words.get(i).map_or(MaybeUninit::uninit(), |&word| MaybeUninit::new(word));
    let (info_out, mr0, mr1, mr2, mr3);
    // SAFETY: the message is data in registers. rcx and r11 are the instruction's own; the kernel returns with
    // RSP = 0, so r14 keeps it. The noted word is in a page that holds no Rust object.
    unsafe {
        asm!(
            "movl %edi, {pending} + 4",
            "movl $2f, {pending}",
            "incl {calls}",
            "movq %rsp, %r14",
            "2: syscall",
            "movq %r14, %rsp",
            "movq $0, {pending}",
            pending = const PENDING,
            calls = const CALLS_AT,
            in("rdx") syscall_id::Call,
            inlateout("rdi") to.cptr() => _,
            inlateout("rsi") info => info_out,
            inlateout("r10") word(0) => mr0,
            inlateout("r8") word(1) => mr1,
            inlateout("r9") word(2) => mr2,
            inlateout("r15") word(3) => mr3,
            lateout("rcx") _,
            lateout("r11") _,
            out("r14") _,
            options(nostack, att_syntax), // LLVM's Intel syntax has no address of a local label
        );
    }
    Message::new(info_out, [mr0, mr1, mr2, mr3])
}

/// The time stamp counter.
#[inline(always)]
pub fn ticks() -> u64 {
    // SAFETY: no more than a read of a counter, which the kernel leaves open to programs.
    unsafe { _rdtsc() }
}

/// Faults, by an instruction that is none.
pub fn fault() -> ! {
    // SAFETY: the thread does not go on.
    unsafe { asm!("ud2", options(noreturn, nomem, nostack)) }
}

/// A range of I/O ports. Each access is a system call of some 490 instructions.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    cap: cap::IOPort,
    first: u16,
}

impl Ports {
    /// The ports from `first` on, whose capability is at `slot`.
    pub const fn new(slot: Slot, first: u16) -> Self {
        Self { cap: cap::IOPort::from_bits(slot.cptr()), first }
    }

    /// Reads the byte at port `first + offset`.
    ///
    /// # Panics
    /// The capability does not cover it: the table gives other ports than the platform says.
    pub fn read8(self, offset: u16) -> u8 {
        match self.cap.ioport_in8(self.first + offset) {
            Ok(value) => value,
            Err(error) => panic!("port {:#x}: {error}", self.first + offset),
        }
    }

    /// Writes the byte at port `first + offset`.
    ///
    /// # Panics
    /// As [`Ports::read8`].
    pub fn write8(self, offset: u16, value: u8) {
        if let Err(error) = self.cap.ioport_out8(self.first + offset, value) {
            panic!("port {:#x}: {error}", self.first + offset);
        }
    }
}

/// A timer that a program's own instructions set: x86_64 has none.
#[derive(Clone, Copy, Debug)]
pub enum Comparator {}

impl Comparator {
    /// There is none.
    pub const fn new() -> Option<Self> {
        None
    }

    /// Ticks in a second.
    pub const fn hz(self) -> u64 {
        match self {}
    }

    /// Interrupts once [`ticks`] has reached `at`.
    pub const fn set(self, _: u64) {
        match self {}
    }

    /// Takes the interrupt back.
    pub const fn clear(self) {
        match self {}
    }
}
