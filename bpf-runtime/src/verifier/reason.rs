//! Why a program is refused, one sentence each that says what would help.
use core::fmt;

use super::value::Base;
use crate::isa::{FRAME_BYTES, MAX_FRAMES, MAX_INSNS, Malformed};

/// What an access or an argument concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// A call frame's stack.
    Stack,
    /// The hook's context.
    Context,
    /// A map's value.
    MapValue,
    /// A ring buffer record.
    Record,
    /// A map's handle.
    Map,
    /// The packet.
    Packet,
    /// The packet's metadata.
    Meta,
}

impl From<Base> for Region {
    fn from(base: Base) -> Self {
        match base {
            Base::Stack(_) => Self::Stack,
            Base::Context => Self::Context,
            Base::Value(_) | Base::Global(_) => Self::MapValue,
            Base::Record(_) => Self::Record,
            // The address of a function is not accessed as memory.
            Base::Map(_) | Base::Code(_) => Self::Map,
            Base::Packet | Base::PacketEnd | Base::Stale => Self::Packet,
            Base::Meta => Self::Meta,
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stack => "the stack",
            Self::Context => "the context",
            Self::MapValue => "the map value",
            Self::Record => "the ring buffer record",
            Self::Map => "the map",
            Self::Packet => "the packet",
            Self::Meta => "the packet's metadata",
        })
    }
}

