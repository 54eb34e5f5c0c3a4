//! From the encoding to operations. What an opcode allows in each field is data ([`super::rule`]): one look-up and four
//! comparisons judge a slot.
#![allow(clippy::inline_always, reason = "each operation is to meet its consumer where it is made")]
use super::{Alu, Atomic, FP, Insn, Op, Operand, Size, Swap, Test, Width, opcode as o, rule::Kind};

/// Why an encoding is not an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The opcode is assigned to nothing that this engine knows.
    Opcode(u8),
    /// A field that the opcode does not use is not zero, or holds a value without meaning.
    Reserved(&'static str),
    /// A register above r10.
    Register(u8),
    /// The frame pointer, which is read-only, as destination.
    FramePointer,
    /// The second slot of an `lddw` is missing.
    CutLddw,
    /// A call of a kernel function, by its BTF id.
    KernelFunction,
    /// A legacy packet access, `BPF_ABS` or `BPF_IND`, where there is no packet.
    LegacyPacket,
}

impl core::fmt::Display for Malformed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Opcode(op) => write!(f, "unknown opcode {op:#04x}"),
            Self::Reserved(field) => write!(f, "reserved use of field {field}: it has to be zero here"),
            Self::Register(r) => write!(f, "there is no register r{r}"),
            Self::FramePointer => f.write_str("the frame pointer r10 is read-only"),
            Self::CutLddw => f.write_str("lddw needs two slots, the second one is missing"),
            Self::LegacyPacket => f.write_str(
                "legacy packet loads (LD_ABS, LD_IND; load_byte and its like in C) are not supported: use bpf_skb_load_bytes",
            ),
            Self::KernelFunction => f.write_str("calls of kernel functions (kfuncs) are not supported"),
        }
    }
}

/// Decodes the instruction at slot `at`. The second slot of an `lddw` looks like an unknown opcode: step over
/// it by [`Op::slots`].
///
/// # Errors
/// The encoding is not one of RFC 9669 (or a kernel function call), or `at` lies outside.
pub fn decode(code: &[Insn], at: usize) -> Result<Op, Malformed> {
    decode_pair(*code.get(at).ok_or(Malformed::CutLddw)?, || code.get(at + 1).copied())
}

/// What becomes of an operation, or of what is none.
pub(crate) trait Consumer {
    type Output;

    fn take(self, op: Op) -> Self::Output;
    fn refuse(self, why: Malformed) -> Self::Output;
}

/// The operation itself.
struct Itself;

impl Consumer for Itself {
    type Output = Result<Op, Malformed>;

    #[inline(always)]
    fn take(self, op: Op) -> Self::Output {
        Ok(op)
    }

    #[inline(always)]
    fn refuse(self, why: Malformed) -> Self::Output {
        Err(why)
    }
}

/// Decodes `insn`; `next` gives the slot after it and is asked for `lddw` only.
pub(crate) fn decode_pair(insn: Insn, next: impl FnOnce() -> Option<Insn>) -> Result<Op, Malformed> {
    decode_slots(insn, if insn.is_lddw() { next() } else { None })
}

/// The one copy for all who have more to do than to decode.
#[inline(never)]
fn decode_slots(insn: Insn, next: Option<Insn>) -> Result<Op, Malformed> {
    decode_into(insn, || next, Itself)
}

