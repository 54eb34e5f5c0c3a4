//! Fault messages of x86_64 (`libsel4/sel4_arch_include/x86_64/sel4/sel4_arch/constants.h`).

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

    /// The address of the `syscall` instruction itself.
    pub const fn ip(&self) -> Word {
        self.at(sys::seL4_UnknownSyscall_FaultIP)
    }

    /// The registers with their names.
    pub const fn registers(&self) -> [(&'static str, Word); 18] {
        [
            ("rax", self.at(sys::seL4_UnknownSyscall_RAX)),
            ("rbx", self.at(sys::seL4_UnknownSyscall_RBX)),
            ("rcx", self.at(sys::seL4_UnknownSyscall_RCX)),
            ("rdx", self.at(sys::seL4_UnknownSyscall_RDX)),
            ("rsi", self.at(sys::seL4_UnknownSyscall_RSI)),
            ("rdi", self.at(sys::seL4_UnknownSyscall_RDI)),
            ("rbp", self.at(sys::seL4_UnknownSyscall_RBP)),
            ("r8", self.at(sys::seL4_UnknownSyscall_R8)),
            ("r9", self.at(sys::seL4_UnknownSyscall_R9)),
            ("r10", self.at(sys::seL4_UnknownSyscall_R10)),
            ("r11", self.at(sys::seL4_UnknownSyscall_R11)),
            ("r12", self.at(sys::seL4_UnknownSyscall_R12)),
            ("r13", self.at(sys::seL4_UnknownSyscall_R13)),
            ("r14", self.at(sys::seL4_UnknownSyscall_R14)),
            ("r15", self.at(sys::seL4_UnknownSyscall_R15)),
            ("rip", self.at(sys::seL4_UnknownSyscall_FaultIP)),
            ("rsp", self.at(sys::seL4_UnknownSyscall_SP)),
            ("rflags", self.at(sys::seL4_UnknownSyscall_FLAGS)),
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
    /// The flags.
    pub flags: Word,
    /// The exception's number (Intel SDM vol. 3, table 6-1).
    pub number: Word,
    /// Its error code.
    pub code: Word,
}

impl UserException {
    pub(crate) fn read(msg: &[Word]) -> Option<Self> {
        let at = |index: Word| msg.get(index as usize).copied();
        Some(Self {
            ip: at(sys::seL4_UserException_FaultIP)?,
            sp: at(sys::seL4_UserException_SP)?,
            flags: at(sys::seL4_UserException_FLAGS)?,
            number: at(sys::seL4_UserException_Number)?,
            code: at(sys::seL4_UserException_Code)?,
        })
    }

    /// The exception's name.
    pub const fn name(&self) -> &'static str {
        match self.number {
            0 => "divide error",
            1 => "debug",
            3 => "breakpoint",
            4 => "overflow",
            6 => "invalid opcode",
            10..=12 => "bad segment",
            13 => "general protection",
            16 => "x87 error",
            17 => "alignment check",
            19 => "SIMD error",
            _ => "exception",
        }
    }
}

/// An access to memory that is not mapped, or not for that. The kernel cuts the address to 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmFault {
    /// The instruction.
    pub ip: Word,
    /// The address.
    pub addr: Word,
    /// The page fault's error code: bit 0 the page is mapped, bit 1 it was written to, bit 2 by a program.
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
        self.fsr & 2 != 0
    }

    /// Whether something is mapped there.
    pub const fn is_mapped(&self) -> bool {
        self.fsr & 1 != 0
    }

    /// Whether an instruction was to be fetched. The kernel's message does not say so here, but then the
    /// address is the instruction's.
    pub const fn is_prefetch(&self) -> bool {
        self.addr == self.ip && !self.is_write()
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
        let page = match (self.is_mapped(), self.is_write()) {
            (false, _) => "an unmapped page",
            (true, true) => "a read-only page",
            (true, false) => "the kernel's memory",
        };
        write!(f, "VmFault: {access} {page}, address {:#x}, ip {:#x}, fsr {}", self.addr, self.ip, self.fsr)
    }
}
