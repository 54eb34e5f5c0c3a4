//! What faults mean on aarch64 (`libsel4/sel4_arch_include/aarch64/sel4/sel4_arch/constants.h`).

use crate::{UserException, VmFault, Word};

crate::fault::declare_syscall_registers! {
    "x0" seL4_UnknownSyscall_X0
    "x1" seL4_UnknownSyscall_X1
    "x2" seL4_UnknownSyscall_X2
    "x3" seL4_UnknownSyscall_X3
    "x4" seL4_UnknownSyscall_X4
    "x5" seL4_UnknownSyscall_X5
    "x6" seL4_UnknownSyscall_X6
    "x7" seL4_UnknownSyscall_X7
    "pc" seL4_UnknownSyscall_FaultIP
    "sp" seL4_UnknownSyscall_SP
    "lr" seL4_UnknownSyscall_LR
    "spsr" seL4_UnknownSyscall_SPSR
}

/// The label of a fault of which a kernel at EL2 tells `ESR` and no more (`seL4_Fault_VCPUFault`, which other kernels' headers do
/// not have): most exceptions that are neither an access nor an undefined instruction (`handleVCPUFault`,
/// `src/arch/arm/object/vcpu.c`).
pub(crate) const SYNDROME_ALONE: Option<Word> = if super::AT_EL2 { Some(7) } else { None };

impl UserException {
    /// The number says no more than the name.
    pub(crate) const NUMBERED: bool = false;
    /// Whether the number is `ESR`. 5.0.0 tells 0 of all (`c_handle_undefined_instruction`): most are undefined instructions,
    /// others are breakpoints, system registers and floating point.
    pub const IS_SYNDROME: bool = cfg!(sel4_generation = "v13");

    /// The exception's name, by its class in `ESR` (Arm ARM, D17.2.37).
    pub const fn name(&self) -> &'static str {
        match self.number >> 26 & 0x3f {
            0x00 => "undefined instruction",
            0x07 => "floating point",
            0x0e => "illegal state",
            0x18 => "system register",
            0x22 => "misaligned instruction",
            0x26 => "misaligned stack",
            0x30..=0x35 | 0x3c => "breakpoint",
            _ => "exception",
        }
    }
}

/// `ESR`: bit 6 it was a write, bits 5 to 0 what is wrong.
impl VmFault {
    /// Whether it was a write.
    pub const fn is_write(&self) -> bool {
        !self.prefetch && self.fsr & 1 << 6 != 0
    }

    /// Whether something is mapped there: a permission fault (`0b0011xx`), not a translation fault.
    pub const fn is_mapped(&self) -> bool {
        self.fsr & 0x3c == 0x0c
    }

    /// Whether the address has to be a multiple of something that it is not: an alignment fault (`0b100001`).
    pub const fn is_misaligned(&self) -> bool {
        self.fsr & 0x3f == 0x21
    }

    /// Whether an instruction was to be fetched.
    pub const fn is_prefetch(&self) -> bool {
        self.prefetch
    }

    /// What is there.
    pub(crate) const fn page(&self) -> &'static str {
        match (self.is_mapped(), self.is_prefetch(), self.is_write()) {
            _ if self.is_misaligned() => "a misaligned address",
            (false, _, _) => "an unmapped page",
            (true, true, _) => "a page that is not executable",
            (true, false, true) => "a read-only page",
            (true, false, false) => "the kernel's memory",
        }
    }
}
