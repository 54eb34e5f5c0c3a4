//! The IPC buffer: the part of a thread's messages that does not fit its registers.

use core::arch::asm;
use core::mem::MaybeUninit;

use crate::{
    REGISTER_WORDS, arch, seL4_CPtr, seL4_Error, seL4_MessageInfo, seL4_MsgExtraCapBits, seL4_MsgMaxLength,
    seL4_NoError, seL4_Word, syscall_id,
};

/// `libsel4/include/sel4/shared_types.h`. The kernel checks an alignment of 512 only, and writes beyond the
/// page when the buffer starts in its last 512 bytes: this type's alignment rules that out.
#[repr(C, align(1024))]
#[derive(Debug)]
pub struct seL4_IPCBuffer {
    /// The message info, for programs that keep it here; the kernel neither reads nor writes it.
    pub tag: seL4_MessageInfo,
    /// The message's words. The first ones travel in registers, their places here are free.
    pub msg: [seL4_Word; seL4_MsgMaxLength as usize],
    /// The program's own.
    pub userData: seL4_Word,
    /// Out: capabilities to send along. In: the badges of those that were unwrapped.
    pub caps_or_badges: [seL4_Word; (1 << seL4_MsgExtraCapBits) - 1],
    /// The root of the CSpace to put a received capability into.
    pub receiveCNode: seL4_CPtr,
    /// The slot to put it into.
    pub receiveIndex: seL4_CPtr,
    /// How many bits of the slot's address count.
    pub receiveDepth: seL4_Word,
}

const _: () = assert!(size_of::<seL4_IPCBuffer>() == 1024);

impl seL4_IPCBuffer {
    /// Tells the compiler that the kernel reads and writes this memory in the system calls that follow.
    #[inline(always)]
    pub fn expose(&mut self) {
        // SAFETY: no instruction at all.
        unsafe { asm!("/* {0} */", in(reg) core::ptr::from_mut(self), options(nostack, preserves_flags)) }
    }

    /// Invokes a capability: the method `label` with `extra_caps` capabilities and `length` words, of which
    /// `registers` are the first and the rest stand in the buffer. Returns the error and the answer's first
    /// words. After an error those are in the buffer too, where its details are looked for.
    #[inline(always)]
    pub(crate) fn invoke(
        &mut self,
        service: seL4_CPtr,
        label: seL4_Word,
        extra_caps: usize,
        length: usize,
        registers: [seL4_Word; REGISTER_WORDS],
    ) -> (seL4_Error, [seL4_Word; REGISTER_WORDS]) {
        let info = seL4_MessageInfo::new(label, 0, extra_caps as seL4_Word, length as seL4_Word);
        self.expose();
        // SAFETY: `self` is the thread's IPC buffer, held exclusively and made known to the compiler. What else
        // an invocation changes (mappings, for one) is in the hands of who holds the capability for it.
        let answer =
            unsafe { arch::syscall(syscall_id::Call, service, info, registers.map(MaybeUninit::new)) };
        let error = answer.info.get_label();
        if error != seL4_NoError {
            self.msg[..REGISTER_WORDS].copy_from_slice(&answer.msg);
        }
        (error, answer.msg)
    }
}
