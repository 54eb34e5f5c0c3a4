//! Arithmetic (RFC 9669, section 4.1).
use super::{
    X86_64,
    encode::{R10, R11, RAX, RCX, RDX, Rm, cc, op, op32},
    register,
};
use crate::{
    isa::{Alu, Swap, Width},
    jit::{
        buffer::Buffer,
        machine::{Arithmetic, Register},
    },
};

impl Arithmetic for X86_64 {
    fn alu_register(b: &mut Buffer<'_, Self>, alu: Alu, width: Width, dst: u8, lhs: u8, rhs: u8) {
        let (wide, to, from) = (width == Width::W64, register(dst), register(rhs));
        if lhs != dst {
            return copied(b, alu, width, [dst, lhs, rhs]);
        }
        let opcode = match alu {
            Alu::Add => 0x01,
            Alu::Or => 0x09,
            Alu::And => 0x21,
            Alu::Sub => 0x29,
            Alu::Xor => 0x31,
            Alu::Mov => 0x89,
            Alu::Mul => return b.insn(op(0x1af, wide), to, Rm::Reg(from)),
            Alu::Lsh => return b.shift(4, wide, to, from),
            Alu::Rsh => return b.shift(5, wide, to, from),
            Alu::Arsh => return b.shift(7, wide, to, from),
            Alu::Div | Alu::SDiv | Alu::Mod | Alu::SMod => return b.divide(alu, wide, to, from),
        };
        b.insn(op(opcode, wide), from, Rm::Reg(to));
    }

    fn alu_imm(b: &mut Buffer<'_, Self>, alu: Alu, width: Width, dst: u8, lhs: u8, imm: i32) {
        let (wide, to) = (width == Width::W64, register(dst));
        if lhs != dst {
            if alu == Alu::Add {
                return b.insn(op(0x8d, wide), to, Rm::Mem(register(lhs), imm));
            }
            b.mov(wide, to, register(lhs));
        }
        let by = (imm as u32 & (width.bits() - 1)) as u8;
        match alu {
            Alu::Add => b.arith_imm(0, wide, to, imm),
            Alu::Or => b.arith_imm(1, wide, to, imm),
            Alu::And => b.arith_imm(4, wide, to, imm),
            Alu::Sub => b.arith_imm(5, wide, to, imm),
            Alu::Xor => b.arith_imm(6, wide, to, imm),
            Alu::Mov if wide => b.mov_imm(to, i64::from(imm) as u64),
            Alu::Mov => b.mov_imm(to, u64::from(imm as u32)),
            Alu::Mul => {
                b.insn_imm32(op(0x69, wide), to, to, imm);
            }
            // A shift by nothing still has to clear the upper half.
            Alu::Lsh | Alu::Rsh | Alu::Arsh if by == 0 => b.mov(wide, to, to),
            Alu::Lsh => b.shift_imm(4, wide, to, by),
            Alu::Rsh => b.shift_imm(5, wide, to, by),
            Alu::Arsh => b.shift_imm(7, wide, to, by),
            Alu::Div | Alu::SDiv | Alu::Mod | Alu::SMod => b.divide_imm(alu, wide, to, imm),
        }
    }

    fn neg(b: &mut Buffer<'_, Self>, width: Width, dst: u8) {
        b.neg(width == Width::W64, register(dst));
    }

    fn mov_sx(b: &mut Buffer<'_, Self>, width: Width, bits: u8, dst: u8, src: u8) {
        let wide = width == Width::W64;
        let form = match bits {
            8 => op(0x1be, wide).bytes(),
            16 => op(0x1bf, wide),
            _ => op(0x63, wide),
        };
        b.insn(form, register(dst), Rm::Reg(register(src)));
    }

    /// Programs are little-endian, as the processor is.
    fn swap(b: &mut Buffer<'_, Self>, swap: Swap, bits: u8, dst: u8) {
        let to = register(dst);
        match (swap, bits) {
            (Swap::Le, 16) => b.insn(op32(0x1b7), to, Rm::Reg(to)),
            (Swap::Le, 32) => b.mov(false, to, to),
            (Swap::Le, _) => {}
            (_, 16) => {
                b.insn(op32(0xc1).words(), 1, Rm::Reg(to));
                b.byte(8);
                b.insn(op32(0x1b7), to, Rm::Reg(to));
            }
            (_, bits) => b.bswap(bits == 64, to),
        }
    }

    fn mov_imm(b: &mut Buffer<'_, Self>, dst: u8, value: u64) {
        b.mov_imm(register(dst), value);
    }
}

