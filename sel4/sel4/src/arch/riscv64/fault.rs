//! Fault messages of riscv64 (`libsel4/sel4_arch_include/riscv64/sel4/sel4_arch/constants.h` of the overlay).

use core::fmt;

use crate::Word;
use crate::sys;

/// A system call that the kernel does not have, with the registers at that point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownSyscall {
    words: [Word; sys::seL4_UnknownSyscall_Length as usize],
}

impl UnknownSyscall {
    pub(crate) fn read(msg: &[Word]) -> Option<Self> {
        Some(Self { words: *msg.first_chunk()? })
    }

    const fn at(&self, index: Word) -> Word {
        self.words[index as usize]
    }

    /// The number of the system call.
    pub const fn syscall(&self) -> Word {
        self.at(sys::seL4_UnknownSyscall_Syscall)
    }

    /// The address of the `ecall` instruction itself.
    pub const fn ip(&self) -> Word {
        self.at(sys::seL4_UnknownSyscall_FaultIP)
    }

    /// The registers with their names.
    pub const fn registers(&self) -> [(&'static str, Word); 10] {
        [
            ("pc", self.at(sys::seL4_UnknownSyscall_FaultIP)),
            ("sp", self.at(sys::seL4_UnknownSyscall_SP)),
            ("ra", self.at(sys::seL4_UnknownSyscall_RA)),
            ("a0", self.at(sys::seL4_UnknownSyscall_A0)),
            ("a1", self.at(sys::seL4_UnknownSyscall_A1)),
            ("a2", self.at(sys::seL4_UnknownSyscall_A2)),
            ("a3", self.at(sys::seL4_UnknownSyscall_A3)),
            ("a4", self.at(sys::seL4_UnknownSyscall_A4)),
            ("a5", self.at(sys::seL4_UnknownSyscall_A5)),
            ("a6", self.at(sys::seL4_UnknownSyscall_A6)),
        ]
    }
}

/// An exception of the processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserException {
    /// The instruction.
    pub ip: Word,
    /// The stack pointer.
    pub sp: Word,
    /// The exception's number, scause (RISC-V privileged specification, table of supervisor cause values).
    pub number: Word,
    /// Always 0.
    pub code: Word,
}

impl UserException {
    pub(crate) fn read(msg: &[Word]) -> Option<Self> {
        let at = |index: Word| msg.get(index as usize).copied();
        Some(Self {
            ip: at(sys::seL4_UserException_FaultIP)?,
            sp: at(sys::seL4_UserException_SP)?,
            number: at(sys::seL4_UserException_Number)?,
            code: at(sys::seL4_UserException_Code)?,
        })
    }

    /// The exception's name.
    pub const fn name(&self) -> &'static str {
        match self.number {
            0 => "misaligned instruction",
            2 => "illegal instruction",
            3 => "breakpoint",
            4 => "misaligned load",
            6 => "misaligned store",
            _ => "exception",
        }
    }
}

/// An access to memory that is not mapped, or not for that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmFault {
    /// The instruction.
    pub ip: Word,
    /// The address.
    pub addr: Word,
    /// scause: 1, 5, 7 an access that the machine refused, 12, 13, 15 one that the page table refused; in this
    /// order fetch, load, store.
    pub fsr: Word,
}

impl VmFault {
    pub(crate) fn read(msg: &[Word]) -> Option<Self> {
        let at = |index: Word| msg.get(index as usize).copied();
        Some(Self {
            ip: at(sys::seL4_VMFault_IP)?,
            addr: at(sys::seL4_VMFault_Addr)?,
            fsr: at(sys::seL4_VMFault_FSR)?,
        })
    }

    /// Whether it was a write.
    pub const fn is_write(&self) -> bool {
        matches!(self.fsr, 7 | 15)
    }

    /// Whether an instruction was to be fetched.
    pub const fn is_prefetch(&self) -> bool {
        matches!(self.fsr, 1 | 12)
    }
}

impl fmt::Display for UnknownSyscall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownSyscall: number {:#x}, ip {:#x}", self.syscall(), self.ip())
    }
}

impl fmt::Display for UserException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ip, sp, number, code, .. } = self;
        write!(f, "UserException: {} ({number}), code {code:#x}, ip {ip:#x}, sp {sp:#x}", self.name())
    }
}

impl fmt::Display for VmFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = if self.is_prefetch() {
            "instruction fetch from"
        } else if self.is_write() {
            "write to"
        } else {
            "read of"
        };
        // The processor does not tell a page that is missing from one that is mapped for something else.
        write!(
            f,
            "VmFault: {access} a page that is not mapped for it, address {:#x}, ip {:#x}, fsr {}",
            self.addr, self.ip, self.fsr
        )
    }
}
