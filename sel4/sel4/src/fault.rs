//! Faults, as a thread's fault endpoint gets them.

mod kinds;

use core::fmt;

use crate::sys;
use crate::{IpcBuffer, LookupFailure, MessageInfo, Word};

pub(crate) use kinds::declare_syscall_registers;
pub use kinds::{UnknownSyscall, UserException, VmFault};

/// A fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A message was sent through, or awaited on, a capability that is not there.
    CapFault(CapFault),
    /// A system call that the kernel does not have.
    UnknownSyscall(UnknownSyscall),
    /// An exception of the processor.
    UserException(UserException),
    /// An access to memory that is not mapped, or not for that.
    VmFault(VmFault),
}

/// What is known of a capability fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CapFault {
    /// The instruction.
    pub ip: Word,
    /// The capability's address.
    pub addr: Word,
    /// Whether it was awaited on, and not sent through.
    pub in_recv_phase: bool,
    /// Where the lookup ended.
    pub lookup: LookupFailure,
}

impl Fault {
    /// Reads a fault out of a message whose words are in the IPC buffer. `None` if it is no fault message: a
    /// fault endpoint that clients hold too gets other ones.
    pub fn new(buffer: &IpcBuffer, info: &MessageInfo) -> Option<Self> {
        Self::from_words(buffer.msg_regs(), info)
    }

    /// Reads a fault out of a message's words.
    pub fn from_words(msg: &[Word], info: &MessageInfo) -> Option<Self> {
        let msg = msg.get(..info.length())?;
        Some(match info.label() {
            sys::seL4_Fault_CapFault => Self::CapFault(CapFault::read(msg)?),
            sys::seL4_Fault_UnknownSyscall => Self::UnknownSyscall(UnknownSyscall::read(msg)?),
            sys::seL4_Fault_UserException => Self::UserException(UserException::read(msg)?),
            sys::seL4_Fault_VMFault => Self::VmFault(VmFault::read(msg)?),
            label if crate::arch::SYNDROME_ALONE == Some(label) => {
                Self::UserException(UserException::of_syndrome(*msg.first()?))
            }
            _ => return None,
        })
    }

    /// Its kind in a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CapFault(_) => "CapFault",
            Self::UnknownSyscall(_) => "UnknownSyscall",
            Self::UserException(_) => "UserException",
            Self::VmFault(_) => "VmFault",
        }
    }

    /// The instruction that faulted.
    pub const fn ip(&self) -> Word {
        match self {
            Self::CapFault(fault) => fault.ip,
            Self::UnknownSyscall(fault) => fault.ip(),
            Self::UserException(fault) => fault.ip,
            Self::VmFault(fault) => fault.ip,
        }
    }
}

impl CapFault {
    fn read(msg: &[Word]) -> Option<Self> {
        let at = |index: Word| msg.get(index as usize).copied();
        Some(Self {
            ip: at(sys::seL4_CapFault_IP)?,
            addr: at(sys::seL4_CapFault_Addr)?,
            in_recv_phase: at(sys::seL4_CapFault_InRecvPhase)? != 0,
            lookup: LookupFailure {
                source: at(sys::seL4_CapFault_InRecvPhase)? == 0,
                kind: at(sys::seL4_CapFault_LookupFailureType)?,
                // An invalid root has no bits.
                bits_left: at(sys::seL4_CapFault_BitsLeft).unwrap_or(0),
            },
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CapFault(fault) => fault.fmt(f),
            Self::UnknownSyscall(fault) => fault.fmt(f),
            Self::UserException(fault) => fault.fmt(f),
            Self::VmFault(fault) => fault.fmt(f),
        }
    }
}

impl fmt::Display for CapFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = if self.in_recv_phase { "awaited on" } else { "sent through" };
        write!(f, "CapFault: capability {:#x} {phase}, ip {:#x}: {}", self.addr, self.ip, self.lookup)
    }
}
