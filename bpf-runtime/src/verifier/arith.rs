//! Arithmetic on what is known of numbers. The tnum parts are those of `kernel/bpf/tnum.c`, proven in the CGO 2022
//! paper; intervals are computed in integers that can't overflow and then cut to the width.
use super::num::{Num, ones, signed};
use crate::isa::Alu;

type Bits = (u64, u64);

impl Num {
    /// `self op other` at a width, as [`crate::interp`] computes it.
    pub fn alu(&self, op: Alu, other: &Self, bits: u32) -> Self {
        match op {
            Alu::Add => self.add(other, bits),
            Alu::Sub => self.sub(other, bits),
            Alu::Mul => self.mul(other, bits),
            Alu::And => self.and(other, bits),
            Alu::Or => self.or(other, bits),
            Alu::Xor => Self::known_bits(bits_xor(self.bits(), other.bits()), bits).tight(bits),
            Alu::Lsh | Alu::Rsh | Alu::Arsh => self.shift(op, other, bits),
            Alu::Div => self.div(other, bits),
            Alu::Mod => self.rem(other, bits),
            Alu::SDiv => self.signed_div(other, bits),
            Alu::SMod => self.signed_rem(other, bits),
            Alu::Mov => *other,
        }
    }

    const fn bits(&self) -> Bits {
        (self.value, self.mask)
    }

    const fn known_bits((value, mask): Bits, bits: u32) -> Self {
        Self::of_bits(value, mask, bits)
    }

    pub fn add(&self, b: &Self, bits: u32) -> Self {
        let mut sum = Self::known_bits(bits_add(self.bits(), b.bits()), bits);
        let (low, high) =
            (i128::from(self.umin) + i128::from(b.umin), i128::from(self.umax) + i128::from(b.umax));
        sum.set_unsigned(low, high, bits);
        let (low, high) =
            (i128::from(self.smin) + i128::from(b.smin), i128::from(self.smax) + i128::from(b.smax));
        sum.set_signed(low, high, bits);
        sum.tight(bits)
    }

    pub fn sub(&self, b: &Self, bits: u32) -> Self {
        let mut left = Self::known_bits(bits_sub(self.bits(), b.bits()), bits);
        let (low, high) =
            (i128::from(self.umin) - i128::from(b.umax), i128::from(self.umax) - i128::from(b.umin));
        left.set_unsigned(low, high, bits);
        let (low, high) =
            (i128::from(self.smin) - i128::from(b.smax), i128::from(self.smax) - i128::from(b.smin));
        left.set_signed(low, high, bits);
        left.tight(bits)
    }

    fn mul(&self, b: &Self, bits: u32) -> Self {
        let mut product = Self::known_bits(bits_mul(self.bits(), b.bits()), bits);
        if let Some(high) = self.umax.checked_mul(b.umax) {
            product.set_unsigned(self.umin.wrapping_mul(b.umin).into(), high.into(), bits);
        }
        let first = i128::from(self.smin) * i128::from(b.smin);
        let (mut low, mut high) = (first, first);
        for (x, y) in [(self.smin, b.smax), (self.smax, b.smin), (self.smax, b.smax)] {
            let corner = i128::from(x) * i128::from(y);
            (low, high) = (low.min(corner), high.max(corner));
        }
        product.set_signed(low, high, bits);
        product.tight(bits)
    }

    fn and(&self, b: &Self, bits: u32) -> Self {
        let mut both = Self::known_bits(bits_and(self.bits(), b.bits()), bits);
        (both.umin, both.umax) = (both.value, self.umax.min(b.umax));
        both.tight(bits)
    }

    fn or(&self, b: &Self, bits: u32) -> Self {
        let value = self.value | b.value;
        let mut either = Self::of_bits(value, (self.mask | b.mask) & !value, bits);
        (either.umin, either.umax) = (self.umin.max(b.umin), value | either.mask);
        either.tight(bits)
    }

