#![allow(
    clippy::inline_always,
    reason = "decode_inlined is to be one piece: its result then stays in registers"
)]
use super::{Alu, Atomic, FP, Insn, Op, Operand, Size, Swap, Test, Width, opcode as o};

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
    /// A legacy packet access, `BPF_ABS` or `BPF_IND`.
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
/// The encoding is not one of RFC 9669 (or a legacy packet access or a kernel function call), or `at` lies
/// outside.
pub fn decode(code: &[Insn], at: usize) -> Result<Op, Malformed> {
    let insn = *code.get(at).ok_or(Malformed::CutLddw)?;
    decode_slots(insn, code.get(at + 1).copied())
}

/// Decodes `insn`; `next` gives the slot after it and is asked for `lddw` only.
pub(crate) fn decode_pair(insn: Insn, next: impl FnOnce() -> Option<Insn>) -> Result<Op, Malformed> {
    decode_slots(insn, if insn.is_lddw() { next() } else { None })
}

/// The one copy for all who have more to do than to decode.
#[inline(never)]
fn decode_slots(insn: Insn, next: Option<Insn>) -> Result<Op, Malformed> {
    decode_inlined(insn, next)
}

/// Decodes `insn`, whose second slot is `next`, where it is called: the JIT's time is mostly this.
#[inline(always)]
pub(crate) fn decode_inlined(insn: Insn, next: Option<Insn>) -> Result<Op, Malformed> {
    for register in [insn.dst, insn.src] {
        if register > FP {
            return Err(Malformed::Register(register));
        }
    }
    match insn.op & o::CLASS {
        o::ALU => alu(insn, Width::W32),
        o::ALU64 => alu(insn, Width::W64),
        o::JMP => jump(insn, Width::W64),
        o::JMP32 => jump(insn, Width::W32),
        o::LD if insn.is_lddw() => lddw(insn, next.ok_or(Malformed::CutLddw)?),
        o::LD if matches!(insn.op & o::MODE, 0x20 | 0x40) => Err(Malformed::LegacyPacket),
        o::LDX => load(insn),
        o::ST | o::STX => store(insn),
        _ => Err(Malformed::Opcode(insn.op)),
    }
}

