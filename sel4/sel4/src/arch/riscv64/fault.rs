//! What faults mean on riscv64 (`libsel4/sel4_arch_include/riscv64/sel4/sel4_arch/constants.h`).

use crate::{UserException, VmFault, Word};

crate::fault::declare_syscall_registers! {
    "pc" seL4_UnknownSyscall_FaultIP
    "sp" seL4_UnknownSyscall_SP
    "ra" seL4_UnknownSyscall_RA
    "a0" seL4_UnknownSyscall_A0
    "a1" seL4_UnknownSyscall_A1
    "a2" seL4_UnknownSyscall_A2
    "a3" seL4_UnknownSyscall_A3
    "a4" seL4_UnknownSyscall_A4
    "a5" seL4_UnknownSyscall_A5
    "a6" seL4_UnknownSyscall_A6
}

impl UserException {
    /// The number is told.
    pub(crate) const NUMBERED: bool = true;

    /// The exception's name, by `scause` (RISC-V privileged specification, table of supervisor cause values).
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

/// `scause`: 1, 5, 7 an access that the machine refused, 12, 13, 15 one that the page table refused; in this order fetch,
/// load, store.
impl VmFault {
    /// What the kernel tells of accesses that the page table refused. The official kernel tells them as those that the machine
    /// refused (`handleVMFault` in `src/arch/riscv/kernel/vspace.c`).
    pub const BY_PAGE_TABLE: [Word; 3] = if cfg!(sel4_generation = "v13") { [1, 5, 7] } else { [12, 13, 15] };

    /// Whether it was a write.
    pub const fn is_write(&self) -> bool {
        matches!(self.fsr, 7 | 15)
    }

    /// Whether an instruction was to be fetched.
    pub const fn is_prefetch(&self) -> bool {
        matches!(self.fsr, 1 | 12)
    }

    /// What is there: the processor does not tell a page that is missing from one that is mapped for something else.
    #[allow(clippy::unused_self)] // Elsewhere it can tell.
    pub(crate) const fn page(&self) -> &'static str {
        "a page that is not mapped for it"
    }
}
