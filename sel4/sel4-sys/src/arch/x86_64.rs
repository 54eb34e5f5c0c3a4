//! The `syscall` instruction (`libsel4/sel4_arch_include/x86_64/sel4/sel4_arch/syscalls_syscall.h`).

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
    // SAFETY: rcx and r11 are the instruction's own; the kernel returns with RSP = 0, so r14 keeps it. All
    // other registers come back as they were or are outputs. The default options make this touch memory.
    unsafe {
        asm!(
            "mov r14, rsp",
            "syscall",
            "mov rsp, r14",
            in("rdx") id,
            inlateout("rdi") dest => badge,
            inlateout("rsi") info.0[0] => info_out,
            inlateout("r10") msg[0] => mr0,
            inlateout("r8") msg[1] => mr1,
            inlateout("r9") msg[2] => mr2,
            inlateout("r15") msg[3] => mr3,
            lateout("rcx") _,
            lateout("r11") _,
            out("r14") _,
            options(nostack),
        );
    }
    Registers { badge, info: seL4_MessageInfo([info_out]), msg: [mr0, mr1, mr2, mr3] }
}
