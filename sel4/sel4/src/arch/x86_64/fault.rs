//! What faults mean on x86_64 (`libsel4/sel4_arch_include/x86_64/sel4/sel4_arch/constants.h`).

use crate::{UserException, VmFault};

crate::fault::declare_syscall_registers! {
    "rax" seL4_UnknownSyscall_RAX
    "rbx" seL4_UnknownSyscall_RBX
    "rcx" seL4_UnknownSyscall_RCX
    "rdx" seL4_UnknownSyscall_RDX
    "rsi" seL4_UnknownSyscall_RSI
    "rdi" seL4_UnknownSyscall_RDI
    "rbp" seL4_UnknownSyscall_RBP
    "r8" seL4_UnknownSyscall_R8
    "r9" seL4_UnknownSyscall_R9
    "r10" seL4_UnknownSyscall_R10
    "r11" seL4_UnknownSyscall_R11
    "r12" seL4_UnknownSyscall_R12
    "r13" seL4_UnknownSyscall_R13
    "r14" seL4_UnknownSyscall_R14
    "r15" seL4_UnknownSyscall_R15
    "rip" seL4_UnknownSyscall_FaultIP
    "rsp" seL4_UnknownSyscall_SP
    "rflags" seL4_UnknownSyscall_FLAGS
}

impl UserException {
    /// Number and code are told.
    pub(crate) const NUMBERED: bool = true;

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

/// The page fault's error code: bit 0 the page is mapped, bit 1 it was written to, bit 2 by a program.
impl VmFault {
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

    /// What is there.
    pub(crate) const fn page(&self) -> &'static str {
        match (self.is_mapped(), self.is_write()) {
            (false, _) => "an unmapped page",
            (true, true) => "a read-only page",
            (true, false) => "the kernel's memory",
        }
    }
}