    /// Shifts use the low bits of the amount only (RFC 9669, section 4.1).
    fn shift(&self, op: Alu, by: &Self, bits: u32) -> Self {
        let by = by.and(&Self::constant(u64::from(bits - 1), bits), bits);
        let (least, most) = (by.umin as u32, by.umax as u32);
        let shifted = |x: u64| match op {
            Alu::Lsh => x << least,
            Alu::Rsh => x >> least,
            _ => (signed(x, bits) >> least) as u64,
        };
        let mut result = Self::unknown(bits);
        if least == most {
            result = Self::of_bits(shifted(self.value), shifted(self.mask), bits);
        }
        match op {
            Alu::Lsh => {
                if self.umax <= ones(bits) >> most {
                    (result.umin, result.umax) = (self.umin << least, self.umax << most);
                }
                if least == most {
                    let (low, high) = (i128::from(self.smin) << least, i128::from(self.smax) << least);
                    result.set_signed(low, high, bits);
                }
            }
            Alu::Rsh => (result.umin, result.umax) = (self.umin >> most, self.umax >> least),
            _ => {
                result.smin = (self.smin >> least).min(self.smin >> most);
                result.smax = (self.smax >> least).max(self.smax >> most);
            }
        }
        result.tight(bits)
    }

    /// Division by zero gives 0.
    fn div(&self, b: &Self, bits: u32) -> Self {
        let low = if b.umin == 0 { 0 } else { self.umin.checked_div(b.umax).unwrap_or(0) };
        let high = self.umax.checked_div(b.umin).unwrap_or(self.umax);
        let (low, high) = if b.umax == 0 { (0, 0) } else { (low, high) };
        Self::range(low, high, bits)
    }

    /// The remainder by zero is the dividend.
    fn rem(&self, b: &Self, bits: u32) -> Self {
        match (self.known(), b.known()) {
            (Some(x), Some(y)) => return Self::constant(x.checked_rem(y).unwrap_or(x), bits),
            _ if self.umax < b.umin || b.umax == 0 => return *self,
            _ => {}
        }
        Self::range(0, if b.umin == 0 { self.umax } else { self.umax.min(b.umax - 1) }, bits)
    }

    fn signed_div(&self, b: &Self, bits: u32) -> Self {
        let mut result = Self::unknown(bits);
        let Some(divisor) = b.known() else { return result };
        let divisor = signed(divisor, bits);
        // One quotient of 64 bits has 65: that of the least number by -1.
        let by = |x: i64| match divisor {
            0 => 0,
            -1 => -i128::from(x),
            _ => i128::from(x / divisor),
        };
        let (low, high) = (by(self.smin), by(self.smax));
        result.set_signed(low.min(high), low.max(high), bits);
        result.tight(bits)
    }

    /// The remainder has the dividend's sign and is no farther from zero.
    fn signed_rem(&self, b: &Self, bits: u32) -> Self {
        let (low, high) = (self.smin, self.smax);
        let (least, most) = match b.known().map(|divisor| signed(divisor, bits)) {
            Some(0) => return *self,
            Some(d) if low == high => (low.wrapping_rem(d), low.wrapping_rem(d)),
            // The farthest from zero; that of the least divisor is its greatest number, too.
            Some(d) => {
                let farthest = (d.unsigned_abs() - 1) as i64;
                (low.max(-farthest).min(0), high.min(farthest).max(0))
            }
            None => (low.min(0), high.max(0)),
        };
        let mut result = Self::unknown(bits);
        (result.smin, result.smax) = (least, most);
        result.tight(bits)
    }
}

const fn bits_add((av, am): Bits, (bv, bm): Bits) -> Bits {
    let value = av.wrapping_add(bv);
    let carries = value.wrapping_add(am.wrapping_add(bm)) ^ value;
    let mask = carries | am | bm;
    (value & !mask, mask)
}

const fn bits_sub((av, am): Bits, (bv, bm): Bits) -> Bits {
    let value = av.wrapping_sub(bv);
    let borrows = value.wrapping_add(am) ^ value.wrapping_sub(bm);
    let mask = borrows | am | bm;
    (value & !mask, mask)
}

const fn bits_and((av, am): Bits, (bv, bm): Bits) -> Bits {
    let value = av & bv;
    (value, (av | am) & (bv | bm) & !value)
}

const fn bits_xor((av, am): Bits, (bv, bm): Bits) -> Bits {
    let mask = am | bm;
    ((av ^ bv) & !mask, mask)
}

const fn bits_mul((mut av, mut am): Bits, (mut bv, mut bm): Bits) -> Bits {
    let known = av.wrapping_mul(bv);
    let mut unknown = (0, 0);
    while av != 0 || am != 0 {
        if av & 1 != 0 {
            unknown = bits_add(unknown, (0, bm));
        } else if am & 1 != 0 {
            unknown = bits_add(unknown, (0, bv | bm));
        }
        (av, am, bv, bm) = (av >> 1, am >> 1, bv << 1, bm << 1);
    }
    bits_add((known, 0), unknown)
}
