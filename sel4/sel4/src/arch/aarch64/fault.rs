//! Fault messages of aarch64 (`libsel4/sel4_arch_include/aarch64/sel4/sel4_arch/constants.h`).

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

    /// The address of the `svc` instruction itself.
    pub const fn ip(&self) -> Word {
        self.at(sys::seL4_UnknownSyscall_FaultIP)
    }

    /// The registers with their names.
    pub const fn registers(&self) -> [(&'static str, Word); 12] {
        [
            ("x0", self.at(sys::seL4_UnknownSyscall_X0)),
            ("x1", self.at(sys::seL4_UnknownSyscall_X1)),
            ("x2", self.at(sys::seL4_UnknownSyscall_X2)),
            ("x3", self.at(sys::seL4_UnknownSyscall_X3)),
            ("x4", self.at(sys::seL4_UnknownSyscall_X4)),
            ("x5", self.at(sys::seL4_UnknownSyscall_X5)),
            ("x6", self.at(sys::seL4_UnknownSyscall_X6)),
            ("x7", self.at(sys::seL4_UnknownSyscall_X7)),
            ("pc", self.at(sys::seL4_UnknownSyscall_FaultIP)),
            ("sp", self.at(sys::seL4_UnknownSyscall_SP)),
            ("lr", self.at(sys::seL4_UnknownSyscall_LR)),
            ("spsr", self.at(sys::seL4_UnknownSyscall_SPSR)),
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
    /// The saved program status.
    pub spsr: Word,
    /// Nothing: the kernel does not say which exception it was (`c_handle_undefined_instruction`), and sends 0.
    pub number: Word,
    /// Nothing.
    pub code: Word,
}

impl UserException {
    pub(crate) fn read(msg: &[Word]) -> Option<Self> {
        let at = |index: Word| msg.get(index as usize).copied();
        Some(Self {
            ip: at(sys::seL4_UserException_FaultIP)?,
            sp: at(sys::seL4_UserException_SP)?,
            spsr: at(sys::seL4_UserException_SPSR)?,
            number: at(sys::seL4_UserException_Number)?,
            code: at(sys::seL4_UserException_Code)?,
        })
    }

    /// The exception's name. Most are this one; others are system registers and floating point.
    pub const fn name(&self) -> &'static str {
        "undefined instruction"
    }
}

/// An access to memory that is not mapped, or not for that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmFault {
    /// The instruction.
    pub ip: Word,
    /// The address.
    pub addr: Word,
    /// Whether an instruction was to be fetched.
    pub prefetch: bool,
    /// The syndrome, `ESR_EL1` (Arm ARM, D17.2.37): bit 6 it was a write, bits 5 to 0 what is wrong.
    pub fsr: Word,
}

impl VmFault {
    pub(crate) fn read(msg: &[Word]) -> Option<Self> {
        let at = |index: Word| msg.get(index as usize).copied();
        Some(Self {
            ip: at(sys::seL4_VMFault_IP)?,
            addr: at(sys::seL4_VMFault_Addr)?,
            prefetch: at(sys::seL4_VMFault_PrefetchFault)? != 0,
            fsr: at(sys::seL4_VMFault_FSR)?,
        })
    }

    /// Whether it was a write.
    pub const fn is_write(&self) -> bool {
        !self.prefetch && self.fsr & 1 << 6 != 0
    }

    /// Whether something is mapped there: a permission fault (`0b0011xx`), not a translation fault.
    pub const fn is_mapped(&self) -> bool {
        self.fsr & 0x3c == 0x0c
    }

    /// Whether an instruction was to be fetched.
    pub const fn is_prefetch(&self) -> bool {
        self.prefetch
    }
}

impl fmt::Display for UnknownSyscall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownSyscall: number {:#x}, ip {:#x}", self.syscall(), self.ip())
    }
}

impl fmt::Display for UserException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ip, sp, .. } = self;
        write!(f, "UserException: {}, ip {ip:#x}, sp {sp:#x}", self.name())
    }
}

impl fmt::Display for VmFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match (self.is_prefetch(), self.is_write()) {
            (true, _) => "instruction fetch from",
            (false, true) => "write to",
            (false, false) => "read of",
        };
        let page = match (self.is_mapped(), self.is_prefetch(), self.is_write()) {
            (false, _, _) => "an unmapped page",
            (true, true, _) => "a page that is not executable",
            (true, false, true) => "a read-only page",
            (true, false, false) => "the kernel's memory",
        };
        write!(
            f,
            "VmFault: {access} {page}, address {:#x}, ip {:#x}, fsr {:#x}",
            self.addr, self.ip, self.fsr
        )
    }
}
