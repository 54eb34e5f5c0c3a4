//! Messages and signals.
//!
//! Three forms: `_with_mrs` passes up to four words in registers and touches no memory; the plain form takes
//! the message from the IPC buffer and leaves the answer there; signals carry no message.

use core::mem::MaybeUninit;

use crate::sys::{Registers, syscall, syscall_id};
use crate::{Badge, Cap, CapType, MessageInfo, NUM_MESSAGE_REGISTERS, Word, cap, with_ipc_buffer_mut};

type RegisterWords = [MaybeUninit<Word>; NUM_MESSAGE_REGISTERS];

/// A message that was received, as far as it fits registers.
#[derive(Clone, Copy, Debug)]
pub struct RecvWithMrs {
    /// Label and sizes.
    pub info: MessageInfo,
    /// The badge of the capability that was sent to, or signal bits.
    pub badge: Badge,
    /// The first words; those beyond the message's length are leftovers.
    pub msg: [Word; NUM_MESSAGE_REGISTERS],
}

/// An answer, as far as it fits registers.
#[derive(Clone, Copy, Debug)]
pub struct CallWithMrs {
    /// Label and sizes.
    pub info: MessageInfo,
    /// The first words; those beyond the answer's length are leftovers.
    pub msg: [Word; NUM_MESSAGE_REGISTERS],
}

impl From<Registers> for RecvWithMrs {
    #[inline(always)]
    fn from(registers: Registers) -> Self {
        Self { info: MessageInfo::from_inner(registers.info), badge: registers.badge, msg: registers.msg }
    }
}

impl From<Registers> for CallWithMrs {
    #[inline(always)]
    fn from(registers: Registers) -> Self {
        Self { info: MessageInfo::from_inner(registers.info), msg: registers.msg }
    }
}

/// The words in registers; the rest of the registers is left as it is.
#[inline(always)]
const fn words<const N: usize>(msg: [Word; N]) -> RegisterWords {
    const { assert!(N <= NUM_MESSAGE_REGISTERS, "more words than registers") };
    let mut words = [MaybeUninit::uninit(); NUM_MESSAGE_REGISTERS];
    let mut index = 0;
    while index < N {
        words[index] = MaybeUninit::new(msg[index]);
        index += 1;
    }
    words
}

/// Enters the kernel with a message in registers.
#[inline(always)]
fn enter<const N: usize>(id: isize, dest: Word, info: MessageInfo, msg: [Word; N]) -> Registers {
    // SAFETY: a message is data; the IPC buffer is borrowed only inside `with_ipc_buffer_mut`, whose closure
    // would have to call this to clash with what the kernel writes there.
    unsafe { syscall(id, dest, info.into_inner(), words(msg)) }
}

/// Enters the kernel with a message in the IPC buffer, and leaves the answer there.
fn enter_with_buffer(id: isize, dest: Word, info: MessageInfo) -> Registers {
    with_ipc_buffer_mut(|buffer| {
        let mut msg = [0; NUM_MESSAGE_REGISTERS];
        msg.copy_from_slice(&buffer.msg_regs()[..NUM_MESSAGE_REGISTERS]);
        buffer.inner_mut().expose();
        let registers = enter(id, dest, info, msg);
        buffer.msg_regs_mut()[..NUM_MESSAGE_REGISTERS].copy_from_slice(&registers.msg);
        registers
    })
}

const NOTHING: MessageInfo = MessageInfo::new(0, 0, 0, 0);

/// Capabilities that messages go through.
pub trait IpcCapType: CapType {}
impl IpcCapType for crate::cap_type::Endpoint {}
impl IpcCapType for crate::cap_type::Notification {}
impl IpcCapType for crate::cap_type::Reply {}
impl IpcCapType for crate::cap_type::Unspecified {}

impl<T: IpcCapType> Cap<T> {
    /// Sends the message in the IPC buffer, waiting for a receiver.
    pub fn send(self, info: MessageInfo) {
        enter_with_buffer(syscall_id::Send, self.bits(), info);
    }

