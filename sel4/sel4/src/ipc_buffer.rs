//! The IPC buffer of the running thread.
//!
//! Its address is kept in one static: programs have one thread each. A program with several threads in one
//! address space (of which only one runs at a time) switches it with [`swap_ipc_buffer`].

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::sys::seL4_IPCBuffer;
use crate::{AbsoluteCPtr, Word};

/// The buffer's address; 0 before it is set. The buffer is aligned to 1024, so that bit 0 is free to say that
/// a [`with_ipc_buffer_mut`] is under way.
static STATE: AtomicUsize = AtomicUsize::new(0);
const BORROWED: usize = 1;

/// A thread's IPC buffer.
#[repr(transparent)]
#[derive(Debug)]
pub struct IpcBuffer(seL4_IPCBuffer);

impl IpcBuffer {
    /// In the kernel's form, with the raw invocations.
    pub const fn inner(&self) -> &seL4_IPCBuffer {
        &self.0
    }

    /// In the kernel's form, with the raw invocations.
    #[inline(always)]
    pub const fn inner_mut(&mut self) -> &mut seL4_IPCBuffer {
        &mut self.0
    }

    /// The message's words.
    pub const fn msg_regs(&self) -> &[Word] {
        &self.0.msg
    }

    /// The message's words.
    pub const fn msg_regs_mut(&mut self) -> &mut [Word] {
        &mut self.0.msg
    }

    /// The message as bytes.
    pub fn msg_bytes(&self) -> &[u8] {
        // SAFETY: words are made of bytes, any value of which is valid; the length is theirs.
        unsafe { core::slice::from_raw_parts(self.0.msg.as_ptr().cast(), size_of_val(&self.0.msg)) }
    }

    /// The message as bytes.
    pub fn msg_bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `msg_bytes`, and any bytes make valid words.
        unsafe { core::slice::from_raw_parts_mut(self.0.msg.as_mut_ptr().cast(), size_of_val(&self.0.msg)) }
    }

    /// Badges of capabilities that came unwrapped.
    pub const fn caps_or_badges(&self) -> &[Word] {
        &self.0.caps_or_badges
    }

    /// Capabilities to send along.
    pub const fn caps_or_badges_mut(&mut self) -> &mut [Word] {
        &mut self.0.caps_or_badges
    }

    /// The program's own word.
    pub const fn user_data(&self) -> Word {
        self.0.userData
    }

    /// Sets the program's own word.
    pub const fn set_user_data(&mut self, data: Word) {
        self.0.userData = data;
    }

    /// Says where a received capability is to be put.
    pub fn set_recv_slot(&mut self, slot: &AbsoluteCPtr) {
        self.0.receiveCNode = slot.root().bits();
        self.0.receiveIndex = slot.path().bits();
        self.0.receiveDepth = slot.path().depth() as Word;
    }
}

/// Says where the running thread's IPC buffer is.
///
/// # Safety
///
/// The memory is, for as long as the program runs, the buffer that the thread's TCB names, aligned to 1024
/// bytes, writable, and reached by nothing else.
pub unsafe fn set_ipc_buffer(buffer: *mut IpcBuffer) {
    STATE.store(IpcBufferState::new(buffer).0, Ordering::Relaxed);
}

/// A thread's buffer, and whether it is borrowed.
#[derive(Clone, Copy, Debug)]
pub struct IpcBufferState(usize);

impl IpcBufferState {
    /// The buffer of a thread that has not started yet.
    pub fn new(buffer: *mut IpcBuffer) -> Self {
        Self(buffer.expose_provenance())
    }
}

/// Puts another thread's buffer in place of the one in use, and returns that one's state.
///
/// # Safety
///
/// As for [`set_ipc_buffer`]; and the thread whose buffer it is runs next.
pub unsafe fn swap_ipc_buffer(state: IpcBufferState) -> IpcBufferState {
    IpcBufferState(STATE.swap(state.0, Ordering::Relaxed))
}

/// Ends a [`with_ipc_buffer_mut`] that panicked, so that the panic can be reported.
///
/// # Safety
///
/// The work that had the buffer never goes on.
pub unsafe fn release_ipc_buffer() {
    STATE.fetch_and(!BORROWED, Ordering::Relaxed);
}

/// Reads the IPC buffer.
///
/// # Panics
///
/// The buffer was not set, or the caller is inside [`with_ipc_buffer_mut`]: mistakes of the program itself.
pub fn with_ipc_buffer<T>(read: impl FnOnce(&IpcBuffer) -> T) -> T {
    with_ipc_buffer_mut(|buffer| read(buffer))
}

/// Reads or writes the IPC buffer.
///
/// # Panics
///
/// As [`with_ipc_buffer`].
#[inline]
pub fn with_ipc_buffer_mut<T>(work: impl FnOnce(&mut IpcBuffer) -> T) -> T {
    let address = STATE.load(Ordering::Relaxed);
    if address == 0 || address & BORROWED != 0 {
        misused(address);
    }
    STATE.store(address | BORROWED, Ordering::Relaxed);
    // SAFETY: `set_ipc_buffer`'s caller vouches for the memory; the borrowed bit makes this the only reference.
    let result = work(unsafe { &mut *core::ptr::with_exposed_provenance_mut(address) });
    STATE.store(address, Ordering::Relaxed);
    result
}

#[cold]
#[inline(never)]
fn misused(address: usize) -> ! {
    match address {
        0 => panic!("the IPC buffer was used before sel4::set_ipc_buffer"),
        _ => panic!("the IPC buffer was used inside sel4::with_ipc_buffer_mut"),
    }
}