/// `dst = lhs (alu) rhs`, where `lhs` is another register.
#[inline(never)]
fn copied(b: &mut Buffer<'_, X86_64>, alu: Alu, width: Width, [dst, lhs, rhs]: [u8; 3]) {
    let (wide, to, from) = (width == Width::W64, register(dst), register(lhs));
    if alu == Alu::Add {
        return b.lea_sum(wide, to, from, register(rhs));
    }
    b.mov(wide, to, from);
    X86_64::alu_register(b, alu, width, dst, dst, rhs);
}

/// What is rare or long is not inlined: it would have the registers saved of those that use it.
impl Buffer<'_, X86_64> {
    fn neg(&mut self, wide: bool, to: Register) {
        self.insn(op(0xf7, wide), 3, Rm::Reg(to));
    }

    /// Counts are cut to the width by the processor as by the standard. They have to be in cl.
    #[inline(never)]
    fn shift(&mut self, extension: u8, wide: bool, to: Register, count: Register) {
        let shifted = if to == RCX { R11 } else { to };
        if to == RCX || count != RCX {
            self.mov(true, R11, RCX);
        }
        if count != RCX {
            self.mov(false, RCX, count);
        }
        self.insn(op(0xd3, wide), extension, Rm::Reg(shifted));
        if to == RCX || count != RCX {
            self.mov(true, RCX, R11);
        }
    }

    #[inline(never)]
    fn divide_imm(&mut self, alu: Alu, wide: bool, to: Register, imm: i32) {
        match (alu, imm) {
            (Alu::Div | Alu::SDiv, 0) | (Alu::SMod, -1) => self.mov_imm(to, 0),
            (Alu::Mod | Alu::SMod, 0) => self.mov(wide, to, to),
            (Alu::SDiv, -1) => self.neg(wide, to),
            _ => {
                self.mov_imm(R11, if wide { i64::from(imm) as u64 } else { u64::from(imm as u32) });
                self.divide_by_r11(alu, wide, to);
            }
        }
    }

    /// With the standard's results for divisors of 0 and -1, at which the processor would trap.
    #[inline(never)]
    fn divide(&mut self, alu: Alu, wide: bool, to: Register, src: Register) {
        let signed = matches!(alu, Alu::SDiv | Alu::SMod);
        self.mov(wide, R11, src);
        self.insn(op(0x85, wide), R11, Rm::Reg(R11));
        let by_zero = self.jcc_short(cc::E);
        let by_minus_one = signed.then(|| {
            self.arith_imm(7, wide, R11, -1);
            self.jcc_short(cc::E)
        });
        self.divide_by_r11(alu, wide, to);
        let done = self.jmp_short();
        let also_done = by_minus_one.map(|jump| {
            self.bind_short(jump);
            if alu == Alu::SDiv {
                self.neg(wide, to);
            } else {
                self.mov_imm(to, 0);
            }
            self.jmp_short()
        });
        self.bind_short(by_zero);
        if matches!(alu, Alu::Div | Alu::SDiv) {
            self.mov_imm(to, 0);
        } else {
            self.mov(wide, to, to);
        }
        self.bind_short(done);
        if let Some(jump) = also_done {
            self.bind_short(jump);
        }
    }

    /// Divides rdx:rax by r11; what they held is kept in r10 and on the stack.
    #[inline(never)]
    fn divide_by_r11(&mut self, alu: Alu, wide: bool, to: Register) {
        if to != RAX {
            self.mov(true, R10, RAX);
            self.mov(true, RAX, to);
        }
        if to != RDX {
            self.push(RDX);
        }
        if matches!(alu, Alu::SDiv | Alu::SMod) {
            // cdq or cqo: the sign of rax into rdx.
            if wide {
                self.bytes(&[0x48, 0x99]);
            } else {
                self.byte(0x99);
            }
            self.insn(op(0xf7, wide), 7, Rm::Reg(R11));
        } else {
            self.mov_imm(RDX, 0);
            self.insn(op(0xf7, wide), 6, Rm::Reg(R11));
        }
        let result = if matches!(alu, Alu::Div | Alu::SDiv) { RAX } else { RDX };
        if result != to {
            self.mov(wide, R11, result);
        }
        if to != RDX {
            self.pop(RDX);
        }
        if to != RAX {
            self.mov(true, RAX, R10);
        }
        if result != to {
            self.mov(true, to, R11);
        }
    }
}