    /// Sends these words, waiting for a receiver.
    #[inline(always)]
    pub fn send_with_mrs<const N: usize>(self, info: MessageInfo, msg: [Word; N]) {
        enter(syscall_id::Send, self.bits(), info, msg);
    }

    /// Sends the message in the IPC buffer if a receiver waits; else it is lost.
    pub fn nb_send(self, info: MessageInfo) {
        enter_with_buffer(syscall_id::NBSend, self.bits(), info);
    }

    /// Sends these words if a receiver waits; else they are lost.
    #[inline(always)]
    pub fn nb_send_with_mrs<const N: usize>(self, info: MessageInfo, msg: [Word; N]) {
        enter(syscall_id::NBSend, self.bits(), info, msg);
    }

    /// Sends the message in the IPC buffer and waits for the answer, which is put there.
    pub fn call(self, info: MessageInfo) -> MessageInfo {
        MessageInfo::from_inner(enter_with_buffer(syscall_id::Call, self.bits(), info).info)
    }

    /// Sends these words and waits for the answer.
    #[inline(always)]
    pub fn call_with_mrs<const N: usize>(self, info: MessageInfo, msg: [Word; N]) -> CallWithMrs {
        enter(syscall_id::Call, self.bits(), info, msg).into()
    }

    /// Waits for a message, which is put into the IPC buffer.
    pub fn recv(self) -> (MessageInfo, Badge) {
        let registers = enter_with_buffer(syscall_id::Recv, self.bits(), NOTHING);
        (MessageInfo::from_inner(registers.info), registers.badge)
    }

    /// Waits for a message.
    #[inline(always)]
    pub fn recv_with_mrs(self) -> RecvWithMrs {
        enter(syscall_id::Recv, self.bits(), NOTHING, []).into()
    }

    /// Takes a message if one is there, into the IPC buffer; if not, the badge is 0.
    pub fn nb_recv(self) -> (MessageInfo, Badge) {
        let registers = enter_with_buffer(syscall_id::NBRecv, self.bits(), NOTHING);
        (MessageInfo::from_inner(registers.info), registers.badge)
    }

    /// Takes a message if one is there; if not, the badge is 0.
    #[inline(always)]
    pub fn nb_recv_with_mrs(self) -> RecvWithMrs {
        enter(syscall_id::NBRecv, self.bits(), NOTHING, []).into()
    }

    /// Answers the last caller with the message in the IPC buffer, and waits for the next message.
    pub fn reply_recv(self, info: MessageInfo) -> (MessageInfo, Badge) {
        let registers = enter_with_buffer(syscall_id::ReplyRecv, self.bits(), info);
        (MessageInfo::from_inner(registers.info), registers.badge)
    }

    /// Answers the last caller with these words, and waits for the next message.
    #[inline(always)]
    pub fn reply_recv_with_mrs<const N: usize>(self, info: MessageInfo, msg: [Word; N]) -> RecvWithMrs {
        enter(syscall_id::ReplyRecv, self.bits(), info, msg).into()
    }
}

impl cap::Notification {
    /// Sets the capability's badge bits.
    #[inline(always)]
    pub fn signal(self) {
        enter(syscall_id::Send, self.bits(), NOTHING, []);
    }

    /// Waits until bits are set, and takes them.
    #[inline(always)]
    pub fn wait(self) -> Badge {
        enter(syscall_id::Recv, self.bits(), NOTHING, []).badge
    }

    /// Takes the bits that are set; 0 if none is.
    #[inline(always)]
    pub fn poll(self) -> Badge {
        enter(syscall_id::NBRecv, self.bits(), NOTHING, []).badge
    }
}

/// Answers the last caller with the message in the IPC buffer.
pub fn reply(info: MessageInfo) {
    enter_with_buffer(syscall_id::Reply, 0, info);
}

/// Answers the last caller with these words.
#[inline(always)]
pub fn reply_with_mrs<const N: usize>(info: MessageInfo, msg: [Word; N]) {
    enter(syscall_id::Reply, 0, info, msg);
}

/// Lets other threads of the same priority run.
#[inline(always)]
pub fn yield_now() {
    enter(syscall_id::Yield, 0, NOTHING, []);
}
