//! Arithmetic (RFC 9669, section 4.1). The forms for 32 bits extend their results with the sign: the upper half is
//! cleared afterwards, where it can be something else than zero.
use super::{
    Riscv64, T1, T2, T3, ZERO,
    encode::{
        ADD, ADDI, AND, ANDI, DIV, DIVU, MUL, OR, ORI, REM, REMU, SLL, SLLI, SLTU, SRA, SRAI, SRL, SRLI, SUB,
        W, XOR, XORI, is_short,
    },
    register,
};
use crate::{
    isa::{Alu, Swap, Width},
    jit::{
        buffer::Buffer,
        machine::{Arithmetic, Register},
    },
};

impl Arithmetic for Riscv64 {
    fn alu_register(b: &mut Buffer<'_, Self>, alu: Alu, width: Width, dst: u8, lhs: u8, rhs: u8) {
        let cleared = b.alu(alu, width, register(dst), (register(lhs), register(rhs)));
        b.clear_upper(width, register(dst), cleared);
    }

    fn alu_imm(b: &mut Buffer<'_, Self>, alu: Alu, width: Width, dst: u8, lhs: u8, imm: i32) {
        let cleared = b.alu_with(alu, width, register(dst), register(lhs), imm);
        b.clear_upper(width, register(dst), cleared);
    }

    fn neg(b: &mut Buffer<'_, Self>, width: Width, dst: u8) {
        let d = register(dst);
        b.op3(SUB, d, ZERO, d);
        b.clear_upper(width, d, false);
    }

    fn mov_sx(b: &mut Buffer<'_, Self>, width: Width, bits: u8, dst: u8, src: u8) {
        let d = register(dst);
        b.op_imm(SLLI, d, register(src), 64 - i32::from(bits));
        b.op_imm(SRAI, d, d, 64 - i32::from(bits));
        b.clear_upper(width, d, false);
    }

    /// Programs are little-endian, as the processor is. It has no instruction for the other order: byte by byte.
    fn swap(b: &mut Buffer<'_, Self>, swap: Swap, bits: u8, dst: u8) {
        let d = register(dst);
        match (swap, bits) {
            (Swap::Le, 64) => {}
            (Swap::Le, bits) => b.zero_extend(d, d, bits),
            _ => {
                b.op_imm(ANDI, T1, d, 0xff);
                for _ in 1..bits / 8 {
                    b.op_imm(SRLI, d, d, 8);
                    b.op_imm(SLLI, T1, T1, 8);
                    b.op_imm(ANDI, T2, d, 0xff);
                    b.op3(OR, T1, T1, T2);
                }
                b.mov(d, T1);
            }
        }
    }

    fn mov_imm(b: &mut Buffer<'_, Self>, dst: u8, value: u64) {
        b.mov_imm(register(dst), value as i64);
    }
}

impl Buffer<'_, Riscv64> {
    /// Clears the upper half after an operation on 32 bits, unless it is already.
    fn clear_upper(&mut self, width: Width, d: Register, cleared: bool) {
        if width == Width::W32 && !cleared {
            self.zero_extend(d, d, 32);
        }
    }

    /// Whether the upper half is as it has to be.
    fn alu(&mut self, alu: Alu, width: Width, d: Register, (n, m): (Register, Register)) -> bool {
        let w = if width == Width::W32 { W } else { 0 };
        let word = match alu {
            Alu::Mov if w == 0 => {
                self.mov(d, m);
                return true;
            }
            Alu::Mov => {
                self.zero_extend(d, m, 32);
                return true;
            }
            Alu::Div | Alu::SDiv => {
                self.divide(if alu == Alu::Div { DIVU } else { DIV } + w, w != 0, d, (n, m));
                return false;
            }
            // By zero gives the dividend, as the standard wants it.
            Alu::Mod => REMU + w,
            Alu::SMod => REM + w,
            Alu::Add => ADD + w,
            Alu::Sub => SUB + w,
            Alu::Mul => MUL + w,
            Alu::Lsh => SLL + w,
            Alu::Rsh => SRL + w,
            Alu::Arsh => SRA + w,
            Alu::Or => OR,
            Alu::And => AND,
            Alu::Xor => XOR,
        };
        self.op3(word, d, n, m);
        false
    }

    /// By zero gives -1 here, and has to give zero: the quotient is masked by whether there is a divisor.
    fn divide(&mut self, word: u32, half: bool, d: Register, (n, m): (Register, Register)) {
        if half {
            self.sign_extend(T2, m);
        }
        self.op3(SLTU, T3, ZERO, if half { T2 } else { m });
        self.op3(SUB, T3, ZERO, T3);
        self.op3(word, d, n, m);
        self.op3(AND, d, d, T3);
    }

    fn alu_with(&mut self, alu: Alu, width: Width, d: Register, n: Register, imm: i32) -> bool {
        let half = width == Width::W32;
        let w = if half { W } else { 0 };
        let short = is_short(imm.into());
        let count = (imm as u32 & (width.bits() - 1)) as i32;
        match alu {
            Alu::Mov if half => {
                self.mov_imm(d, (imm as u32).into());
                return true;
            }
            Alu::Mov => self.mov_imm(d, imm.into()),
            Alu::Add if short => self.op_imm(ADDI + w, d, n, imm),
            Alu::Sub if is_short(-i64::from(imm)) => self.op_imm(ADDI + w, d, n, -imm),
            Alu::And if short => {
                self.op_imm(ANDI, d, n, imm);
                return imm >= 0;
            }
            Alu::Or if short => self.op_imm(ORI, d, n, imm),
            Alu::Xor if short => self.op_imm(XORI, d, n, imm),
            Alu::Lsh => self.op_imm(SLLI + w, d, n, count),
            Alu::Rsh => {
                self.op_imm(SRLI + w, d, n, count);
                return count > 0;
            }
            Alu::Arsh => self.op_imm(SRAI + w, d, n, count),
            _ => {
                self.mov_imm(T1, imm.into());
                return self.alu(alu, width, d, (n, T1));
            }
        }
        false
    }
}
