//! Entry on aarch64: the kernel jumps to `_start` with BootInfo's address in x0 and no stack.

use core::arch::global_asm;

global_asm!(
    ".globl _start",
    "_start:",
    "adrp x1, __sel4_root_task_stack_top",
    "ldr x1, [x1, :lo12:__sel4_root_task_stack_top]",
    "mov sp, x1",
    // The end of the chain of frames, for debuggers.
    "mov x29, xzr",
    "mov x30, xzr",
    "b __sel4_root_task_main",
);

unsafe extern "C" {
    /// The image's first byte (defined by linkers).
    safe static __executable_start: u8;
}

/// The image's lowest address.
pub fn image_start() -> usize {
    (&raw const __executable_start).addr()
}

/// How its pages are mapped: executable, or not.
pub const MEMORY: Option<fn(bool) -> sel4::VmAttributes> =
    Some(
        |executable| {
            if executable { sel4::VmAttributes::DEFAULT } else { sel4::VmAttributes::EXECUTE_NEVER }
        },
    );