/// Decodes `insn` for `consumer`, which is inlined where each kind of operation is made: it then knows which it is, and
/// the operation never lies in memory. `next` gives the slot after it and is asked for `lddw` only.
#[inline(always)]
pub(crate) fn decode_into<C: Consumer>(
    insn: Insn,
    next: impl FnOnce() -> Option<Insn>,
    consumer: C,
) -> C::Output {
    let Insn { op: opcode, dst, src, off, imm } = insn;
    let kind = Kind::of(opcode);
    if kind.rule().is_broken(insn) {
        return consumer.refuse(broken(insn, kind));
    }
    match kind {
        Kind::Unknown => consumer.refuse(unknown(insn)),
        Kind::Packet | Kind::PacketReg => consumer.take(Op::LoadPacket {
            size: size(opcode),
            index: (kind == Kind::PacketReg).then_some(src),
            off: imm,
        }),
        Kind::AluImm | Kind::DivideImm => {
            consumer.take(Op::Alu { op: alu(insn), width: width(opcode), dst, src: Operand::Imm(imm) })
        }
        Kind::AluReg | Kind::DivideReg => {
            consumer.take(Op::Alu { op: alu(insn), width: width(opcode), dst, src: Operand::Reg(src) })
        }
        Kind::MovReg => match (off, width(opcode)) {
            (0, width) => consumer.take(Op::Alu { op: Alu::Mov, width, dst, src: Operand::Reg(src) }),
            (8 | 16, width) | (32, width @ Width::W64) => {
                consumer.take(Op::MovSx { width, bits: off as u8, dst, src })
            }
            _ => consumer.refuse(Malformed::Reserved("off")),
        },
        Kind::Neg => consumer.take(Op::Neg { width: width(opcode), dst }),
        Kind::Swap => match imm {
            16 | 32 | 64 => consumer.take(Op::Swap { swap: swap(opcode), bits: imm as u8, dst }),
            _ => consumer.refuse(Malformed::Reserved("imm")),
        },
        Kind::JumpImm => consumer.take(Op::Jump {
            test: test(opcode),
            width: compared(opcode),
            dst,
            src: Operand::Imm(imm),
            off,
        }),
        Kind::JumpReg => consumer.take(Op::Jump {
            test: test(opcode),
            width: compared(opcode),
            dst,
            src: Operand::Reg(src),
            off,
        }),
        Kind::Goto | Kind::GotoFar => {
            consumer.take(Op::Goto { off: if kind == Kind::Goto { off.into() } else { imm } })
        }
        Kind::Call => match src {
            0 => consumer.take(Op::CallHelper { number: imm as u32 }),
            1 => consumer.take(Op::CallLocal { off: imm }),
            2 => consumer.refuse(Malformed::KernelFunction),
            _ => consumer.refuse(Malformed::Reserved("src")),
        },
        Kind::CallReg => consumer.take(Op::CallReg { dst }),
        Kind::Exit => consumer.take(Op::Exit),
        Kind::Lddw => match lddw(insn, next()) {
            Ok(op) => consumer.take(op),
            Err(why) => consumer.refuse(why),
        },
        Kind::Load => consumer.take(Op::Load {
            size: size(opcode),
            signed: opcode & o::MODE == o::MEMSX,
            dst,
            src,
            off,
        }),
        Kind::StoreImm => consumer.take(Op::Store { size: size(opcode), dst, src: Operand::Imm(imm), off }),
        Kind::StoreReg => consumer.take(Op::Store { size: size(opcode), dst, src: Operand::Reg(src), off }),
        Kind::Atomic => match atomic(imm) {
            Some(atomic) if atomic.result(src) == Some(FP) => consumer.refuse(Malformed::FramePointer),
            Some(atomic) => consumer.take(Op::Atomic { atomic, size: size(opcode), dst, src, off }),
            None => consumer.refuse(Malformed::Reserved("imm")),
        },
    }
}

/// What is wrong with a slot that breaks its kind's rule.
#[cold]
#[inline(never)]
fn broken(insn: Insn, kind: Kind) -> Malformed {
    let rule = kind.rule();
    if let Some(&register) = [insn.dst, insn.src].iter().find(|register| **register > FP) {
        return Malformed::Register(register);
    }
    match insn {
        _ if insn.dst > rule.dst && rule.dst > 0 => Malformed::FramePointer,
        _ if insn.dst > rule.dst => Malformed::Reserved("dst"),
        _ if insn.src > rule.src => Malformed::Reserved("src"),
        _ if insn.off as u16 > rule.off => Malformed::Reserved("off"),
        _ => Malformed::Reserved("imm"),
    }
}

#[cold]
#[inline(never)]
fn unknown(insn: Insn) -> Malformed {
    match Kind::of(insn.op & !o::X) {
        Kind::Neg => Malformed::Reserved("source"),
        _ => Malformed::Opcode(insn.op),
    }
}

