//! seL4 for programs: typed capabilities, IPC, BootInfo, faults. Names and shapes are those of the official
//! `sel4` crate, so that one can stand in for the other.
//!
//! A program first says where its IPC buffer is ([`set_ipc_buffer`]); the root task's runtime and the services'
//! runtime do it. Invocations and messages longer than four words need it, the `_with_mrs` functions do not.
#![no_std]
// A system call is one instruction: a call around it would cost more than it.
#![allow(clippy::inline_always)]

mod bootinfo;
mod capability;
mod cnode;
mod debug;
mod error;
mod fault;
mod invocations;
mod ipc;
mod ipc_buffer;
mod message;
mod object;
mod rights;
mod user_context;
mod vspace;

pub mod init_thread;

/// What one generation of kernels does in another way than the others.
#[cfg_attr(sel4_generation = "v5", path = "generation/v5.rs")]
#[cfg_attr(sel4_generation = "v13", path = "generation/v13.rs")]
mod generation;

#[cfg_attr(target_arch = "riscv64", path = "arch/riscv64/mod.rs")]
#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64/mod.rs")]
#[cfg_attr(target_arch = "aarch64", path = "arch/aarch64/mod.rs")]
mod arch;

pub use arch::*;
pub use bootinfo::{BootInfo, BootInfoExtra, BootInfoPtr, UntypedDesc};
pub use capability::{CPtr, CPtrWithDepth, Cap, CapType, cap, cap_type};
pub use cnode::{AbsoluteCPtr, CNodeCapData};
pub use debug::{DebugWriter, debug_name_thread, debug_put_char};
pub use error::{Error, ErrorKind, LookupFailure, Result};
pub use fault::{CapFault, Fault, UnknownSyscall, UserException, VmFault};
pub use ipc::{CallWithMrs, RecvWithMrs, reply, reply_with_mrs, yield_now};
pub use ipc_buffer::{
    IpcBuffer, IpcBufferState, release_ipc_buffer, set_ipc_buffer, swap_ipc_buffer, with_ipc_buffer,
    with_ipc_buffer_mut,
};
pub use message::{MessageInfo, MessageInfoBuilder};
pub use object::ObjectBlueprint;
pub use rights::{CapRights, CapRightsBuilder};
pub use sel4_sys as sys;
pub use sel4_sys::{KERNEL, config};
pub use user_context::UserContext;
pub use vspace::{CapTypeForFrameObject, VmAttributes, vspace_levels};

/// A machine word.
pub type Word = sys::seL4_Word;
/// A badge: who sent, or which bits were signalled.
pub type Badge = Word;

/// The size of a granule, the smallest frame.
pub const GRANULE_SIZE: usize = 1 << sys::seL4_PageBits;
/// Bits of a machine word.
pub const WORD_SIZE: usize = Word::BITS as usize;
/// Words of a message that travel in registers.
pub const NUM_MESSAGE_REGISTERS: usize = sys::REGISTER_WORDS;
/// Words of a message at most.
pub const MSG_MAX_LENGTH: usize = sys::seL4_MsgMaxLength as usize;
/// Bits of an endpoint capability's badge that every kernel has. A larger badge halts a debug kernel 5.0.0 and is cut by a
/// release kernel (badges of notifications, and of endpoints since 13.0.0, have all bits of a word).
pub const ENDPOINT_BADGE_BITS: u32 = 28;
const _: () = assert!(sys::seL4_BadgeBits >= ENDPOINT_BADGE_BITS as Word);
/// Objects that one retype makes at most.
pub const RETYPE_FAN_OUT_LIMIT: usize = config::RETYPE_FAN_OUT_LIMIT;
/// The binary logarithm of a CNode slot's size in bytes.
pub const SLOT_BITS: usize = sys::seL4_SlotBits as usize;
