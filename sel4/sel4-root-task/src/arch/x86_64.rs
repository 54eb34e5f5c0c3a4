//! Entry on x86_64: the kernel jumps to `_start` with BootInfo's address in rdi and no stack.

use core::arch::global_asm;

global_asm!(
    ".globl _start",
    "_start:",
    "mov rsp, [rip + __sel4_root_task_stack_top]",
    // The end of the chain of frames, for debuggers.
    "xor ebp, ebp",
    "call __sel4_root_task_main",
    "ud2",
);

unsafe extern "C" {
    /// The image's first byte (defined by linkers).
    safe static __executable_start: u8;
}

/// The image's lowest address.
pub fn image_start() -> usize {
    (&raw const __executable_start).addr()
}

/// Its pages stay as they are: there is no X to take, and boot is counted in instructions.
pub const MEMORY: Option<fn(bool) -> sel4::VmAttributes> = None;
