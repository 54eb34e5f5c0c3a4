//! Faults of which the architecture has more to tell: `arch/*/fault.rs`.

use core::fmt;

use crate::Word;
use crate::sys;

/// A system call that the kernel does not have, with the registers at that point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownSyscall {
    words: [Word; sys::seL4_UnknownSyscall_Length as usize],
}

impl UnknownSyscall {
    pub(super) fn read(msg: &[Word]) -> Option<Self> {
        Some(Self { words: *msg.first_chunk()? })
    }

    pub(crate) const fn at(&self, index: Word) -> Word {
        self.words[index as usize]
    }

    /// The number of the system call.
    pub const fn syscall(&self) -> Word {
        self.at(sys::seL4_UnknownSyscall_Syscall)
    }

    /// The address of the system call's instruction itself.
    pub const fn ip(&self) -> Word {
        self.at(sys::seL4_UnknownSyscall_FaultIP)
    }
}

/// Declares the registers that come with an unknown system call: the name of each and its place in the message.
macro_rules! declare_syscall_registers {
    ($($name:literal $index:ident)*) => {
        impl $crate::UnknownSyscall {
            /// The registers with their names.
            pub const fn registers(&self) -> [(&'static str, $crate::Word); [$($name),*].len()] {
                [$(($name, self.at($crate::sys::$index))),*]
            }
        }
    };
}
pub(crate) use declare_syscall_registers;

/// An exception of the processor. Its name is the architecture's to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserException {
    /// The instruction; 0 if the kernel does not tell it.
    pub ip: Word,
    /// The stack pointer; 0 if the kernel does not tell it.
    pub sp: Word,
    /// What the processor says of it: on x86_64 the exception's number (Intel SDM vol. 3, table 6-1), on riscv64 `scause`,
    /// on aarch64 `ESR` (of 5.0.0 nothing: it sends 0).
    pub number: Word,
    /// Its error code, on x86_64.
    pub code: Word,
}

impl UserException {
    /// What is known where the kernel tells nothing but the processor's word of it.
    pub(super) const fn of_syndrome(number: Word) -> Self {
        Self { ip: 0, sp: 0, number, code: 0 }
    }

    pub(super) fn read(msg: &[Word]) -> Option<Self> {
        let at = |index: Word| msg.get(index as usize).copied();
        Some(Self {
            ip: at(sys::seL4_UserException_FaultIP)?,
            sp: at(sys::seL4_UserException_SP)?,
            number: at(sys::seL4_UserException_Number)?,
            code: at(sys::seL4_UserException_Code)?,
        })
    }
}

/// An access to memory that is not mapped, or not for that. What `fsr` means is the architecture's to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmFault {
    /// The instruction.
    pub ip: Word,
    /// The address. 5.0.0 cuts it to 32 bits on x86_64.
    pub addr: Word,
    /// Whether the kernel says that an instruction was to be fetched.
    pub prefetch: bool,
    /// What was wrong: on x86_64 the page fault's error code, on aarch64 `ESR`, on riscv64 `scause`.
    pub fsr: Word,
}

impl VmFault {
    pub(super) fn read(msg: &[Word]) -> Option<Self> {
        let at = |index: Word| msg.get(index as usize).copied();
        Some(Self {
            ip: at(sys::seL4_VMFault_IP)?,
            addr: at(sys::seL4_VMFault_Addr)?,
            prefetch: at(sys::seL4_VMFault_PrefetchFault)? != 0,
            fsr: at(sys::seL4_VMFault_FSR)?,
        })
    }
}

impl fmt::Display for UnknownSyscall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownSyscall: number {:#x}, ip {:#x}", self.syscall(), self.ip())
    }
}

impl fmt::Display for UserException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ip, sp, number, code } = self;
        write!(f, "UserException: {}", self.name())?;
        if Self::NUMBERED {
            write!(f, " ({number}), code {code:#x}")?;
        }
        write!(f, ", ip {ip:#x}, sp {sp:#x}")
    }
}

impl fmt::Display for VmFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match (self.is_prefetch(), self.is_write()) {
            (true, _) => "instruction fetch from",
            (false, true) => "write to",
            (false, false) => "read of",
        };
        let Self { ip, addr, fsr, .. } = self;
        write!(f, "VmFault: {access} {}, address {addr:#x}, ip {ip:#x}, fsr {fsr:#x}", self.page())
    }
}
