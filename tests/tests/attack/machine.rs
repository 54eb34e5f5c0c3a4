//! What differs between the machines that are attacked, as data.

use hypos_tests::tools;

use crate::order::Range;

const GIB: u64 = 1 << 30;

/// A machine.
pub struct Machine {
    /// Its compiler's arguments.
    pub compiler: &'static [&'static str],
    /// Behind the last address that programs can have.
    pub user_end: u64,
    /// How far apart addresses are that are sampled where programs could have memory, and how that is said.
    pub sparse: (u64, &'static str),
    /// Where the kernel is: its half of the addresses, its image.
    pub kernel: [Range; 2],
    /// Addresses that are none.
    pub none: Range,
    /// How the stop for such a one begins.
    pub none_stop: &'static str,
    /// The bits of an address that the kernel tells.
    pub told: u64,
    /// Whether what can be read can be executed.
    pub executes_data: bool,
    /// Bytes by which one push moves the stack pointer, and where the push writes below where it was.
    pub push: (u64, u64),
    /// Flags that a kernel must not run with.
    pub flags: Flags,
    /// Between two instructions at least.
    pub instruction_bytes: u64,
}

/// Flags of a program that a kernel must not run with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flags {
    /// The machine has none.
    None,
    /// The kernel clears them when it is entered.
    Cleared,
    /// They stay when a system call enters the kernel: it returns with NT set, which the processor refuses.
    Kept,
}

/// Addresses that are none, of a machine whose programs have `bits` bits of address.
const fn none(bits: u32) -> Range {
    Range { start: 1 << bits, step: 1 << 58, count: 32 }
}

/// The kernel's half of the addresses in steps, and its image.
const fn kernel(half: u64, step: u64, image: u64) -> [Range; 2] {
    [Range { start: half, step, count: 64 }, Range { start: image, step: 256 << 10, count: 64 }]
}

const X86_64: Machine = Machine {
    compiler: &["--target=x86_64-unknown-none-elf", "-mno-red-zone", "-mno-sse"],
    user_end: 1 << 47,
    sparse: (2048 * GIB, "2 TiB"),
    kernel: kernel(0xffff_8000_0000_0000, 2048 * GIB, 0xffff_ffff_8000_0000),
    none: none(47),
    // The exception, and not the address.
    none_stop: "UserException: general protection (13), ",
    told: 0xffff_ffff,
    executes_data: true,
    push: (8, 8),
    flags: Flags::Cleared,
    instruction_bytes: 1,
};

/// An installed kernel tells all of an address, and has `SYSCALL` clear TF and IF alone (`src/arch/x86/64/kernel/vspace.c`,
/// `init_syscall_msrs`), where our header of 5.0.0 adds NT, DF and AC.
const X86_64_INSTALLED: Machine = Machine { told: u64::MAX, flags: Flags::Kept, ..X86_64 };

/// Halves of 48 bits (the loader's `TCR_EL1`); the kernel's window begins 512 GiB before the end.
const AARCH64: Machine = Machine {
    compiler: &["--target=aarch64-unknown-none-elf", "-mgeneral-regs-only"],
    user_end: 1 << 48,
    sparse: (4096 * GIB, "4 TiB"),
    kernel: kernel(0xffff_0000_0000_0000, 4096 * GIB, 0xffff_ff80_0000_0000),
    none: none(48),
    none_stop: "VmFault: ",
    told: u64::MAX,
    executes_data: false,
    push: (16, 16),
    flags: Flags::None,
    instruction_bytes: 4,
};

/// Sv39; the kernel's window shows all physical memory, of which RAM begins at 2 GiB. What is not said here is as above.
const RISCV64: Machine = Machine {
    compiler: &[
        "--target=riscv64-unknown-none-elf",
        "-march=rv64imac_zicsr_zifencei_zicntr_zihpm",
        "-mno-relax",
        "-mcmodel=medany",
    ],
    user_end: 1 << 38,
    sparse: (4 * GIB, "4 GiB"),
    kernel: kernel(0xffff_ffc0_0000_0000, 4 * GIB, 0xffff_ffc0_8000_0000),
    none: none(38),
    push: (16, 8),
    instruction_bytes: 2,
    ..AARCH64
};

impl Machine {
    /// The board's.
    pub fn get() -> &'static Self {
        match tools::board().split('/').next() {
            Some("aarch64") => &AARCH64,
            Some("riscv64") => &RISCV64,
            _ if tools::installed().is_some() => &X86_64_INSTALLED,
            _ => &X86_64,
        }
    }

    /// In the kernel's image, or beside it.
    pub const fn kernel_place(&self) -> u64 {
        self.kernel[1].start + 0x70_0000
    }
}
