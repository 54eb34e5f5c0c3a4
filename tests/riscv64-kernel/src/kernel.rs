//! System calls as they are: any label, any capability, any words.

use core::mem::MaybeUninit;

use sel4::sys::{self, invocation_label as label, seL4_MessageInfo, syscall_id};
use sel4::{NUM_MESSAGE_REGISTERS, Word, with_ipc_buffer, with_ipc_buffer_mut};

/// Rights, as words: read, and write on top.
pub const READ: Word = 2;
/// Both.
pub const READ_WRITE: Word = 3;
/// The attribute by which a page can't be executed, and the one by which it can.
pub const NEVER: Word = sys::seL4_RISCV_ExecuteNever;
/// Execution allowed.
pub const EXECUTE: Word = sys::seL4_RISCV_Default_VMAttributes;

/// What the kernel answered.
#[derive(Clone, Copy)]
pub struct Answer {
    /// Whose message it is.
    pub badge: Word,
    /// An error, a fault's number, or what a sender says.
    pub label: Word,
    /// How many words.
    pub length: Word,
    /// The first of them.
    pub words: [Word; NUM_MESSAGE_REGISTERS],
}

/// Enters the kernel with words in registers.
pub fn enter(id: isize, dest: Word, length: Word, words: [Word; 4]) -> Answer {
    enter_with(id, dest, seL4_MessageInfo::new(0, 0, 0, length), words)
}

fn enter_with(id: isize, dest: Word, info: seL4_MessageInfo, words: [Word; 4]) -> Answer {
    // SAFETY: a message is data; longer ones are put into the IPC buffer by `invoke`, which holds no reference into it
    // meanwhile. What an invocation unmaps is never this program's own memory.
    let registers = unsafe { sys::syscall(id, dest, info, words.map(MaybeUninit::new)) };
    Answer {
        badge: registers.badge,
        label: registers.info.get_label(),
        length: registers.info.get_length(),
        words: registers.msg,
    }
}

/// Sends.
pub fn send(to: Word, length: Word, words: [Word; 4]) {
    enter(syscall_id::Send, to, length, words);
}

/// Calls.
pub fn call(to: Word, length: Word, words: [Word; 4]) -> Answer {
    enter(syscall_id::Call, to, length, words)
}

/// Receives.
pub fn receive(from: Word) -> Answer {
    enter(syscall_id::Recv, from, 0, [0; 4])
}

/// Receives if something is there.
pub fn poll(from: Word) -> Answer {
    enter(syscall_id::NBRecv, from, 0, [0; 4])
}

/// Answers the last message.
pub fn reply(length: Word, words: [Word; 4]) {
    enter(syscall_id::Reply, 0, length, words);
}

/// Lets others of this priority run.
pub fn yield_now() {
    enter(syscall_id::Yield, 0, 0, [0; 4]);
}

/// A word of the last message that did not fit registers.
pub fn word(index: usize) -> Word {
    with_ipc_buffer(|buffer| buffer.msg_regs()[index])
}

/// Invokes a capability.
pub fn invoke(cap: Word, label: Word, caps: &[Word], words: &[Word]) -> Answer {
    let mut registers = [0; 4];
    with_ipc_buffer_mut(|buffer| {
        let inner = buffer.inner_mut();
        inner.msg[..words.len()].copy_from_slice(words);
        inner.caps_or_badges[..caps.len()].copy_from_slice(caps);
        for (register, word) in registers.iter_mut().zip(words) {
            *register = *word;
        }
        inner.expose();
        let info = seL4_MessageInfo::new(label, 0, caps.len() as Word, words.len() as Word);
        enter_with(syscall_id::Call, cap, info, registers)
    })
}

/// Invokes a capability; gives the error.
pub fn error(cap: Word, label: Word, caps: &[Word], words: &[Word]) -> Word {
    invoke(cap, label, caps, words).label
}

/// Maps a frame; gives the error.
pub fn map(frame: Word, vspace: Word, address: Word, rights: Word, attributes: Word) -> Word {
    error(frame, label::RISCVPageMap, &[vspace], &[address, rights, attributes])
}

/// Changes a frame's rights where it is mapped; gives the error.
pub fn remap(frame: Word, vspace: Word, rights: Word, attributes: Word) -> Word {
    error(frame, label::RISCVPageRemap, &[vspace], &[rights, attributes])
}

/// Unmaps a frame; gives the error.
pub fn unmap(frame: Word) -> Word {
    error(frame, label::RISCVPageUnmap, &[], &[])
}

/// Maps a page table at the highest level that has none; gives the error.
pub fn map_table(table: Word, vspace: Word, address: Word) -> Word {
    error(table, label::RISCVPageTableMap, &[vspace], &[address, EXECUTE])
}

/// Unmaps a page table; gives the error.
pub fn unmap_table(table: Word) -> Word {
    error(table, label::RISCVPageTableUnmap, &[], &[])
}

/// Makes a page table a VSpace; gives the error.
pub fn assign(pool: Word, table: Word) -> Word {
    error(pool, label::RISCVASIDPoolAssign, &[table], &[])
}

/// The time in ticks of 100 ns, the machine's timebase.
pub fn now() -> Word {
    let ticks;
    // SAFETY: reads a counter that the kernel leaves open to programs.
    unsafe { core::arch::asm!("rdtime {}", out(reg) ticks, options(nomem, nostack)) }
    ticks
}

/// Waits without giving the processor away.
pub fn spin_us(us: Word) {
    let start = now();
    while now() - start < us * 10 {}
}
