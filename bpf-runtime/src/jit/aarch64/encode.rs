//! Encoding of the instructions that are used (Arm Architecture Reference Manual, DDI 0487, C4.1 and C6.2). The
//! constants are the forms for 64 bits with all registers and numbers 0.
use super::{ADDRESS, Aarch64, SP, ZERO};
use crate::jit::{
    buffer::Buffer,
    machine::{Place, Register},
};

/// Condition codes.
pub(super) mod cc {
    pub const EQ: u32 = 0;
    pub const NE: u32 = 1;
    pub const HS: u32 = 2;
    pub const LO: u32 = 3;
    pub const HI: u32 = 8;
    pub const LS: u32 = 9;
    pub const GE: u32 = 10;
    pub const LT: u32 = 11;
    pub const GT: u32 = 12;
    pub const LE: u32 = 13;
}

pub(super) const ADD: u32 = 0x8b00_0000;
pub(super) const SUB: u32 = 0xcb00_0000;
pub(super) const SUBS: u32 = 0xeb00_0000;
pub(super) const AND: u32 = 0x8a00_0000;
pub(super) const ANDS: u32 = 0xea00_0000;
pub(super) const ORR: u32 = 0xaa00_0000;
pub(super) const EOR: u32 = 0xca00_0000;
/// `madd` with zero to add.
pub(super) const MUL: u32 = 0x9b00_7c00;
pub(super) const MSUB: u32 = 0x9b00_8000;
pub(super) const UDIV: u32 = 0x9ac0_0800;
pub(super) const SDIV: u32 = 0x9ac0_0c00;
pub(super) const LSLV: u32 = 0x9ac0_2000;
pub(super) const LSRV: u32 = 0x9ac0_2400;
pub(super) const ASRV: u32 = 0x9ac0_2800;
pub(super) const REV: u32 = 0xdac0_0c00;
pub(super) const REV32_BITS: u32 = 0x5ac0_0800;
pub(super) const REV16: u32 = 0x5ac0_0400;
pub(super) const LDAXR: u32 = 0xc85f_fc00;
pub(super) const STLXR: u32 = 0xc800_fc00;
pub(super) const BLR: u32 = 0xd63f_0000;
pub(super) const RET: u32 = 0xd65f_03c0;
pub(super) const B: u32 = 0x1400_0000;
pub(super) const BL: u32 = 0x9400_0000;
pub(super) const B_COND: u32 = 0x5400_0000;
pub(super) const CBZ: u32 = 0xb400_0000;
pub(super) const CBNZ: u32 = 0xb500_0000;
const UBFM: u32 = 0xd340_0000;
const SBFM: u32 = 0x9340_0000;
const MOVN: u32 = 0x9280_0000;
pub(super) const MOVZ: u32 = 0xd280_0000;
pub(super) const MOVK: u32 = 0xf280_0000;

/// The form for 64 or 32 bits.
pub(super) const fn sized(word: u32, wide: bool) -> u32 {
    if wide { word } else { word & !(1 << 31) }
}

/// The fields N, immr and imms for a number with a repeated run of ones (`DecodeBitMasks`), if it is one.
fn bit_mask(value: u64) -> Option<u32> {
    if value == 0 || value == u64::MAX {
        return None;
    }
    let mut size = 64;
    while size > 2 && value.rotate_right(size / 2) == value {
        size /= 2;
    }
    let mask = u64::MAX >> (64 - size);
    let ones = (value & mask).count_ones();
    let start = if value & 1 == 0 { value.trailing_zeros() } else { size - value.leading_ones() % size };
    if value.rotate_right(start) & mask != (1 << ones) - 1 {
        return None;
    }
    let imms = !(2 * size - 1) & 0x3f | (ones - 1);
    Some(u32::from(size == 64) << 22 | ((size - start % size) % size) << 16 | imms << 10)
}

