//! Arithmetic on what is known of numbers. The tnum parts are those of `kernel/bpf/tnum.c`, proven in the CGO 2022
//! paper; intervals are computed in integers that can't overflow and then cut to the width.
use super::num::{Num, fit_signed, fit_unsigned, ones, signed};
use crate::isa::Alu;

type Bits = (u64, u64);
type Span<T> = Option<(T, T)>;

impl Num {
    /// `self op other` at a width, as [`crate::interp`] computes it.
    pub fn alu(self, op: Alu, other: Self, bits: u32) -> Self {
        match op {
            Alu::Add => self.add(other, bits),
            Alu::Sub => self.sub(other, bits),
            Alu::Mul => self.mul(other, bits),
            Alu::And => self.and(other, bits),
            Alu::Or => self.or(other, bits),
            Alu::Xor => Self::of(bits_xor(self.bits(), other.bits()), None, None, bits),
            Alu::Lsh | Alu::Rsh | Alu::Arsh => self.shift(op, other, bits),
            Alu::Div => self.div(other, bits),
            Alu::Mod => self.rem(other, bits),
            Alu::SDiv => self.signed_div(other, bits),
            Alu::SMod => self.signed_rem(other, bits),
            Alu::Mov => other,
        }
    }

    const fn bits(&self) -> Bits {
        (self.value, self.mask)
    }

    pub fn add(self, b: Self, bits: u32) -> Self {
        let unsigned = fit_unsigned(
            i128::from(self.umin) + i128::from(b.umin),
            i128::from(self.umax) + i128::from(b.umax),
            bits,
        );
        let signed = fit_signed(
            i128::from(self.smin) + i128::from(b.smin),
            i128::from(self.smax) + i128::from(b.smax),
            bits,
        );
        Self::of(bits_add(self.bits(), b.bits()), unsigned, signed, bits)
    }

    pub fn sub(self, b: Self, bits: u32) -> Self {
        let unsigned = fit_unsigned(
            i128::from(self.umin) - i128::from(b.umax),
            i128::from(self.umax) - i128::from(b.umin),
            bits,
        );
        let signed = fit_signed(
            i128::from(self.smin) - i128::from(b.smax),
            i128::from(self.smax) - i128::from(b.smin),
            bits,
        );
        Self::of(bits_sub(self.bits(), b.bits()), unsigned, signed, bits)
    }

    fn mul(self, b: Self, bits: u32) -> Self {
        let unsigned = self.umax.checked_mul(b.umax).and_then(|high| {
            let low = self.umin.wrapping_mul(b.umin);
            fit_unsigned(low.into(), high.into(), bits)
        });
        let product = |x: i64, y: i64| i128::from(x) * i128::from(y);
        let corners = [
            product(self.smin, b.smin),
            product(self.smin, b.smax),
            product(self.smax, b.smin),
            product(self.smax, b.smax),
        ];
        let low = corners.iter().fold(corners[0], |low, &x| low.min(x));
        let high = corners.iter().fold(corners[0], |high, &x| high.max(x));
        Self::of(bits_mul(self.bits(), b.bits()), unsigned, fit_signed(low, high, bits), bits)
    }

    fn and(self, b: Self, bits: u32) -> Self {
        let (value, mask) = bits_and(self.bits(), b.bits());
        Self::of((value, mask), Some((value, self.umax.min(b.umax))), None, bits)
    }

    fn or(self, b: Self, bits: u32) -> Self {
        let value = self.value | b.value;
        let mask = (self.mask | b.mask) & !value;
        Self::of((value, mask), Some((self.umin.max(b.umin), value | mask)), None, bits)
    }

    /// Shifts use the low bits of the amount only (RFC 9669, section 4.1).
    fn shift(self, op: Alu, by: Self, bits: u32) -> Self {
        let by = by.and(Self::constant(u64::from(bits - 1), bits), bits);
        let (least, most) = (by.umin as u32, by.umax as u32);
        let exact = |shifted: fn(u64, u32, u32) -> u64| {
            if least == most {
                (shifted(self.value, least, bits), shifted(self.mask, least, bits))
            } else {
                (0, ones(bits))
            }
        };
        match op {
            Alu::Lsh => {
                let fits = self.umax <= ones(bits) >> most;
                let unsigned = fits.then(|| (self.umin << least, self.umax << most));
                let signed: Span<i64> = if least == most {
                    fit_signed(i128::from(self.smin) << least, i128::from(self.smax) << least, bits)
                } else {
                    None
                };
                Self::of(exact(|x, by, _| x << by), unsigned, signed, bits)
            }
            Alu::Rsh => {
                let unsigned = Some((self.umin >> most, self.umax >> least));
                Self::of(exact(|x, by, _| x >> by), unsigned, None, bits)
            }
            _ => {
                let low = (self.smin >> least).min(self.smin >> most);
                let high = (self.smax >> least).max(self.smax >> most);
                let bits_of = exact(|x, by, bits| (signed(x, bits) >> by) as u64);
                Self::of(bits_of, None, Some((low, high)), bits)
            }
        }
    }

    /// Division by zero gives 0.
    fn div(self, b: Self, bits: u32) -> Self {
        let low = if b.umin == 0 { 0 } else { self.umin.checked_div(b.umax).unwrap_or(0) };
        let high = self.umax.checked_div(b.umin).unwrap_or(self.umax);
        let span = if b.umax == 0 { (0, 0) } else { (low, high) };
        Self::of((0, ones(bits)), Some(span), None, bits)
    }

    /// The remainder by zero is the dividend.
    fn rem(self, b: Self, bits: u32) -> Self {
        match (self.known(), b.known()) {
            (Some(x), Some(y)) => return Self::constant(x.checked_rem(y).unwrap_or(x), bits),
            _ if self.umax < b.umin || b.umax == 0 => return self,
            _ => {}
        }
        let most = if b.umin == 0 { self.umax } else { self.umax.min(b.umax - 1) };
        Self::of((0, ones(bits)), Some((0, most)), None, bits)
    }

    fn signed_div(self, b: Self, bits: u32) -> Self {
        let Some(divisor) = b.known() else { return Self::unknown(bits) };
        let (low, high) = match i128::from(signed(divisor, bits)) {
            0 => (0, 0),
            d => (i128::from(self.smin) / d, i128::from(self.smax) / d),
        };
        Self::of((0, ones(bits)), None, fit_signed(low.min(high), low.max(high), bits), bits)
    }

    /// The remainder has the dividend's sign and is no farther from zero.
    fn signed_rem(self, b: Self, bits: u32) -> Self {
        let (low, high) = (i128::from(self.smin), i128::from(self.smax));
        let span = match b.known().map(|divisor| i128::from(signed(divisor, bits))) {
            Some(0) => return self,
            Some(d) if low == high => (low % d, low % d),
            Some(d) => (low.max(1 - d.abs()), high.min(d.abs() - 1)),
            None => (low, high),
        };
        let constant = low == high && b.known().is_some();
        let span = if constant { span } else { (span.0.min(0), span.1.max(0)) };
        Self::of((0, ones(bits)), None, fit_signed(span.0, span.1, bits), bits)
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
