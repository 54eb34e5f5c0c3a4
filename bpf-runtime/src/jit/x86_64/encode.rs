//! Encoding of the instructions that are used (AMD64 Architecture Programmer's Manual, volume 3; Intel's SDM, volume
//! 2, chapter 2 for the prefixes).
#![allow(clippy::inline_always, reason = "where it is called, most of what is encoded is constant")]
use super::X86_64;
use crate::jit::{
    buffer::Buffer,
    machine::{Place, Register},
};

pub(super) const RAX: Register = 0;
pub(super) const RCX: Register = 1;
pub(super) const RDX: Register = 2;
pub(super) const RBX: Register = 3;
pub(super) const RSP: Register = 4;
pub(super) const RBP: Register = 5;
pub(super) const RSI: Register = 6;
pub(super) const RDI: Register = 7;
pub(super) const R8: Register = 8;
pub(super) const R9: Register = 9;
pub(super) const R10: Register = 10;
pub(super) const R11: Register = 11;
pub(super) const R12: Register = 12;
pub(super) const R13: Register = 13;
pub(super) const R14: Register = 14;
pub(super) const R15: Register = 15;

/// Condition codes, the low half of a `jcc` opcode.
pub(super) mod cc {
    pub const B: u8 = 0x2;
    pub const AE: u8 = 0x3;
    pub const E: u8 = 0x4;
    pub const NE: u8 = 0x5;
    pub const BE: u8 = 0x6;
    pub const A: u8 = 0x7;
    pub const L: u8 = 0xc;
    pub const GE: u8 = 0xd;
    pub const LE: u8 = 0xe;
    pub const G: u8 = 0xf;
}

/// The second operand of most instructions.
#[derive(Clone, Copy)]
pub(super) enum Rm {
    Reg(Register),
    /// Base and displacement.
    Mem(Register, i32),
}

impl From<Place> for Rm {
    fn from(Place { base, off }: Place) -> Self {
        Self::Mem(base, off)
    }
}

/// An instruction but for its operands.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// One byte, or two, of which the escape byte 0x0f is the lower one.
    opcode: u16,
    /// The opcode's bits: 8 or 16.
    bits: u8,
    /// REX.W, if the operands have 64 bits.
    wide: u8,
    /// The register operands are bytes: without REX, 4 to 7 would be ah to bh.
    byte: bool,
    prefix: u8,
}

/// 32-bit operands. An opcode above 0xff is one behind the escape byte.
#[inline]
pub(super) const fn op32(opcode: u16) -> Form {
    let (opcode, bits) = if opcode > 0xff { ((opcode & 0xff) << 8 | 0x0f, 16) } else { (opcode, 8) };
    Form { opcode, bits, wide: 0, byte: false, prefix: 0 }
}

/// 64-bit operands, or 32-bit ones.
#[inline]
pub(super) const fn op(opcode: u16, wide: bool) -> Form {
    Form { wide: (wide as u8) << 3, ..op32(opcode) }
}

impl Form {
    pub(super) const fn bytes(self) -> Self {
        Self { byte: true, ..self }
    }

    /// With the prefix for 16-bit operands.
    pub(super) const fn words(self) -> Self {
        Self { prefix: 0x66, ..self }
    }

    pub(super) const fn lock(self) -> Self {
        Self { prefix: 0xf0, ..self }
    }
}

/// The prefix for 64 bits and for registers above 7; 0x40 has no effect but for byte operands.
const fn rex(wide: bool, reg: Register, base: Register) -> u8 {
    0x40 | (wide as u8) << 3 | reg >> 3 << 2 | base >> 3
}

/// Bytes that are put together, the first one lowest.
#[derive(Clone, Copy)]
struct Bytes {
    bytes: u64,
    bits: u32,
}

impl Bytes {
    /// `bits` bits before it.
    #[inline(always)]
    fn behind(self, first: impl Into<u64>, bits: u32) -> Self {
        Self { bytes: self.bytes << bits | first.into(), bits: self.bits + bits }
    }
}

