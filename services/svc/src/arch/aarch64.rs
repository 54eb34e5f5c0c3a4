//! What only aarch64 knows: the instructions, and a timer that programs may set.

use core::{arch::asm, mem::MaybeUninit};

use caps::{Slot, standard};
use report::counters::{CALLS, PENDING_CALL};
use sel4::sys::syscall_id;

use crate::Message;

/// Calls `to`, noting it meanwhile: where it stands and whom it calls. The registers are those of `sel4_sys::arch`; it
/// is not called here because the address of the very `svc` is noted.
#[inline(always)]
pub fn call<const N: usize>(to: Slot, info: u64, words: [u64; N]) -> Message {
    const { assert!(PENDING_CALL == 0 || PENDING_CALL.is_multiple_of(8) && CALLS.is_multiple_of(4)) };
    // Registers that carry no word stay as they are.
    let word = |i: usize| words.get(i).map_or(MaybeUninit::uninit(), |&word| MaybeUninit::new(word));
    let (info_out, mr0, mr1, mr2, mr3);
    // SAFETY: the message is data in registers; all that are not outputs come back as they were. The noted words are in
    // a page that holds no Rust object.
    unsafe {
        asm!(
            "adr {at}, 2f",
            "orr {at}, {at}, {to}, lsl #32",
            "ldr {count:w}, [{page}, #{calls}]",
            "add {count:w}, {count:w}, #1",
            "str {at}, [{page}, #{pending}]",
            "str {count:w}, [{page}, #{calls}]",
            "2: svc #0",
            "str xzr, [{page}, #{pending}]",
            to = in(reg) to.cptr(),
            page = in(reg) standard::METRICS.vaddr,
            pending = const PENDING_CALL,
            calls = const CALLS,
            at = out(reg) _,
            count = out(reg) _,
            in("x7") syscall_id::Call,
            inlateout("x0") to.cptr() => _,
            inlateout("x1") info => info_out,
            inlateout("x2") word(0) => mr0,
            inlateout("x3") word(1) => mr1,
            inlateout("x4") word(2) => mr2,
            inlateout("x5") word(3) => mr3,
            options(nostack, preserves_flags),
        );
    }
    Message::new(info_out, [mr0, mr1, mr2, mr3])
}

/// The physical counter. It may be read a little early: the processor does not wait for the instructions before.
#[inline(always)]
pub fn ticks() -> u64 {
    let ticks;
    // SAFETY: a read of a counter, which the loader opened to programs (`CNTKCTL_EL1.EL0PCTEN`).
    unsafe { asm!("mrs {}, cntpct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}

/// Faults, by an instruction that is none.
pub fn fault() -> ! {
    // SAFETY: the thread does not go on.
    unsafe { asm!("udf #0", options(noreturn, nomem, nostack)) }
}

/// A range of I/O ports: aarch64 has none, and no table grants one.
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

/// A timer that a program's own instructions set: EL1's physical one (Arm ARM, D11.2), opened to programs by the
/// loader (`CNTKCTL_EL1.EL0PTEN`).
#[derive(Clone, Copy, Debug)]
pub struct Comparator(());

impl Comparator {
    /// It is there.
    pub const fn new() -> Option<Self> {
        Some(Self(()))
    }

    /// Ticks in a second, as firmware says.
    pub fn hz(self) -> u64 {
        let hz;
        // SAFETY: a read of a constant, open to programs like the counter.
        unsafe { asm!("mrs {}, cntfrq_el0", out(reg) hz, options(nomem, nostack, preserves_flags)) };
        hz
    }

    /// Interrupts once [`ticks`] has reached `at`.
    pub fn set(self, at: u64) {
        // SAFETY: the timer has no effect but its interrupt, which goes to whom the table says.
        unsafe {
            asm!(
                "msr cntp_cval_el0, {at}",
                "msr cntp_ctl_el0, {enable}",
                "isb",
                at = in(reg) at,
                enable = in(reg) 1_u64,
                options(nomem, nostack, preserves_flags),
            );
        }
    }

    /// Takes the interrupt back.
    pub fn clear(self) {
        // SAFETY: as in `set`.
        unsafe { asm!("msr cntp_ctl_el0, xzr", "isb", options(nomem, nostack, preserves_flags)) }
    }
}
