//! Entry on riscv64: the kernel jumps to `_start` with BootInfo's address in a0 and no stack.

use core::arch::global_asm;

global_asm!(
    ".globl _start",
    "_start:",
    // gp stays unset: the linker relaxes no code against it (that takes --relax-gp).
    "lla sp, __sel4_root_task_stack_top",
    "ld sp, 0(sp)",
    // The end of the chain of frames, for debuggers.
    "mv fp, zero",
    "mv ra, zero",
    "call __sel4_root_task_main",
    "unimp",
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