/// Why a program is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No instruction.
    Empty,
    /// More instructions than [`MAX_INSNS`].
    TooLong(usize),
    /// More maps than a program may use.
    TooManyMaps(usize),
    /// No instruction of the set.
    Malformed(Malformed),
    /// A jump or a call to a slot that is not in the program or is the second one of an `lddw`.
    Target(i64),
    /// A jump into another function.
    LeavesFunction(i64),
    /// The last instruction of a function is neither exit nor an unconditional jump.
    FallsOff,
    /// A call through a register that is not known to hold the address of a function.
    Indirect,
    /// A function that calls itself, directly or not.
    Recursion,
    /// A tail call in a function.
    TailCallInFunction,
    /// A legacy packet load in a function.
    LegacyLoadInFunction,
    /// More active calls than [`MAX_FRAMES`].
    CallDepth,
    /// A register is read before it is written.
    Uninit {
        /// The register.
        register: u8,
    },
    /// Bytes of the stack are read before they are written.
    UninitStack {
        /// The first of them, from r10.
        offset: i64,
    },
    /// Memory is accessed through a number.
    NotAPointer {
        /// The register.
        register: u8,
    },
    /// A pointer that may be null is used.
    MaybeNull {
        /// The register.
        register: u8,
    },
    /// An access that may lie outside.
    Bounds {
        /// Of what.
        region: Region,
        /// The least and the greatest offset that it may begin at.
        offset: (i32, i32),
        /// The most bytes that it may have.
        bytes: u64,
        /// The offsets that are inside: first, behind the last.
        inside: (i32, i32),
    },
    /// An access to a packet that may end before.
    Packet {
        /// Of what.
        region: Region,
        /// The most bytes that it may have.
        bytes: u64,
        /// Whether it may begin before the packet.
        before: bool,
        /// Bytes that are known to be there.
        there: u64,
    },
    /// An address of a packet is used after a helper may have moved the packet.
    Moved {
        /// The register.
        register: u8,
    },
    /// An atomic operation on a packet.
    PacketAtomic,
    /// A field of the context that holds a pointer is accessed in part, or with something else.
    WholeField(&'static str),
    /// A field of the context that programs of this type may not read.
    HiddenField(&'static str),
    /// An access whose offset may be no multiple of its size.
    Misaligned {
        /// Of what.
        region: Region,
        /// Bytes.
        bytes: u64,
    },
    /// A store to something that is read-only.
    ReadOnly(Region),
    /// A store of a pointer to memory that others read.
    PointerLeak(Region),
    /// A pointer is stored in part, or at an unaligned place, or by an atomic operation.
    PointerSpill,
    /// A store at an unknown place that may overwrite a spilled pointer.
    PointerOverwrite,
    /// A pointer to a function's own stack is stored into its caller's.
    StackEscape,
    /// Arithmetic that a pointer can't take part in.
    PointerArithmetic(&'static str),
    /// An offset grows beyond what is tracked.
    OffsetRange,
    /// A comparison with a pointer that tells its address.
    PointerCompare,
    /// The program returns an address.
    ReturnsPointer,
    /// The answer may be one that the hook does not know.
    Verdict {
        /// What r0 may be.
        r0: (i64, i64),
        /// What it has to be.
        allowed: (i32, i32),
    },
    /// A map index that the program has no map for.
    NoMap(u32),
    /// A value is addressed directly in a map that is no array of one entry.
    DirectValue(u32),
    /// No helper has this number.
    NoHelper(u32),
    /// Programs on this hook may not call it.
    HelperForbidden(&'static str),
    /// An argument is not what the helper takes.
    Argument {
        /// The helper.
        helper: &'static str,
        /// The register.
        register: u8,
        /// What it has to be.
        wanted: &'static str,
    },
    /// A program would change a map that it may only read.
    ReadOnlyMap,
    /// A record is given back that is not reserved (any more), or not by its start.
    NotReserved,
    /// More records are reserved at a time than the interpreter holds.
    TooManyRecords,
    /// The program ends with a reserved record.
    Unreleased,
    /// The state at a point of a loop repeats: it never ends.
    InfiniteLoop,
    /// The budget of steps is used up.
    Steps {
        /// The budget.
        budget: u64,
    },
    /// The memory budget of the verifier is used up.
    OutOfMemory,
    /// A fault of the verifier itself; the program is not run.
    Internal(&'static str),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the program is empty: it needs an exit at least"),
            Self::TooLong(n) => write!(f, "{n} instructions: a program has {MAX_INSNS} at most, split it"),
            Self::TooManyMaps(n) => write!(f, "{n} maps: a program has {} at most", crate::interp::MAX_MAPS),
            Self::Malformed(why) => why.fmt(f),
            Self::Target(to) => write!(f, "jump or call to {to}, where no instruction begins"),
            Self::LeavesFunction(to) => write!(f, "jump to {to} in another function: call it instead"),
            Self::FallsOff => f.write_str(
                "the function's last instruction is neither exit nor goto: control would run off its end",
            ),
            Self::Indirect => {
                f.write_str("callx needs a register that holds the address of a function of the program")
            }
            Self::Recursion => f.write_str("the function calls itself: use a loop with a bound instead"),
            Self::TailCallInFunction => {
                f.write_str("a tail call in a function: it replaces the whole program, call it from there")
            }
            Self::LegacyLoadInFunction => f.write_str(
                "a legacy packet load in a function: it may end the whole program, inline the function",
            ),
            Self::CallDepth => write!(f, "calls nest deeper than {MAX_FRAMES} frames: inline some functions"),
            Self::Uninit { register } => {
                write!(f, "r{register} is not initialised here: set it on every path")
            }
            Self::UninitStack { offset } => {
                write!(f, "the stack at r10{offset:+} is read before it is written: initialise it")
            }
            Self::NotAPointer { register } => {
                write!(f, "r{register} is a number, not an address: only pointers can be accessed")
            }
            Self::MaybeNull { register } => {
                write!(f, "r{register} may be null: compare it with 0 before it is used")
            }
            Self::Bounds { region, offset, bytes, inside } => bounds(f, *region, *offset, *bytes, *inside),
            Self::Packet { .. }
            | Self::Moved { .. }
            | Self::PacketAtomic
            | Self::WholeField(_)
            | Self::HiddenField(_) => self.network(f),
            Self::Misaligned { region, bytes } => {
                write!(f, "access of {bytes} bytes to {region} at an offset that is no multiple of {bytes}")
            }
            Self::ReadOnly(region) => write!(f, "{region} is read-only"),
            Self::PointerLeak(region) => {
                write!(
                    f,
                    "a pointer would be stored in {region}: addresses stay in registers and on the stack"
                )
            }
            Self::PointerSpill => f.write_str("a pointer is stored whole, at a multiple of 8, or not at all"),
            Self::PointerOverwrite => {
                f.write_str("the store at an unknown offset may overwrite a saved pointer: bound the offset")
            }
            Self::StackEscape => f.write_str("a pointer to this function's stack may not outlive the call"),
            Self::PointerArithmetic(what) => f.write_str(what),
            Self::OffsetRange => f.write_str(
                "the pointer's offset is not bounded: compare the number that is added with a limit",
            ),
            Self::PointerCompare => {
                f.write_str("pointers compare with null and with pointers into the same memory only")
            }
            Self::ReturnsPointer => f.write_str("r0 is an address at exit: return a number"),
            Self::Verdict { r0: (low, high), allowed: (least, most) } => {
                write!(f, "r0 may be {low} to {high} at exit: the hook takes {least} to {most}")
            }
            Self::NoMap(map) => write!(f, "there is no map number {map}"),
            Self::DirectValue(map) => {
                write!(f, "map number {map} is no array with one entry: look values up")
            }
            Self::NoHelper(number) => write!(f, "there is no helper number {number}"),
            Self::HelperForbidden(name) => write!(f, "the hook's programs may not call {name}"),
            Self::Argument { helper, register, wanted } => {
                write!(f, "{helper}: r{register} has to be {wanted}")
            }
            Self::ReadOnlyMap => f.write_str("the map is read-only for programs"),
            Self::NotReserved => {
                f.write_str("r1 has to be the start of a ring buffer record that is reserved")
            }
            Self::TooManyRecords => {
                write!(f, "more than {} records reserved at a time", super::state::MAX_RECORDS)
            }
            Self::Unreleased => {
                f.write_str("a ring buffer record is still reserved: submit or discard it on every path")
            }
            Self::InfiniteLoop => {
                f.write_str("the loop does not end: nothing that its condition reads changes")
            }
            Self::Steps { budget } => {
                write!(f, "not proven within {budget} steps: give loops a smaller constant bound")
            }
            Self::OutOfMemory => {
                f.write_str("the verifier's memory is used up: make the program smaller or its loops shorter")
            }
            Self::Internal(what) => write!(f, "the verifier failed at itself ({what}): please report it"),
        }
    }
}

impl Reason {
    /// Those of packets and their contexts.
    fn network(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packet { region, bytes, before: true, .. } => {
                write!(f, "access of {bytes} bytes that may begin before {region}: check the offset before")
            }
            Self::Packet { region, bytes, there, .. } => write!(
                f,
                "access of {bytes} bytes to {region}, of which {there} are known to be there: compare the address \
                 behind them with the end before"
            ),
            Self::Moved { register } => {
                write!(
                    f,
                    "r{register} is where the packet was before a helper moved it: load its address anew"
                )
            }
            Self::PacketAtomic => f.write_str("atomic operations on the packet are not supported: use a map"),
            Self::WholeField(name) => {
                write!(
                    f,
                    "the context's field {name} is an address: it is read alone, as 4 bytes without sign"
                )
            }
            Self::HiddenField(name) => {
                write!(f, "the context's field {name} is not for programs of this type")
            }
            _ => Ok(()),
        }
    }
}

fn bounds(
    f: &mut fmt::Formatter<'_>,
    region: Region,
    (low, high): (i32, i32),
    bytes: u64,
    (first, end): (i32, i32),
) -> fmt::Result {
    write!(f, "access of {bytes} bytes to {region} at offset ")?;
    if low == high {
        write!(f, "{low}")?;
    } else {
        write!(f, "{low} to {high}")?;
    }
    match region {
        Region::Stack => write!(f, ": a frame has {FRAME_BYTES} bytes below r10"),
        _ if low == high => write!(f, ": its bytes are {first} to {}", end - 1),
        _ => write!(f, ": its bytes are {first} to {}, check the offset before", end - 1),
    }
}
