//! The panic handler: it prints where and why to a sink, then calls an abort hook. Until a program registers
//! its own, the sink is the kernel's console (of a debug kernel) and the hook faults, so that whoever serves the
//! program's fault endpoint learns of it.
#![no_std]

use core::fmt::{self, Write as _};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Where text goes.
pub type Sink = fn(&str);
/// How a program ends.
pub type AbortHook = fn() -> !;

static SINK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());
static ABORT_HOOK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());
static PANICKING: AtomicBool = AtomicBool::new(false);

/// Registers where a panic prints.
pub fn set_sink(sink: Sink) {
    SINK.store(sink as *mut (), Ordering::Relaxed);
}

/// Registers what ends the program after a panic.
pub fn set_abort_hook(hook: AbortHook) {
    ABORT_HOOK.store(hook as *mut (), Ordering::Relaxed);
}

/// Ends the program by its hook.
pub fn abort() -> ! {
    let hook = ABORT_HOOK.load(Ordering::Relaxed);
    if hook.is_null() {
        sel4::abort();
    }
    // SAFETY: only `set_abort_hook` stores here, and what it stores is such a function.
    let hook: AbortHook = unsafe { core::mem::transmute(hook) };
    hook()
}

/// Lets the next panic print again: for a hook that does not end the program but one thread of it.
pub fn recover() {
    PANICKING.store(false, Ordering::Relaxed);
}

/// Writes to the registered sink.
#[derive(Clone, Copy, Debug, Default)]
pub struct SinkWriter;

impl fmt::Write for SinkWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let sink = SINK.load(Ordering::Relaxed);
        if sink.is_null() {
            return sel4::DebugWriter.write_str(text);
        }
        // SAFETY: only `set_sink` stores here, and what it stores is such a function.
        let sink: Sink = unsafe { core::mem::transmute(sink) };
        sink(text);
        Ok(())
    }
}

/// Prints the panic and ends the program. A panic while one is being printed ends it at once.
#[cfg_attr(target_os = "none", panic_handler)]
#[cfg_attr(not(target_os = "none"), allow(dead_code))] // Tests on the host have std's handler.
fn panic(info: &core::panic::PanicInfo) -> ! {
    if !PANICKING.swap(true, Ordering::Relaxed) {
        // SAFETY: a panic does not return, so neither does what had the buffer.
        unsafe { sel4::release_ipc_buffer() };
        let _ = writeln!(SinkWriter, "{info}");
    }
    abort()
}
