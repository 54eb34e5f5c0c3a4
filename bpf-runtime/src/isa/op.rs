//! Decoded instructions.

/// Whether an operation works on 64 bits or on the low 32, zeroing the upper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// The low 32 bits.
    W32,
    /// All 64 bits.
    W64,
}

impl Width {
    /// 32 or 64.
    pub const fn bits(self) -> u32 {
        match self {
            Self::W32 => 32,
            Self::W64 => 64,
        }
    }
}

/// Bytes of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 1.
    B,
    /// 2.
    H,
    /// 4.
    W,
    /// 8.
    D,
}

impl Size {
    /// 1, 2, 4 or 8.
    pub const fn bytes(self) -> usize {
        1 << self as usize
    }
}

/// The second operand of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A register, 0 to 10.
    Reg(u8),
    /// An immediate, sign-extended to the operation's width.
    Imm(i32),
}

/// Arithmetic with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are RFC 9669's")]
pub enum Alu {
    Add,
    Sub,
    Mul,
    Div,
    SDiv,
    Or,
    And,
    Lsh,
    Rsh,
    Mod,
    SMod,
    Xor,
    Mov,
    Arsh,
}

impl Alu {
    /// All of them, in order.
    pub const ALL: [Self; 14] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::SDiv,
        Self::Or,
        Self::And,
        Self::Lsh,
        Self::Rsh,
        Self::Mod,
        Self::SMod,
        Self::Xor,
        Self::Mov,
        Self::Arsh,
    ];
}

/// What a conditional jump asks of its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are RFC 9669's")]
pub enum Test {
    Eq,
    Ne,
    Set,
    Gt,
    Ge,
    Lt,
    Le,
    SGt,
    SGe,
    SLt,
    SLe,
}

impl Test {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::Eq,
        Self::Ne,
        Self::Set,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
        Self::SGt,
        Self::SGe,
        Self::SLt,
        Self::SLe,
    ];

    /// The test that holds where this one does not, if there is one.
    pub const fn inverse(self) -> Option<Self> {
        Some(match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::SGt => Self::SLe,
            Self::SGe => Self::SLt,
            Self::SLt => Self::SGe,
            Self::SLe => Self::SGt,
            Self::Set => return None,
        })
    }
}

/// Which bytes a byte swap exchanges; programs are little-endian here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// To little-endian: cuts to the width.
    Le,
    /// To big-endian: swaps, cuts to the width.
    Be,
    /// Swaps unconditionally, cuts to the width.
    Bswap,
}

/// An atomic read-modify-write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomic {
    /// `*p += src`, the old value to src if `fetch`.
    Add {
        /// Whether src takes the old value.
        fetch: bool,
    },
    /// `*p |= src`.
    Or {
        /// Whether src takes the old value.
        fetch: bool,
    },
    /// `*p &= src`.
    And {
        /// Whether src takes the old value.
        fetch: bool,
    },
    /// `*p ^= src`.
    Xor {
        /// Whether src takes the old value.
        fetch: bool,
    },
    /// Exchanges `*p` and src.
    Xchg,
    /// If `*p == r0` then `*p = src`; r0 takes the old value.
    CmpXchg,
}

impl Atomic {
    /// The register that takes the old value, if any.
    pub const fn result(self, src: u8) -> Option<u8> {
        match self {
            Self::Add { fetch } | Self::Or { fetch } | Self::And { fetch } | Self::Xor { fetch } => {
                if fetch {
                    Some(src)
                } else {
                    None
                }
            }
            Self::Xchg => Some(src),
            Self::CmpXchg => Some(0),
        }
    }
}

/// A decoded instruction: registers are 0 to 10, nothing reserved is left. Jump distances count slots from
/// the next slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "dst, src, off, size and width mean the same everywhere")]
pub enum Op {
    Alu {
        op: Alu,
        width: Width,
        dst: u8,
        src: Operand,
    },
    /// Sign-extends the low `bits` of src.
    MovSx {
        width: Width,
        bits: u8,
        dst: u8,
        src: u8,
    },
    Neg {
        width: Width,
        dst: u8,
    },
    Swap {
        swap: Swap,
        bits: u8,
        dst: u8,
    },
    /// `lddw` of a number.
    Imm64 {
        dst: u8,
        value: u64,
    },
    /// `lddw` of the handle of map number `map`.
    MapHandle {
        dst: u8,
        map: u32,
    },
    /// `lddw` of the address `off` bytes into the first value of map number `map`.
    MapValue {
        dst: u8,
        map: u32,
        off: u32,
    },
    /// `lddw` of a code address.
    CodeAddress {
        dst: u8,
        off: i32,
    },
    /// The second slot of an `lddw`: never executed.
    Tail,
    Load {
        size: Size,
        signed: bool,
        dst: u8,
        src: u8,
        off: i16,
    },
    Store {
        size: Size,
        dst: u8,
        src: Operand,
        off: i16,
    },
    Atomic {
        atomic: Atomic,
        size: Size,
        dst: u8,
        src: u8,
        off: i16,
    },
    Goto {
        off: i32,
    },
    Jump {
        test: Test,
        width: Width,
        dst: u8,
        src: Operand,
        off: i16,
    },
    /// Loads from the packet of the context in r6, big-endian, into r0, or ends the function with 0 where the packet is too
    /// short: `BPF_ABS`, and with a register that is added to the offset `BPF_IND`.
    LoadPacket {
        size: Size,
        index: Option<u8>,
        off: i32,
    },
    /// Calls a helper by number.
    CallHelper {
        number: u32,
    },
    /// Calls a function of the program.
    CallLocal {
        off: i32,
    },
    /// Calls the code address, or the helper whose number, is in a register.
    CallReg {
        dst: u8,
    },
    Exit,
}

impl Op {
    /// Slots of the instruction: 2 for `lddw`.
    pub const fn slots(self) -> usize {
        match self {
            Self::Imm64 { .. }
            | Self::MapHandle { .. }
            | Self::MapValue { .. }
            | Self::CodeAddress { .. } => 2,
            _ => 1,
        }
    }

    /// The register that the instruction writes, but for what a call does.
    pub const fn written(self) -> Option<u8> {
        match self {
            Self::Alu { dst, .. }
            | Self::MovSx { dst, .. }
            | Self::Neg { dst, .. }
            | Self::Swap { dst, .. }
            | Self::Imm64 { dst, .. }
            | Self::MapHandle { dst, .. }
            | Self::MapValue { dst, .. }
            | Self::CodeAddress { dst, .. }
            | Self::Load { dst, .. } => Some(dst),
            Self::Atomic { atomic, src, .. } => atomic.result(src),
            Self::LoadPacket { .. } => Some(0),
            _ => None,
        }
    }

    /// Whether control may go on behind the instruction.
    pub const fn falls_through(self) -> bool {
        !matches!(self, Self::Goto { .. } | Self::Exit | Self::Tail)
    }

    /// The slot that a jump at `at` may go to besides the next one.
    pub fn jump_target(self, at: usize) -> Option<i64> {
        match self {
            Self::Goto { off } => Some(at as i64 + 1 + i64::from(off)),
            Self::Jump { off, .. } => Some(at as i64 + 1 + i64::from(off)),
            _ => None,
        }
    }
}
