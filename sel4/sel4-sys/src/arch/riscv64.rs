//! The `ecall` instruction. The kernel is entered with the registers of `kernel-config/overlay/riscv64`
//! (`include/arch/riscv/arch/machine/registerset.h`), which are those of seL4's later, official port.

use core::arch::asm;
use core::mem::MaybeUninit;

use crate::{REGISTER_WORDS, Registers, seL4_MessageInfo, seL4_Word};

/// Enters the kernel: system call `id` on the capability `dest`, with a message of which `msg` is the start.
/// Words of `msg` that `info` does not count may stay uninitialised and cost nothing.
///
/// # Safety
///
/// What the kernel does to this program's memory is up to the capabilities that are named; and a message that
/// is longer than `msg` is read from, or written to, the thread's IPC buffer, so nothing may hold a reference
/// into it.
#[inline(always)]
pub unsafe fn syscall(
    id: isize,
    dest: seL4_Word,
    info: seL4_MessageInfo,
    msg: [MaybeUninit<seL4_Word>; REGISTER_WORDS],
) -> Registers {
    let (badge, info_out, mr0, mr1, mr2, mr3);
    // SAFETY: the kernel keeps every register but the outputs. The default options make this touch memory.
    unsafe {
        asm!(
            "ecall",
            in("a7") id,
            inlateout("a0") dest => badge,
            inlateout("a1") info.0[0] => info_out,
            inlateout("a2") msg[0] => mr0,
            inlateout("a3") msg[1] => mr1,
            inlateout("a4") msg[2] => mr2,
            inlateout("a5") msg[3] => mr3,
            options(nostack),
        );
    }
    Registers { badge, info: seL4_MessageInfo([info_out]), msg: [mr0, mr1, mr2, mr3] }
}