#[inline(always)]
fn zero(fields: &[(bool, &'static str)]) -> Result<(), Malformed> {
    match fields.iter().find(|(is_zero, _)| !is_zero) {
        Some((_, name)) => Err(Malformed::Reserved(name)),
        None => Ok(()),
    }
}

#[inline(always)]
fn writable(dst: u8) -> Result<u8, Malformed> {
    if dst == FP { Err(Malformed::FramePointer) } else { Ok(dst) }
}

/// The second operand of an arithmetic or jump instruction; the field that it does not use is zero.
#[inline(always)]
fn operand(insn: Insn) -> Result<Operand, Malformed> {
    if insn.op & o::X == 0 {
        zero(&[(insn.src == 0, "src")])?;
        Ok(Operand::Imm(insn.imm))
    } else {
        zero(&[(insn.imm == 0, "imm")])?;
        Ok(Operand::Reg(insn.src))
    }
}

#[inline(always)]
fn alu(insn: Insn, width: Width) -> Result<Op, Malformed> {
    let dst = writable(insn.dst)?;
    let op = match (insn.op & o::OPERATION, insn.off) {
        (0x80, _) => {
            zero(&[(insn.op & o::X == 0, "source"), (insn.src == 0, "src"), (insn.off == 0, "off")])?;
            zero(&[(insn.imm == 0, "imm")])?;
            return Ok(Op::Neg { width, dst });
        }
        (0xd0, _) => return swap(insn, width, dst),
        (0x30, 0) => Alu::Div,
        (0x30, 1) => Alu::SDiv,
        (0x90, 0) => Alu::Mod,
        (0x90, 1) => Alu::SMod,
        (0xb0, 0) => Alu::Mov,
        (0xb0, 8 | 16 | 32) if insn.op & o::X != 0 && (width == Width::W64 || insn.off != 32) => {
            zero(&[(insn.imm == 0, "imm")])?;
            return Ok(Op::MovSx { width, bits: insn.off as u8, dst, src: insn.src });
        }
        (0x00..=0xc0, 1.. | ..=-1) => return Err(Malformed::Reserved("off")),
        (0x00, _) => Alu::Add,
        (0x10, _) => Alu::Sub,
        (0x20, _) => Alu::Mul,
        (0x40, _) => Alu::Or,
        (0x50, _) => Alu::And,
        (0x60, _) => Alu::Lsh,
        (0x70, _) => Alu::Rsh,
        (0xa0, _) => Alu::Xor,
        (0xc0, _) => Alu::Arsh,
        _ => return Err(Malformed::Opcode(insn.op)),
    };
    Ok(Op::Alu { op, width, dst, src: operand(insn)? })
}

#[inline(always)]
fn swap(insn: Insn, width: Width, dst: u8) -> Result<Op, Malformed> {
    zero(&[(insn.src == 0, "src"), (insn.off == 0, "off")])?;
    zero(&[(matches!(insn.imm, 16 | 32 | 64), "imm")])?;
    let swap = match (width, insn.op & o::X != 0) {
        (Width::W32, false) => Swap::Le,
        (Width::W32, true) => Swap::Be,
        (Width::W64, false) => Swap::Bswap,
        (Width::W64, true) => return Err(Malformed::Opcode(insn.op)),
    };
    Ok(Op::Swap { swap, bits: insn.imm as u8, dst })
}

#[inline(always)]
fn jump(insn: Insn, width: Width) -> Result<Op, Malformed> {
    let test = match insn.op & o::OPERATION {
        0x00 | 0x80 | 0x90 => return control(insn),
        0x10 => Test::Eq,
        0x20 => Test::Gt,
        0x30 => Test::Ge,
        0x40 => Test::Set,
        0x50 => Test::Ne,
        0x60 => Test::SGt,
        0x70 => Test::SGe,
        0xa0 => Test::Lt,
        0xb0 => Test::Le,
        0xc0 => Test::SLt,
        0xd0 => Test::SLe,
        _ => return Err(Malformed::Opcode(insn.op)),
    };
    Ok(Op::Jump { test, width, dst: insn.dst, src: operand(insn)?, off: insn.off })
}

/// Jumps without condition, calls, exit.
#[inline(always)]
fn control(insn: Insn) -> Result<Op, Malformed> {
    let (dst, src) = ((insn.dst == 0, "dst"), (insn.src == 0, "src"));
    let (off, imm) = ((insn.off == 0, "off"), (insn.imm == 0, "imm"));
    match insn.op {
        o::JA => zero(&[dst, src, imm]).map(|()| Op::Goto { off: insn.off.into() }),
        o::GOTOL => zero(&[dst, src, off]).map(|()| Op::Goto { off: insn.imm }),
        o::EXIT => zero(&[dst, src, off, imm]).map(|()| Op::Exit),
        o::CALLX => zero(&[src, off, imm]).map(|()| Op::CallReg { dst: insn.dst }),
        o::CALL => {
            zero(&[dst, off])?;
            match insn.src {
                0 => Ok(Op::CallHelper { number: insn.imm as u32 }),
                1 => Ok(Op::CallLocal { off: insn.imm }),
                2 => Err(Malformed::KernelFunction),
                _ => Err(Malformed::Reserved("src")),
            }
        }
        _ => Err(Malformed::Opcode(insn.op)),
    }
}

#[inline(always)]
fn lddw(insn: Insn, next: Insn) -> Result<Op, Malformed> {
    let dst = writable(insn.dst)?;
    zero(&[(insn.off == 0, "off"), (next.op == 0, "op of the second slot")])?;
    zero(&[(next.dst == 0 && next.src == 0 && next.off == 0, "dst, src or off of the second slot")])?;
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
const fn size(op: u8) -> Size {
    match op & o::SIZE {
        o::B => Size::B,
        o::H => Size::H,
        o::W => Size::W,
        _ => Size::D,
    }
}

#[inline(always)]
fn load(insn: Insn) -> Result<Op, Malformed> {
    let (size, signed) = match (insn.op & o::MODE, size(insn.op)) {
        (o::MEM, size) => (size, false),
        (o::MEMSX, size) if size != Size::D => (size, true),
        _ => return Err(Malformed::Opcode(insn.op)),
    };
    zero(&[(insn.imm == 0, "imm")])?;
    Ok(Op::Load { size, signed, dst: writable(insn.dst)?, src: insn.src, off: insn.off })
}

#[inline(always)]
fn store(insn: Insn) -> Result<Op, Malformed> {
    let Insn { dst, src, off, .. } = insn;
    let size = size(insn.op);
    match (insn.op & o::MODE, insn.op & o::CLASS) {
        (o::MEM, o::ST) => {
            zero(&[(src == 0, "src")])?;
            Ok(Op::Store { size, dst, src: Operand::Imm(insn.imm), off })
        }
        (o::MEM, _) => {
            zero(&[(insn.imm == 0, "imm")])?;
            Ok(Op::Store { size, dst, src: Operand::Reg(src), off })
        }
        (o::ATOMIC, o::STX) if matches!(size, Size::W | Size::D) => {
            let atomic = atomic(insn.imm)?;
            if atomic.result(src) == Some(FP) {
                return Err(Malformed::FramePointer);
            }
            Ok(Op::Atomic { atomic, size, dst, src, off })
        }
        _ => Err(Malformed::Opcode(insn.op)),
    }
}

#[inline(always)]
fn atomic(imm: i32) -> Result<Atomic, Malformed> {
    let fetch = imm & o::FETCH != 0;
    Ok(match imm {
        o::XCHG => Atomic::Xchg,
        o::CMPXCHG => Atomic::CmpXchg,
        0x00 | 0x01 => Atomic::Add { fetch },
        0x40 | 0x41 => Atomic::Or { fetch },
        0x50 | 0x51 => Atomic::And { fetch },
        0xa0 | 0xa1 => Atomic::Xor { fetch },
        _ => return Err(Malformed::Reserved("imm")),
    })
}
