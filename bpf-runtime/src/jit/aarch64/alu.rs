//! Arithmetic (RFC 9669, section 4.1). The machine divides as the standard wants it: by zero gives zero, and the least
//! number divided by -1 itself; counts of shifts are cut to the width.
use super::{
    Aarch64, T1, T2,
    encode::{ADD, AND, ASRV, EOR, LSLV, LSRV, MSUB, MUL, ORR, REV, REV16, REV32_BITS, SDIV, SUB, UDIV},
    register,
};
use crate::{
    isa::{Alu, Swap, Width},
    jit::{
        buffer::Buffer,
        machine::{Arithmetic, Register},
    },
};

impl Arithmetic for Aarch64 {
    fn alu_register(b: &mut Buffer<'_, Self>, alu: Alu, width: Width, dst: u8, lhs: u8, rhs: u8) {
        b.alu(alu, width == Width::W64, register(dst), (register(lhs), register(rhs)));
    }

    fn alu_imm(b: &mut Buffer<'_, Self>, alu: Alu, width: Width, dst: u8, lhs: u8, imm: i32) {
        let (wide, d, n) = (width == Width::W64, register(dst), register(lhs));
        if !b.alu_with(alu, width, d, n, imm) {
            b.mov_imm(T1, extended(wide, imm));
            b.alu(alu, wide, d, (n, T1));
        }
    }

    fn neg(b: &mut Buffer<'_, Self>, width: Width, dst: u8) {
        b.op3(SUB, width == Width::W64, register(dst), super::ZERO, register(dst));
    }

    fn mov_sx(b: &mut Buffer<'_, Self>, width: Width, bits: u8, dst: u8, src: u8) {
        b.sign_extend(width == Width::W64, register(dst), register(src), bits);
    }

    /// Programs are little-endian, as the processor is.
    fn swap(b: &mut Buffer<'_, Self>, swap: Swap, bits: u8, dst: u8) {
        let d = register(dst);
        match (swap, bits) {
            (Swap::Le, 16) => b.extend(d, d, 16),
            (Swap::Le, 32) => b.mov(false, d, d),
            (Swap::Le, _) => {}
            (_, 16) => {
                b.op2(REV16, d, d);
                b.extend(d, d, 16);
            }
            (_, 32) => b.op2(REV32_BITS, d, d),
            _ => b.op2(REV, d, d),
        }
    }

    fn mov_imm(b: &mut Buffer<'_, Self>, dst: u8, value: u64) {
        b.mov_imm(register(dst), value);
    }
}

/// An immediate in the operation's width.
pub(super) fn extended(wide: bool, imm: i32) -> u64 {
    if wide { i64::from(imm) as u64 } else { u64::from(imm as u32) }
}

impl Buffer<'_, Aarch64> {
    fn alu(&mut self, alu: Alu, wide: bool, d: Register, (n, m): (Register, Register)) {
        let word = match alu {
            Alu::Mov => return self.mov(wide, d, m),
            Alu::Mod | Alu::SMod => {
                self.op3(if alu == Alu::Mod { UDIV } else { SDIV }, wide, T2, n, m);
                // n - quotient * m
                return self.op3(MSUB | u32::from(n) << 10, wide, d, T2, m);
            }
            Alu::Add => ADD,
            Alu::Sub => SUB,
            Alu::Mul => MUL,
            Alu::Div => UDIV,
            Alu::SDiv => SDIV,
            Alu::Or => ORR,
            Alu::And => AND,
            Alu::Xor => EOR,
            Alu::Lsh => LSLV,
            Alu::Rsh => LSRV,
            Alu::Arsh => ASRV,
        };
        self.op3(word, wide, d, n, m);
    }

    /// False: the number has to be in a register.
    fn alu_with(&mut self, alu: Alu, width: Width, d: Register, n: Register, imm: i32) -> bool {
        let wide = width == Width::W64;
        let count = imm as u32 & (width.bits() - 1);
        match alu {
            Alu::Add => return self.add_imm(wide, d, n, imm.into()),
            Alu::Sub => return self.add_imm(wide, d, n, -i64::from(imm)),
            Alu::Or => return self.logical_imm(ORR, wide, d, n, extended(wide, imm)),
            Alu::And => return self.logical_imm(AND, wide, d, n, extended(wide, imm)),
            Alu::Xor => return self.logical_imm(EOR, wide, d, n, extended(wide, imm)),
            Alu::Mov => self.mov_imm(d, extended(wide, imm)),
            Alu::Lsh => self.lsl(wide, d, n, count),
            Alu::Rsh => self.lsr(wide, d, n, count),
            Alu::Arsh => self.asr(wide, d, n, count),
            Alu::Mul | Alu::Div | Alu::SDiv | Alu::Mod | Alu::SMod => return false,
        }
        true
    }
}
