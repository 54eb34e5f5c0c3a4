use core::fmt;

use super::{Alu, Atomic, Insn, Op, Operand, Size, Swap, Test, Width, decode};

/// Shows an instruction in the style of LLVM's eBPF assembly: `r1 = *(u64 *)(r2 + 8)`.
#[derive(Clone, Copy, Debug)]
pub struct Disasm {
    decoded: Result<Op, super::Malformed>,
    insn: Insn,
}

/// The instruction at slot `at`, to be shown. Encodings that can't be decoded are shown as their fields.
pub fn disasm(code: &[Insn], at: usize) -> Disasm {
    Disasm { decoded: decode(code, at), insn: code.get(at).copied().unwrap_or_default() }
}

impl fmt::Display for Disasm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(op) = self.decoded {
            return op.fmt(f);
        }
        let Insn { op, dst, src, off, imm } = self.insn;
        write!(f, ".insn op={op:#04x} dst={dst} src={src} off={off} imm={imm}")
    }
}

fn reg(width: Width) -> char {
    if width == Width::W64 { 'r' } else { 'w' }
}

struct Shown(Operand, Width);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Operand::Reg(r) => write!(f, "{}{r}", reg(self.1)),
            Operand::Imm(imm) => write!(f, "{imm}"),
        }
    }
}

struct Place(Size, bool, u8, i16);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(size, signed, base, off) = *self;
        let sign = if off < 0 { '-' } else { '+' };
        let kind = if signed { 's' } else { 'u' };
        write!(f, "*({kind}{} *)(r{base} {sign} {})", size.bytes() * 8, off.unsigned_abs())
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Alu { op, width, dst, src } => {
                write!(f, "{}{dst} {} {}", reg(width), alu(op), Shown(src, width))
            }
            Self::MovSx { width, bits, dst, src } => {
                write!(f, "{0}{dst} = (s{bits}){0}{src}", reg(width))
            }
            Self::Neg { width, dst } => write!(f, "{0}{dst} = -{0}{dst}", reg(width)),
            Self::Swap { swap, bits, dst } => write!(f, "r{dst} = {}{bits} r{dst}", swap_name(swap)),
            Self::Imm64 { dst, value } => write!(f, "r{dst} = {value:#x} ll"),
            Self::MapHandle { dst, map } => write!(f, "r{dst} = map[{map}] ll"),
            Self::MapValue { dst, map, off } => write!(f, "r{dst} = map[{map}][0] + {off} ll"),
            Self::CodeAddress { dst, off } => write!(f, "r{dst} = code {off:+} ll"),
            Self::Tail => f.write_str("(second slot of lddw)"),
            Self::Load { size, signed, dst, src, off } => {
                write!(f, "r{dst} = {}", Place(size, signed, src, off))
            }
            Self::Store { size, dst, src, off } => {
                write!(f, "{} = {}", Place(size, false, dst, off), Shown(src, Width::W64))
            }
            Self::Atomic { atomic, size, dst, src, off } => {
                self::atomic(f, atomic, &Place(size, false, dst, off), src, size)
            }
            Self::Goto { off } => write!(f, "goto {off:+}"),
            Self::Jump { test, width, dst, src, off } => {
                write!(f, "if {}{dst} {} {} goto {off:+}", reg(width), self::test(test), Shown(src, width))
            }
            Self::LoadPacket { size, index: None, off } => {
                write!(f, "r0 = *(u{} *)skb[{off}]", 8 * size.bytes())
            }
            Self::LoadPacket { size, index: Some(index), off } => {
                write!(f, "r0 = *(u{} *)skb[r{index} {off:+}]", 8 * size.bytes())
            }
            Self::CallHelper { number } => match crate::helper::find(number) {
                Some(helper) => write!(f, "call {number} ({})", helper.name),
                None => write!(f, "call {number}"),
            },
            Self::CallLocal { off } => write!(f, "call pc{off:+}"),
            Self::CallReg { dst } => write!(f, "callx r{dst}"),
            Self::Exit => f.write_str("exit"),
        }
    }
}

const fn alu(op: Alu) -> &'static str {
    match op {
        Alu::Add => "+=",
        Alu::Sub => "-=",
        Alu::Mul => "*=",
        Alu::Div => "/=",
        Alu::SDiv => "s/=",
        Alu::Or => "|=",
        Alu::And => "&=",
        Alu::Lsh => "<<=",
        Alu::Rsh => ">>=",
        Alu::Mod => "%=",
        Alu::SMod => "s%=",
        Alu::Xor => "^=",
        Alu::Mov => "=",
        Alu::Arsh => "s>>=",
    }
}

const fn test(test: Test) -> &'static str {
    match test {
        Test::Eq => "==",
        Test::Ne => "!=",
        Test::Set => "&",
        Test::Gt => ">",
        Test::Ge => ">=",
        Test::Lt => "<",
        Test::Le => "<=",
        Test::SGt => "s>",
        Test::SGe => "s>=",
        Test::SLt => "s<",
        Test::SLe => "s<=",
    }
}

const fn swap_name(swap: Swap) -> &'static str {
    match swap {
        Swap::Le => "le",
        Swap::Be => "be",
        Swap::Bswap => "bswap",
    }
}

fn atomic(f: &mut fmt::Formatter<'_>, atomic: Atomic, place: &Place, src: u8, size: Size) -> fmt::Result {
    let register = if size == Size::D { 'r' } else { 'w' };
    let (sign, name, fetch) = match atomic {
        Atomic::Add { fetch } => ("+=", "add", fetch),
        Atomic::Or { fetch } => ("|=", "or", fetch),
        Atomic::And { fetch } => ("&=", "and", fetch),
        Atomic::Xor { fetch } => ("^=", "xor", fetch),
        Atomic::Xchg => return write!(f, "{register}{src} = xchg({place}, {register}{src})"),
        Atomic::CmpXchg => return write!(f, "{register}0 = cmpxchg({place}, {register}0, {register}{src})"),
    };
    if fetch {
        write!(f, "{register}{src} = atomic_fetch_{name}({place}, {register}{src})")
    } else {
        write!(f, "lock {place} {sign} {register}{src}")
    }
}
