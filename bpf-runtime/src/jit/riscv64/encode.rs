//! Encoding of the instructions that are used (RISC-V Unprivileged ISA, chapters 2, 4, 13 and 14, and its list of
//! instructions). The constants are instructions with all registers and numbers 0.
use super::{ADDRESS, Riscv64, T4, ZERO};
use crate::jit::{
    buffer::Buffer,
    machine::{Place, Register},
};

pub(super) const ADD: u32 = 0x0000_0033;
pub(super) const SUB: u32 = 0x4000_0033;
pub(super) const SLL: u32 = 0x0000_1033;
pub(super) const SLTU: u32 = 0x0000_3033;
pub(super) const XOR: u32 = 0x0000_4033;
pub(super) const SRL: u32 = 0x0000_5033;
pub(super) const SRA: u32 = 0x4000_5033;
pub(super) const OR: u32 = 0x0000_6033;
pub(super) const AND: u32 = 0x0000_7033;
pub(super) const MUL: u32 = 0x0200_0033;
pub(super) const DIV: u32 = 0x0200_4033;
pub(super) const DIVU: u32 = 0x0200_5033;
pub(super) const REM: u32 = 0x0200_6033;
pub(super) const REMU: u32 = 0x0200_7033;
pub(super) const ADDI: u32 = 0x0000_0013;
pub(super) const SLLI: u32 = 0x0000_1013;
pub(super) const XORI: u32 = 0x0000_4013;
pub(super) const SRLI: u32 = 0x0000_5013;
pub(super) const SRAI: u32 = 0x4000_5013;
pub(super) const ORI: u32 = 0x0000_6013;
pub(super) const ANDI: u32 = 0x0000_7013;
/// Added to one of the above: the form for 32 bits, if there is one. Its result is extended with its sign.
pub(super) const W: u32 = 8;
const LUI: u32 = 0x37;
pub(super) const AUIPC: u32 = 0x17;
pub(super) const JAL: u32 = 0x6f;
pub(super) const JALR: u32 = 0x67;
pub(super) const BEQ: u32 = 0x0063;
pub(super) const BNE: u32 = 0x1063;
pub(super) const BLT: u32 = 0x4063;
pub(super) const BGE: u32 = 0x5063;
pub(super) const BLTU: u32 = 0x6063;
pub(super) const BGEU: u32 = 0x7063;
/// A branch under the opposite condition.
pub(super) const OPPOSITE: u32 = 0x1000;
const LOAD: u32 = 0x03;
const STORE: u32 = 0x23;
/// Atomics of 8 bytes, in order with all other accesses.
pub(super) const LR: u32 = 0x1600_302f;
pub(super) const SC: u32 = 0x1e00_302f;
pub(super) const AMOSWAP: u32 = 0x0e00_302f;
pub(super) const AMOADD: u32 = 0x0600_302f;
pub(super) const AMOXOR: u32 = 0x2600_302f;
pub(super) const AMOAND: u32 = 0x6600_302f;
pub(super) const AMOOR: u32 = 0x4600_302f;

/// A distance in the places that format B has for it.
pub(super) const fn branch_bits(d: u32) -> u32 {
    (d >> 12 & 1) << 31 | (d >> 5 & 0x3f) << 25 | (d >> 1 & 0xf) << 8 | (d >> 11 & 1) << 7
}

/// Whether format I holds the number.
pub(super) fn is_short(value: i64) -> bool {
    (-0x800..0x800).contains(&value)
}

impl Buffer<'_, Riscv64> {
    /// Format R: two operands in registers.
    #[inline]
    pub(super) fn op3(&mut self, word: u32, rd: Register, rs1: Register, rs2: Register) {
        self.word(word | u32::from(rs2) << 20 | u32::from(rs1) << 15 | u32::from(rd) << 7);
    }

    /// Format I: the second operand is a number of 12 bits with sign.
    #[inline]
    pub(super) fn op_imm(&mut self, word: u32, rd: Register, rs1: Register, imm: i32) {
        self.word(word | (imm as u32) << 20 | u32::from(rs1) << 15 | u32::from(rd) << 7);
    }

    pub(super) fn mov(&mut self, rd: Register, rs: Register) {
        self.op_imm(ADDI, rd, rs, 0);
    }

    /// The low 32 bits, extended with their sign.
    pub(super) fn sign_extend(&mut self, rd: Register, rs: Register) {
        self.op_imm(ADDI + W, rd, rs, 0);
    }

    /// The low bits, extended with zeros.
    pub(super) fn zero_extend(&mut self, rd: Register, rs: Register, bits: u8) {
        self.op_imm(SLLI, rd, rs, 64 - i32::from(bits));
        self.op_imm(SRLI, rd, rd, 64 - i32::from(bits));
    }

    /// A number: 32 bits by `lui` and `addiw`, more by parts of 12 bits.
    pub(super) fn mov_imm(&mut self, rd: Register, value: i64) {
        if is_short(value) {
            return self.op_imm(ADDI, rd, ZERO, value as i32);
        }
        let low = ((value << 52) >> 52) as i32;
        if let Ok(value) = i32::try_from(value) {
            self.word(LUI | value.wrapping_add(0x800) as u32 & !0xfff | u32::from(rd) << 7);
            if low != 0 {
                self.op_imm(ADDI + W, rd, rd, low);
            }
            return;
        }
        let high = value.wrapping_sub(low.into()) >> 12;
        let zeros = high.trailing_zeros();
        self.mov_imm(rd, high >> zeros);
        self.op_imm(SLLI, rd, rd, 12 + zeros as i32);
        if low != 0 {
            self.op_imm(ADDI, rd, rd, low);
        }
    }

    /// Adds a number.
    pub(super) fn add_imm(&mut self, rd: Register, rs: Register, value: i32) {
        if is_short(value.into()) {
            self.op_imm(ADDI, rd, rs, value);
        } else {
            self.mov_imm(T4, value.into());
            self.op3(ADD, rd, rs, T4);
        }
    }

    /// A place whose displacement can be encoded: the same, or one by the address register.
    fn near(&mut self, place: Place) -> Place {
        if is_short(place.off.into()) {
            return place;
        }
        self.add_imm(ADDRESS, place.base, place.off);
        Place { base: ADDRESS, off: 0 }
    }

    /// A load of `1 << scale` bytes, extended with zeros or their sign.
    pub(super) fn load_sized(&mut self, scale: u32, signed: bool, rd: Register, place: Place) {
        let Place { base, off } = self.near(place);
        let unsigned = if signed || scale == 3 { 0 } else { 4 };
        self.op_imm(LOAD | (scale | unsigned) << 12, rd, base, off);
    }

    pub(super) fn store_sized(&mut self, scale: u32, rs: Register, place: Place) {
        let Place { base, off } = self.near(place);
        let off = off as u32;
        let word = STORE | scale << 12 | (off >> 5 & 0x7f) << 25 | (off & 0x1f) << 7;
        self.op3(word, 0, base, rs);
    }

    pub(super) fn load(&mut self, rd: Register, base: Register, off: i32) {
        self.load_sized(3, false, rd, Place { base, off });
    }

    pub(super) fn store(&mut self, rs: Register, base: Register, off: i32) {
        self.store_sized(3, rs, Place { base, off });
    }

    /// A branch over some bytes or, negative, back.
    pub(super) fn branch_by(&mut self, word: u32, rs1: Register, rs2: Register, bytes: i32) {
        self.op3(word | branch_bits(bytes as u32), 0, rs1, rs2);
    }
}
