use core::fmt;

/// Why a run was ended. The verifier proves that none of these but `Fuel` can happen to a program that it
/// accepts: the interpreter does not rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrapReason {
    /// The budget was used up.
    Fuel,
    /// Execution left the code, or came to something that is no instruction.
    Code,
    /// An access to memory that is not the program's.
    Access {
        /// The virtual address.
        address: u64,
        /// Bytes.
        size: usize,
    },
    /// A write to the context or to a read-only map.
    ReadOnly,
    /// An atomic access that is not aligned to its size.
    Misaligned,
    /// A call of a helper that does not exist, or through a register that holds no function.
    NoFunction,
    /// More call frames than there are.
    CallDepth,
    /// An argument of a helper is no handle of a map, or of none of the right kind.
    NoMap,
    /// A ring buffer record that is not reserved.
    NoRecord,
    /// No fault: the program goes over to another one, which [`run_chain`](super::run_chain) runs. Given only where
    /// [`Env::tail_call`](super::Env::tail_call) agreed.
    TailCall {
        /// The program's number in the program array.
        number: u32,
    },
}

/// A run that was ended before its exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// The slot of the instruction.
    pub at: usize,
    /// What was wrong.
    pub reason: TrapReason,
}

impl fmt::Display for TrapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fuel => f.write_str("the instruction budget is used up"),
            Self::Code => f.write_str("no instruction to execute"),
            Self::Access { address, size } => {
                write!(f, "access to {size} bytes at {address:#x}, which is not the program's memory")
            }
            Self::ReadOnly => f.write_str("write to read-only memory"),
            Self::Misaligned => f.write_str("misaligned atomic access"),
            Self::NoFunction => f.write_str("call of a function that does not exist"),
            Self::CallDepth => f.write_str("calls nested too deep"),
            Self::NoMap => f.write_str("argument is no map of a kind that the helper takes"),
            Self::TailCall { number } => write!(f, "tail call to program {number}, which was not run"),
            Self::NoRecord => f.write_str("argument is no reserved ring buffer record"),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {}: {}", self.at, self.reason)
    }
}
