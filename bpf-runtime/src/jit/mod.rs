//! The compiler to machine code. It only writes bytes, into memory that the caller gives, and looks at no address:
//! mapping them for execution and calling them is the caller's business, as is never to have one mapping that can do
//! both. The code is position-independent: it may be written at one address and run at another.
//!
//! # Before the first call
//!
//! A processor may have fetched what was in that memory before. What makes it see the new instructions:
//! - x86_64: nothing; caches are coherent (Intel's SDM, volume 3, section 12.6), and entering a mapping that was changed
//!   serialises.
//! - aarch64: for each line of the data cache (`CTR_EL0.DminLine`) `dc cvau` at the address where the code was
//!   written; `dsb ish`; for each line of the instruction cache (`CTR_EL0.IminLine`) `ic ivau` at the address where it
//!   will run; `dsb ish`; then `isb` on each processor that is to run it (Arm ARM, DDI 0487, B2.7.4.2).
//! - riscv64: `fence w, rw` on the processor that wrote, then `fence.i` on each one that is to run the code
//!   (Unprivileged ISA, chapter "Zifencei").
//!
//! # Calling the code
//!
//! Its first byte is a C function `extern "C" fn(&mut Run) -> u64` whose result is r0. Where [`Run::trap`] then
//! names a reason, the run was ended and the result is void. The caller warrants that what [`Run`] points to lives,
//! and that [`Checks::Verified`] was only said of code that the verifier has accepted for these maps and
//! this context, with a table that has all helpers that the program calls. After a call of a helper, r1 to r5 hold what
//! that left in them: the verifier lets no program read it.
//!
//! # Memory
//!
//! Programs see real addresses, of the domain that runs them, none of which may lie below
//! [`crate::isa::LOWEST_ADDRESS`]. The stack is the caller's; frames grow upwards in it as in the interpreter, and return
//! addresses are elsewhere. `lddw` of a map gives what the caller says
//! ([`MapAddress`]), and what a helper returns is taken as it is.
//!
//! # Checks
//!
//! With [`Checks::All`], each access that does not lie in the own frame by its encoding is compared with the
//! run's regions; alignment of atomics, depth of calls and existence of helpers are checked. The grain is coarser than
//! the interpreter's: a region is all of a map's memory, and all frames. With [`Checks::Verified`] none of this is
//! left, since the verifier refuses a program of which it can't prove it. Fuel is orthogonal: it is counted in
//! instructions, exactly as in the interpreter, but a basic block at a time.
//!
//! Not in need of proof in either mode: a division by zero or overflow, the target of a jump, and the target of
//! `callx`, which has to be a code address of the program or a helper's number.
#![forbid(unsafe_code)]
mod aarch64;
mod buffer;
mod compiler;
mod labels;
mod layout;
mod machine;
mod riscv64;
mod run;
mod x86_64;

use alloc::collections::TryReserveError;
use core::fmt;

pub use run::{HelperFn, Region, Run, STACK_BYTES};

use crate::isa::{Insn, Malformed};

/// Slots that a program may have here: a bound on the compiler's memory, and it keeps distances within 32 bits.
pub const MAX_SLOTS: usize = 1 << 20;

/// The machine that code is for. None uses floating point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// 64-bit x86 without extensions; System V calling convention.
    X86_64,
    /// 64-bit Arm, version 8.0 without extensions and floating point; AAPCS64 calling convention.
    Aarch64,
    /// RV64IMA with `Zifencei` for the caller; LP64 calling convention.
    Riscv64,
}

impl Target {
    /// The machine that this is compiled for, if there is a compiler for it.
    pub const HOST: Option<Self> = if cfg!(target_arch = "x86_64") {
        Some(Self::X86_64)
    } else if cfg!(target_arch = "aarch64") {
        Some(Self::Aarch64)
    } else if cfg!(target_arch = "riscv64") {
        Some(Self::Riscv64)
    } else {
        None
    };
}

/// What to check at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// All that could go wrong.
    All,
    /// Nothing that the verifier proves. Only for programs that it accepted.
    Verified,
}

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What to check at run time.
    pub checks: Checks,
    /// Whether to count [`Run::fuel`] down and end the run when it is used up.
    pub fuel: bool,
}

/// What programs get for `lddw` of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapAddress {
    /// The map's handle: what the helpers take.
    pub handle: u64,
    /// The address of the first value.
    pub values: u64,
}

/// Why a run was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// The fuel was used up.
    Fuel = 1,
    /// Execution went past the end of the code.
    Code,
    /// An access to memory that is not the program's, or a write to what it may only read.
    Access,
    /// An atomic access that is not aligned to its size.
    Misaligned,
    /// A call of a helper that does not exist, or through a register that holds no function.
    NoFunction,
    /// More call frames than there are.
    CallDepth,
    /// A helper has ended the run.
    Helper,
}

/// Why there is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Slot number, and what is wrong with it.
    Malformed(usize, Malformed),
    /// The instruction in this slot goes to a place that holds no instruction.
    NoTarget(usize),
    /// The instruction in this slot names a map that has no address.
    NoMap(usize, u32),
    /// More than [`MAX_SLOTS`] slots.
    TooLong(usize),
    /// The memory for the code is too small: this many bytes are needed.
    NoRoom(usize),
    /// No memory for the compiler's tables.
    OutOfMemory,
    /// The code is too large for the machine's jumps.
    TooFar,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(at, why) => write!(f, "instruction {at}: {why}"),
            Self::NoTarget(at) => write!(f, "instruction {at} goes to a place that holds no instruction"),
            Self::NoMap(at, map) => write!(f, "instruction {at}: no address was given for map {map}"),
            Self::TooLong(slots) => write!(f, "{slots} slots are too many: {MAX_SLOTS} at most"),
            Self::NoRoom(bytes) => write!(f, "the code needs {bytes} bytes"),
            Self::TooFar => {
                f.write_str("the code is larger than the machine's jumps reach: split the program")
            }
            Self::OutOfMemory => f.write_str("no memory for the compiler's tables"),
        }
    }
}

impl core::error::Error for Error {}

impl From<TryReserveError> for Error {
    fn from(_: TryReserveError) -> Self {
        Self::OutOfMemory
    }
}

/// Compiles `code`, whose maps are at `maps`, into `out`; gives the bytes written; what is behind them is
/// undefined. An empty `out` asks for the size.
/// Time and memory grow linearly with the code.
///
/// # Errors
/// What can't be compiled, and why. `out` is then undefined.
pub fn compile(
    target: Target,
    code: &[Insn],
    maps: &[MapAddress],
    options: Options,
    out: &mut [u8],
) -> Result<usize, Error> {
    let compile = match target {
        Target::X86_64 => compiler::compile::<x86_64::X86_64>,
        Target::Aarch64 => compiler::compile::<aarch64::Aarch64>,
        Target::Riscv64 => compiler::compile::<riscv64::Riscv64>,
    };
    compile(code, maps, options, out)
}