/// The operation of an instruction whose offset is at most 1.
#[inline(always)]
fn alu(insn: Insn) -> Alu {
    #[rustfmt::skip]
    const BY_OPERATION: [Alu; 32] = {
        use Alu::{Add, And, Arsh, Div, Lsh, Mod, Mov, Mul, Or, Rsh, SDiv, SMod, Sub, Xor};
        // Neg, swaps and what is unknown do not come here; an offset is for the divisions.
        [
            Add, Sub, Mul, Div, Or, And, Lsh, Rsh, Mov, Mod, Xor, Mov, Arsh, Mov, Mov, Mov,
            Mov, Mov, Mov, SDiv, Mov, Mov, Mov, Mov, Mov, SMod, Mov, Mov, Mov, Mov, Mov, Mov,
        ]
    };
    BY_OPERATION[usize::from(insn.op >> 4) + 16 * usize::from(insn.off as u16 & 1)]
}

#[inline(always)]
fn test(opcode: u8) -> Test {
    #[rustfmt::skip]
    const BY_OPERATION: [Test; 16] = {
        use Test::{Eq, Ge, Gt, Le, Lt, Ne, SGe, SGt, SLe, SLt, Set};
        // Jumps without condition, calls and exit do not come here.
        [Eq, Eq, Gt, Ge, Set, Ne, SGt, SGe, Eq, Eq, Lt, Le, SLt, SLe, Eq, Eq]
    };
    BY_OPERATION[usize::from(opcode >> 4)]
}

/// Of arithmetic.
#[inline(always)]
const fn width(opcode: u8) -> Width {
    if opcode & o::CLASS == o::ALU64 { Width::W64 } else { Width::W32 }
}

/// Of a jump.
#[inline(always)]
const fn compared(opcode: u8) -> Width {
    if opcode & o::CLASS == o::JMP { Width::W64 } else { Width::W32 }
}

#[inline(always)]
const fn size(opcode: u8) -> Size {
    match opcode & o::SIZE {
        o::B => Size::B,
        o::H => Size::H,
        o::W => Size::W,
        _ => Size::D,
    }
}

#[inline(always)]
const fn swap(opcode: u8) -> Swap {
    match (width(opcode), opcode & o::X != 0) {
        (Width::W64, _) => Swap::Bswap,
        (_, false) => Swap::Le,
        (_, true) => Swap::Be,
    }
}

#[inline(always)]
fn zero(is_zero: bool, field: &'static str) -> Result<(), Malformed> {
    if is_zero { Ok(()) } else { Err(Malformed::Reserved(field)) }
}

#[inline(never)]
fn lddw(insn: Insn, next: Option<Insn>) -> Result<Op, Malformed> {
    let (dst, next) = (insn.dst, next.ok_or(Malformed::CutLddw)?);
    zero(next.op == 0, "op of the second slot")?;
    zero(next.dst == 0 && next.src == 0 && next.off == 0, "dst, src or off of the second slot")?;
    match insn.src {
        o::LDDW_NUMBER => {
            Ok(Op::Imm64 { dst, value: u64::from(insn.imm as u32) | u64::from(next.imm as u32) << 32 })
        }
        o::LDDW_MAP_VALUE => Ok(Op::MapValue { dst, map: insn.imm as u32, off: next.imm as u32 }),
        o::LDDW_MAP | o::LDDW_CODE if next.imm != 0 => Err(Malformed::Reserved("imm of the second slot")),
        o::LDDW_MAP => Ok(Op::MapHandle { dst, map: insn.imm as u32 }),
        o::LDDW_CODE => Ok(Op::CodeAddress { dst, off: insn.imm }),
        _ => Err(Malformed::Reserved("src")),
    }
}

#[inline(always)]
fn atomic(imm: i32) -> Option<Atomic> {
    let fetch = imm & o::FETCH != 0;
    Some(match imm {
        o::XCHG => Atomic::Xchg,
        o::CMPXCHG => Atomic::CmpXchg,
        0x00 | 0x01 => Atomic::Add { fetch },
        0x40 | 0x41 => Atomic::Or { fetch },
        0x50 | 0x51 => Atomic::And { fetch },
        0xa0 | 0xa1 => Atomic::Xor { fetch },
        _ => return None,
    })
}
