//! What each opcode allows in the fields of its slot (RFC 9669, section 3), as data.
use super::{FP, Insn, opcode as o};

/// The largest value of each field; a field that is not used has to be zero.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub dst: u8,
    pub src: u8,
    pub off: u16,
    pub imm: u32,
}

impl Rule {
    #[allow(clippy::needless_bitwise_bool, reason = "four comparisons cost less than three branches")]
    #[inline]
    pub(super) const fn is_broken(self, insn: Insn) -> bool {
        let Insn { dst, src, off, imm, .. } = insn;
        (dst > self.dst) | (src > self.src) | (off as u16 > self.off) | (imm as u32 > self.imm)
    }
}

/// What is decoded alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Unknown,
    /// A legacy packet access.
    Packet,
    /// The same with a register.
    PacketReg,
    AluImm,
    AluReg,
    /// A division: the offset tells whether it is signed.
    DivideImm,
    DivideReg,
    /// A move between registers; the offset tells whether it extends the sign.
    MovReg,
    Neg,
    Swap,
    JumpImm,
    JumpReg,
    /// A jump without condition, by the offset.
    Goto,
    /// The same by the immediate.
    GotoFar,
    Call,
    CallReg,
    Exit,
    Lddw,
    Load,
    StoreImm,
    StoreReg,
    Atomic,
}

static KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Unknown; 256];
    let mut opcode = 0;
    while opcode < 256 {
        kinds[opcode] = Kind::new(opcode as u8);
        opcode += 1;
    }
    kinds
};

/// The rules by kind.
#[rustfmt::skip]
static RULES: [Rule; Kind::Atomic as usize + 1] = {
    /// What may be written: r10 may not.
    const TO: u8 = FP - 1;
    const OFF: u16 = u16::MAX;
    const IMM: u32 = u32::MAX;
    const fn rule(dst: u8, src: u8, off: u16, imm: u32) -> Rule { Rule { dst, src, off, imm } }
    let mut rules = [rule(FP, FP, OFF, IMM); Kind::Atomic as usize + 1];
    rules[Kind::Packet as usize] = rule(0, 0, 0, IMM);
    rules[Kind::PacketReg as usize] = rule(0, FP, 0, IMM);
    rules[Kind::AluImm as usize] = rule(TO, 0, 0, IMM);
    rules[Kind::AluReg as usize] = rule(TO, FP, 0, 0);
    rules[Kind::DivideImm as usize] = rule(TO, 0, 1, IMM);
    rules[Kind::DivideReg as usize] = rule(TO, FP, 1, 0);
    rules[Kind::MovReg as usize] = rule(TO, FP, OFF, 0);
    rules[Kind::Neg as usize] = rule(TO, 0, 0, 0);
    rules[Kind::Swap as usize] = rule(TO, 0, 0, 64);
    rules[Kind::JumpImm as usize] = rule(FP, 0, OFF, IMM);
    rules[Kind::JumpReg as usize] = rule(FP, FP, OFF, 0);
    rules[Kind::Goto as usize] = rule(0, 0, OFF, 0);
    rules[Kind::GotoFar as usize] = rule(0, 0, 0, IMM);
    rules[Kind::Call as usize] = rule(0, FP, 0, IMM);
    rules[Kind::CallReg as usize] = rule(FP, 0, 0, 0);
    rules[Kind::Exit as usize] = rule(0, 0, 0, 0);
    rules[Kind::Lddw as usize] = rule(TO, FP, 0, IMM);
    rules[Kind::Load as usize] = rule(TO, FP, OFF, 0);
    rules[Kind::StoreImm as usize] = rule(FP, 0, OFF, IMM);
    rules[Kind::StoreReg as usize] = rule(FP, FP, OFF, 0);
    // Which register is written depends on the operation.
    rules[Kind::Atomic as usize] = rule(FP, FP, OFF, IMM);
    rules
};

impl Kind {
    #[inline]
    pub(super) fn rule(self) -> Rule {
        RULES[self as usize]
    }

    #[inline]
    pub(super) fn of(opcode: u8) -> Self {
        KINDS[usize::from(opcode)]
    }

    const fn new(opcode: u8) -> Self {
        match opcode & o::CLASS {
            o::ALU | o::ALU64 => Self::arithmetic(opcode),
            o::JMP | o::JMP32 => Self::jump(opcode),
            o::LD if opcode == o::LDDW => Self::Lddw,
            o::LD if opcode & o::SIZE != o::DW => match opcode & o::MODE {
                o::ABS => Self::Packet,
                o::IND => Self::PacketReg,
                _ => Self::Unknown,
            },
            class => match (class, opcode & o::MODE, opcode & o::SIZE) {
                (o::LDX, o::MEM, _) | (o::LDX, o::MEMSX, o::B | o::H | o::W) => Self::Load,
                (o::ST, o::MEM, _) => Self::StoreImm,
                (o::STX, o::MEM, _) => Self::StoreReg,
                (o::STX, o::ATOMIC, o::W | o::DW) => Self::Atomic,
                _ => Self::Unknown,
            },
        }
    }

    const fn arithmetic(opcode: u8) -> Self {
        match (opcode & o::OPERATION, opcode & o::X) {
            (0x80, 0) => Self::Neg,
            (0xb0, o::X) => Self::MovReg,
            // A swap has no second source: the bit tells the order of bytes, in the 32-bit class only.
            (0xd0, o::X) if opcode & o::CLASS == o::ALU64 => Self::Unknown,
            (0xd0, _) => Self::Swap,
            (0x80 | 0xe0 | 0xf0, _) => Self::Unknown,
            (0x30 | 0x90, 0) => Self::DivideImm,
            (0x30 | 0x90, _) => Self::DivideReg,
            (_, 0) => Self::AluImm,
            _ => Self::AluReg,
        }
    }

    const fn jump(opcode: u8) -> Self {
        match (opcode, opcode & o::OPERATION) {
            (o::JA, _) => Self::Goto,
            (o::GOTOL, _) => Self::GotoFar,
            (o::CALL, _) => Self::Call,
            (o::CALLX, _) => Self::CallReg,
            (o::EXIT, _) => Self::Exit,
            (_, 0x00 | 0x80 | 0x90 | 0xe0 | 0xf0) => Self::Unknown,
            (_, _) if opcode & o::X == 0 => Self::JumpImm,
            _ => Self::JumpReg,
        }
    }
}