impl Buffer<'_, Aarch64> {
    /// An instruction with three registers.
    #[inline]
    pub(super) fn op3(&mut self, word: u32, wide: bool, d: Register, n: Register, m: Register) {
        self.word(sized(word, wide) | u32::from(m) << 16 | u32::from(n) << 5 | u32::from(d));
    }

    /// An instruction with two registers.
    pub(super) fn op2(&mut self, word: u32, d: Register, n: Register) {
        self.word(word | u32::from(n) << 5 | u32::from(d));
    }

    pub(super) fn mov(&mut self, wide: bool, d: Register, n: Register) {
        self.op3(ORR, wide, d, ZERO, n);
    }

    pub(super) fn cmp(&mut self, wide: bool, n: Register, m: Register) {
        self.op3(SUBS, wide, ZERO, n, m);
    }

    /// A number, in few instructions.
    pub(super) fn mov_imm(&mut self, d: Register, value: u64) {
        let part = |i: u32| (value >> (16 * i)) as u32 & 0xffff;
        let parts_unlike = |fill: u32| (0..4).filter(|&i| part(i) != fill).count();
        let (zeros, ones) = (parts_unlike(0), parts_unlike(0xffff));
        if zeros > 1 && ones > 1 {
            if let Some(fields) = bit_mask(value) {
                return self.op2(0xb200_0000 | fields, d, ZERO);
            }
            // Negative in 32 bits, whose forms clear the rest.
            if value >> 16 == 0xffff {
                return self.word(sized(MOVN, false) | (part(0) ^ 0xffff) << 5 | u32::from(d));
            }
        }
        let (first, fill) = if ones < zeros { (MOVN, 0xffff) } else { (MOVZ, 0) };
        let mut word = first;
        for i in 0..4 {
            if part(i) != fill {
                let number = if word == MOVN { part(i) ^ 0xffff } else { part(i) };
                self.word(word | i << 21 | number << 5 | u32::from(d));
                word = MOVK;
            }
        }
        if word == first {
            self.word(first | u32::from(d));
        }
    }

    /// Adds a number of 12 bits, or of 24 whose low half is 0; false: it is another one.
    pub(super) fn add_imm(&mut self, wide: bool, d: Register, n: Register, value: i64) -> bool {
        self.add_imm_form(if value < 0 { 0xd100_0000 } else { 0x9100_0000 }, wide, d, n, value)
    }

    /// Subtracts such a number and sets the flags.
    pub(super) fn subs_imm(&mut self, wide: bool, d: Register, n: Register, value: i64) -> bool {
        self.add_imm_form(if value < 0 { 0xb100_0000 } else { 0xf100_0000 }, wide, d, n, value)
    }

    fn add_imm_form(&mut self, word: u32, wide: bool, d: Register, n: Register, value: i64) -> bool {
        let fields = match value.unsigned_abs() {
            low @ 0..=0xfff => (low as u32) << 10,
            high if high <= 0xff_f000 && high % 0x1000 == 0 => 1 << 22 | (high as u32 >> 12) << 10,
            _ => return false,
        };
        self.op2(sized(word | fields, wide), d, n);
        true
    }

    /// An address: a base and a displacement.
    pub(super) fn add_off(&mut self, d: Register, n: Register, off: i32) {
        if !self.add_imm(true, d, n, off.into()) {
            self.mov_imm(d, i64::from(off) as u64);
            self.op3(ADD, true, d, d, n);
        }
    }

    /// And, or, exclusive or with a number that has an encoding; false: it has none.
    pub(super) fn logical_imm(
        &mut self,
        word: u32,
        wide: bool,
        d: Register,
        n: Register,
        value: u64,
    ) -> bool {
        let fields = bit_mask(if wide { value } else { value & 0xffff_ffff | value << 32 });
        if let Some(fields) = fields {
            // From the form with registers to that with a number.
            self.op2(sized(word & 0xe000_0000 | 0x1200_0000 | fields, wide), d, n);
        }
        fields.is_some()
    }

    fn bits(&mut self, word: u32, wide: bool, d: Register, n: Register, (r, s): (u32, u32)) {
        let word = if wide { word } else { word & !(1 << 31 | 1 << 22) };
        self.op2(word | r << 16 | s << 10, d, n);
    }

    pub(super) fn lsl(&mut self, wide: bool, d: Register, n: Register, by: u32) {
        let top = if wide { 63 } else { 31 };
        self.bits(UBFM, wide, d, n, (by.wrapping_neg() & top, top - by));
    }

    pub(super) fn lsr(&mut self, wide: bool, d: Register, n: Register, by: u32) {
        self.bits(UBFM, wide, d, n, (by, if wide { 63 } else { 31 }));
    }

    pub(super) fn asr(&mut self, wide: bool, d: Register, n: Register, by: u32) {
        self.bits(SBFM, wide, d, n, (by, if wide { 63 } else { 31 }));
    }

    /// The low bits, extended with zeros.
    pub(super) fn extend(&mut self, d: Register, n: Register, bits: u8) {
        self.bits(UBFM, false, d, n, (0, u32::from(bits) - 1));
    }

    /// The low bits, extended with their sign.
    pub(super) fn sign_extend(&mut self, wide: bool, d: Register, n: Register, bits: u8) {
        self.bits(SBFM, wide, d, n, (0, u32::from(bits) - 1));
    }

    /// A load or store of `1 << scale` bytes: 0 stores, 1 loads, 2 loads with sign. Places that can't be encoded go
    /// through the address register.
    pub(super) fn transfer(&mut self, scale: u32, kind: u32, t: Register, place: Place) {
        let Place { base, off } = place;
        let word = scale << 30 | kind << 22;
        if off >> scale << scale == off && (0..1 << (12 + scale)).contains(&off) {
            self.op2(word | 0x3900_0000 | (off as u32 >> scale) << 10, t, base);
        } else if (-256..256).contains(&off) {
            self.op2(word | 0x3800_0000 | (off as u32 & 0x1ff) << 12, t, base);
        } else {
            self.add_off(ADDRESS, base, off);
            self.op2(word | 0x3900_0000, t, ADDRESS);
        }
    }

    pub(super) fn load(&mut self, t: Register, base: Register, off: i32) {
        self.transfer(3, 1, t, Place { base, off });
    }

    pub(super) fn store(&mut self, t: Register, base: Register, off: i32) {
        self.transfer(3, 0, t, Place { base, off });
    }

    /// Two registers onto the stack, in 16 bytes.
    pub(super) fn push(&mut self, first: Register, second: Register) {
        // stp first, second, [sp, #-16]!
        self.op2(0xa9bf_0000 | u32::from(second) << 10, first, SP);
    }

    pub(super) fn pop(&mut self, first: Register, second: Register) {
        // ldp first, second, [sp], #16
        self.op2(0xa8c1_0000 | u32::from(second) << 10, first, SP);
    }

    /// `b.cond` or `cbz` or `cbnz`, over some instructions or, negative, back.
    pub(super) fn branch_by(&mut self, word: u32, words: i32) {
        self.word(word | (words as u32 & 0x7_ffff) << 5);
    }
}
