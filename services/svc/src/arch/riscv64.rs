//! What only riscv64 knows: the instructions.

use core::{arch::asm, mem::MaybeUninit};

use caps::{Slot, standard};
use report::counters::{CALLS, PENDING_CALL};
use sel4::sys::syscall_id;

use crate::Message;

/// Calls `to`, noting it meanwhile: where it stands and whom it calls. The registers are those of `sel4_sys::arch`; it
/// is not called here because the address of the very `ecall` is noted.
#[inline(always)]
pub fn call<const N: usize>(to: Slot, info: u64, words: [u64; N]) -> Message {
    const { assert!(PENDING_CALL.is_multiple_of(8) && CALLS.is_multiple_of(4)) };
    // Registers that carry no word stay as they are.
    let word = |i: usize| words.get(i).map_or(MaybeUninit::uninit(), |&word| MaybeUninit::new(word));
    let (info_out, mr0, mr1, mr2, mr3);
    // SAFETY: the message is data in registers; all that are not outputs come back as they were. The noted words are in
    // a page that holds no Rust object.
    unsafe {
        asm!(
            "lw {count}, {calls}({note})",
            // Whom first: a note without an address is none.
            "sw a0, 4({note})",
            "lla {at}, 2f",
            "sw {at}, 0({note})",
            "addiw {count}, {count}, 1",
            "sw {count}, {calls}({note})",
            "2: ecall",
            "sd zero, 0({note})",
            note = in(reg) standard::METRICS.vaddr + PENDING_CALL as u64,
            calls = const CALLS as i64 - PENDING_CALL as i64,
            at = out(reg) _,
            count = out(reg) _,
            in("a7") syscall_id::Call,
            inlateout("a0") to.cptr() => _,
            inlateout("a1") info => info_out,
            inlateout("a2") word(0) => mr0,
            inlateout("a3") word(1) => mr1,
            inlateout("a4") word(2) => mr2,
            inlateout("a5") word(3) => mr3,
            options(nostack),
        );
    }
    Message::new(info_out, [mr0, mr1, mr2, mr3])
}

/// The time register, which the kernel opens to programs (scounteren.TM).
#[inline(always)]
pub fn ticks() -> u64 {
    let ticks;
    // SAFETY: no more than a read of a counter.
    unsafe { asm!("rdtime {}", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}

/// Faults, by an instruction that is none.
pub fn fault() -> ! {
    // SAFETY: the thread does not go on.
    unsafe { asm!("unimp", options(noreturn, nomem, nostack)) }
}

/// A range of I/O ports: riscv64 has none, and no table grants one.
#[derive(Clone, Copy, Debug)]
pub struct Ports;

impl Ports {
    /// Nothing.
    pub const fn new(_: Slot, _: u16) -> Self {
        Self
    }

    /// What is read where nothing is.
    pub const fn read8(self, _: u16) -> u8 {
        0xff
    }

    /// Nothing.
    pub const fn write8(self, _: u16, _: u8) {}
}

/// A timer that a program's own instructions set: there is none, the processor's is the kernel's.
#[derive(Clone, Copy, Debug)]
pub struct Comparator(());

impl Comparator {
    /// There is none.
    pub const fn new() -> Option<Self> {
        None
    }

    /// Nothing.
    pub const fn hz(self) -> u64 {
        0
    }

    /// Nothing.
    pub const fn set(self, _: u64) {}

    /// Nothing.
    pub const fn clear(self) {}
}
