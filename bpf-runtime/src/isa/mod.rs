//! The instruction set of RFC 9669 with all its conformance groups: the 8-byte
//! encoding, a checked decoding that refuses every encoding it does not know, and a disassembler.
mod decode;
mod disasm;
mod functions;
mod op;
pub mod opcode;
mod rule;

pub(crate) use decode::{Consumer, decode_into, decode_pair};
pub use decode::{Malformed, decode};
pub use disasm::{Disasm, disasm};
pub(crate) use functions::written as written_by_functions;
pub use op::{Alu, Atomic, Op, Operand, Size, Swap, Test, Width};

/// Bytes of one instruction slot; `lddw` takes two slots.
pub const INSN_BYTES: usize = 8;
/// Instruction slots that one program may have.
pub const MAX_INSNS: usize = 4096;
/// The read-only frame pointer, r10.
pub const FP: u8 = 10;
/// Registers r0 to r10.
pub const REGISTERS: usize = 11;
/// Bytes of one call frame's stack; r10 points behind its end.
pub const FRAME_BYTES: usize = 512;
/// Call frames that may be active at once, the program's own included.
pub const MAX_FRAMES: usize = 8;
/// No memory of a program lies below: the verifier lets no pointer go so far before what it points into, so that none becomes
/// null, and none wraps around and compares as if it lay behind.
pub const LOWEST_ADDRESS: u64 = 1 << 20;

/// The slot `off` slots after the one behind `at`; one that lies before the code is far behind its end.
#[inline]
pub(crate) const fn relative(at: usize, off: i32) -> usize {
    (at + 1).wrapping_add_signed(off as isize)
}

/// One instruction slot as it is encoded (RFC 9669, section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Insn {
    /// Operation: class, and size and mode or operation and source.
    pub op: u8,
    /// Destination register, 0 to 15 as encoded.
    pub dst: u8,
    /// Source register, 0 to 15 as encoded.
    pub src: u8,
    /// Signed offset of an address or a jump.
    pub off: i16,
    /// Signed immediate.
    pub imm: i32,
}

impl Insn {
    /// From the little-endian encoding. Each byte string is some slot; [`decode`] judges it.
    pub const fn from_bytes(b: [u8; INSN_BYTES]) -> Self {
        Self {
            op: b[0],
            dst: b[1] & 15,
            src: b[1] >> 4,
            off: i16::from_le_bytes([b[2], b[3]]),
            imm: i32::from_le_bytes([b[4], b[5], b[6], b[7]]),
        }
    }

    /// To the little-endian encoding.
    pub const fn to_bytes(self) -> [u8; INSN_BYTES] {
        let (off, imm) = (self.off.to_le_bytes(), self.imm.to_le_bytes());
        [self.op, self.src << 4 | self.dst & 15, off[0], off[1], imm[0], imm[1], imm[2], imm[3]]
    }

    /// Whether this is the first slot of a two-slot `lddw`.
    pub const fn is_lddw(self) -> bool {
        self.op == opcode::LDDW
    }
}
