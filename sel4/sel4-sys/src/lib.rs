//! Raw bindings of the kernel that `SEL4_PREFIX` names, with the names of C's libsel4.
//!
//! Generated: invocations (methods of [`seL4_IPCBuffer`]), labels, system call numbers, bitfield types,
//! constants of the headers, settings ([`config`]). Written here: the `syscall` instruction, the IPC buffer
//! and BootInfo.
#![no_std]
// The names are libsel4's, so that its manual and the C headers can be searched for them.
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]
// `seL4_Untyped_Retype` and its like have as many arguments as the kernel wants, some of them of one kind.
#![allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)]
// A system call must become the bare instruction even where a caller is not optimised.
#![allow(clippy::inline_always)]

mod bindings;
mod bootinfo;
mod ipc_buffer;

#[cfg_attr(target_arch = "riscv64", path = "arch/riscv64.rs")]
#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "arch/aarch64.rs")]
mod arch;

pub use arch::syscall;
pub use bindings::*;
pub use bootinfo::{seL4_BootInfo, seL4_BootInfoHeader, seL4_SlotRegion, seL4_UntypedDesc};
pub use ipc_buffer::seL4_IPCBuffer;

/// A capability's address in its holder's CSpace.
pub type seL4_CPtr = seL4_Word;
/// What an invocation returns: `seL4_NoError` or one of the other error numbers.
pub type seL4_Error = seL4_Word;

/// The registers after a system call.
#[derive(Clone, Copy, Debug)]
pub struct Registers {
    /// After a receive, the badge of the capability that was sent to.
    pub badge: seL4_Word,
    /// After a receive or a call, the answer's message info.
    pub info: seL4_MessageInfo,
    /// After a receive or a call, the first words of the message; those beyond its length are leftovers.
    pub msg: [seL4_Word; REGISTER_WORDS],
}