/// `ModRM`, SIB and a short displacement, and whether one that is not short is to follow. A base of rsp or r12 needs a
/// SIB byte; rbp or r13 a displacement.
#[inline(always)]
fn memory(reg: Register, base: Register, displacement: i32) -> (Bytes, bool) {
    let (reg, base) = ((reg & 7) << 3, base & 7);
    let none = Bytes { bytes: 0, bits: 0 };
    let (mode, rest) = match i8::try_from(displacement) {
        Ok(0) if base != RBP => (0x00, none),
        Ok(short) => (0x40, none.behind(short as u8, 8)),
        Err(_) => (0x80, none),
    };
    let rest = if base == RSP { rest.behind(0x24_u8, 8) } else { rest };
    (rest.behind(mode | reg | base, 8), mode == 0x80)
}

impl Buffer<'_, X86_64> {
    /// An instruction with a `ModRM` byte; `reg` is a register or an extension of the opcode. Inlined, most of it is
    /// constant.
    #[inline(always)]
    pub(super) fn insn(&mut self, form: Form, reg: Register, rm: Rm) {
        match rm {
            Rm::Reg(register) => self.insn_register(form, reg, register, Bytes { bytes: 0, bits: 0 }),
            Rm::Mem(base, displacement) => {
                let (memory, long) = memory(reg, base, displacement);
                self.prefixed(form, reg, base, form.byte && reg >= 4, memory);
                if long {
                    self.imm32(displacement);
                }
            }
        }
    }

    /// As [`Self::insn`] between registers, with what follows.
    #[inline(always)]
    fn insn_register(&mut self, form: Form, reg: Register, rm: Register, rest: Bytes) {
        let rest = rest.behind(0xc0 | (reg & 7) << 3 | rm & 7, 8);
        self.prefixed(form, reg, rm, form.byte && (reg >= 4 || rm >= 4), rest);
    }

    /// Prefixes, opcode and `rest`, together at most 8 bytes.
    #[inline(always)]
    fn prefixed(&mut self, form: Form, reg: Register, base: Register, byte: bool, rest: Bytes) {
        let mut insn = rest.behind(form.opcode, form.bits.into());
        let rex = form.wide | reg >> 3 << 2 | base >> 3;
        if rex != 0 || byte {
            insn = insn.behind(0x40 | rex, 8);
        }
        if form.prefix != 0 {
            insn = insn.behind(form.prefix, 8);
        }
        self.piece(insn.bytes, insn.bits as usize / 8);
    }

    /// An instruction on a register, with an immediate of 32 bits behind it.
    #[inline(always)]
    pub(super) fn insn_imm32(&mut self, form: Form, reg: Register, rm: Register, imm: i32) {
        self.insn_register(form, reg, rm, Bytes { bytes: (imm as u32).into(), bits: 32 });
    }

    /// The same with one of 8 bits.
    #[inline(always)]
    pub(super) fn insn_imm8(&mut self, form: Form, reg: Register, rm: Register, imm: u8) {
        self.insn_register(form, reg, rm, Bytes { bytes: imm.into(), bits: 8 });
    }

    fn rex(&mut self, wide: bool, base: Register) {
        let rex = rex(wide, 0, base);
        if rex != 0x40 {
            self.byte(rex);
        }
    }

    #[inline]
    pub(super) fn imm32(&mut self, value: i32) {
        self.piece(u64::from(value as u32), 4);
    }

    pub(super) fn mov(&mut self, wide: bool, to: Register, from: Register) {
        self.insn(op(0x89, wide), from, Rm::Reg(to));
    }

    /// `mov to, [base + displacement]`, 64 bits.
    pub(super) fn load(&mut self, to: Register, base: Register, displacement: i32) {
        self.insn(op(0x8b, true), to, Rm::Mem(base, displacement));
    }

    /// `mov [base + displacement], from`, 64 bits.
    pub(super) fn store(&mut self, base: Register, displacement: i32, from: Register) {
        self.insn(op(0x89, true), from, Rm::Mem(base, displacement));
    }

    pub(super) fn store_imm32(&mut self, base: Register, displacement: i32, value: i32) {
        self.insn(op32(0xc7), 0, Rm::Mem(base, displacement));
        self.imm32(value);
    }

    pub(super) fn lea(&mut self, to: Register, base: Register, displacement: i32) {
        self.insn(op(0x8d, true), to, Rm::Mem(base, displacement));
    }

    /// `lea to, [base + index]`; the index is not rsp.
    pub(super) fn lea_sum(&mut self, wide: bool, to: Register, base: Register, index: Register) {
        let rex = rex(wide, to, base) | index >> 3 << 1;
        // A base of rbp or r13 needs a displacement.
        let (mode, len) = if base & 7 == RBP { (0x40, 5) } else { (0x00, 4) };
        let bytes = [rex, 0x8d, mode | (to & 7) << 3 | 4, (index & 7) << 3 | base & 7, 0, 0, 0, 0];
        self.piece(u64::from_le_bytes(bytes), len);
    }

    /// A 64-bit number, in the shortest form.
    pub(super) fn mov_imm(&mut self, to: Register, value: u64) {
        if value == 0 {
            self.insn(op32(0x31), to, Rm::Reg(to));
        } else if u32::try_from(value).is_ok() {
            self.rex(false, to);
            self.byte(0xb8 | to & 7);
            self.imm32(value as i32);
        } else if let Ok(value) = i32::try_from(value as i64) {
            self.insn_imm32(op(0xc7, true), 0, to, value);
        } else {
            self.rex(true, to);
            self.byte(0xb8 | to & 7);
            self.bytes(&value.to_le_bytes());
        }
    }

    /// Arithmetic of the first group with an immediate: 0 add, 1 or, 4 and, 5 sub, 6 xor, 7 cmp.
    pub(super) fn arith_imm(&mut self, extension: u8, wide: bool, to: Register, value: i32) {
        if let Ok(short) = i8::try_from(value) {
            self.insn_imm8(op(0x83, wide), extension, to, short as u8);
        } else {
            self.insn_imm32(op(0x81, wide), extension, to, value);
        }
    }

    /// A shift by a number: 1 ror, 4 shl, 5 shr, 7 sar.
    pub(super) fn shift_imm(&mut self, extension: u8, wide: bool, to: Register, by: u8) {
        self.insn_imm8(op(0xc1, wide), extension, to, by);
    }

    pub(super) fn bswap(&mut self, wide: bool, register: Register) {
        self.rex(wide, register);
        self.bytes(&[0x0f, 0xc8 | register & 7]);
    }

    pub(super) fn push(&mut self, register: Register) {
        self.rex(false, register);
        self.byte(0x50 | register & 7);
    }

    pub(super) fn pop(&mut self, register: Register) {
        self.rex(false, register);
        self.byte(0x58 | register & 7);
    }

    pub(super) fn ret(&mut self) {
        self.byte(0xc3);
    }

    /// `jcc` forward over less than 128 bytes, to where the result is bound.
    #[must_use]
    pub(super) fn jcc_short(&mut self, condition: u8) -> usize {
        self.bytes(&[0x70 | condition, 0]);
        self.len()
    }

    /// `jmp`, as [`Buffer::jcc_short`].
    #[must_use]
    pub(super) fn jmp_short(&mut self) -> usize {
        self.bytes(&[0xeb, 0]);
        self.len()
    }

    /// The place that a short jump goes to.
    pub(super) fn bind_short(&mut self, jump: usize) {
        let distance = self.len() - jump;
        debug_assert!(distance < 128);
        self.patch(jump - 1, &[distance as u8]);
    }

    /// `jcc` back to `to`, less than 128 bytes.
    pub(super) fn jcc_back(&mut self, condition: u8, to: usize) {
        let distance = self.len() + 2 - to;
        debug_assert!(distance <= 128);
        self.bytes(&[0x70 | condition, (distance as u8).wrapping_neg()]);
    }
}
