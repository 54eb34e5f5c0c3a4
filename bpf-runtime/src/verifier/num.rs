//! What is known of a number: a reduced product of known bits (a tnum: Vishwanathan et al., "Sound, Precise, and
//! Fast Abstract Interpretation with Tristate Numbers", CGO 2022), an unsigned and a signed interval.
//!
//! The width is an argument of each operation: 64 or 32 in the verifier, small in the exhaustive tests.

/// The numbers `x` of a width with `x & !mask == value`, `umin <= x <= umax`, and `smin <= x <= smax` when it is
/// read as signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Num {
    pub value: u64,
    pub mask: u64,
    pub umin: u64,
    pub umax: u64,
    pub smin: i64,
    pub smax: i64,
}

/// All ones.
pub const fn ones(bits: u32) -> u64 {
    u64::MAX >> (64 - bits)
}

/// Sign-extends a number of this width.
pub const fn signed(x: u64, bits: u32) -> i64 {
    let shift = 64 - bits;
    ((x << shift) as i64) >> shift
}

impl Num {
    /// Any number.
    pub const fn unknown(bits: u32) -> Self {
        let half = 1u64 << (bits - 1);
        Self {
            value: 0,
            mask: ones(bits),
            umin: 0,
            umax: ones(bits),
            smin: signed(half, bits),
            smax: (half - 1) as i64,
        }
    }

    /// One number.
    pub const fn constant(x: u64, bits: u32) -> Self {
        let (x, s) = (x & ones(bits), signed(x, bits));
        Self { value: x, mask: 0, umin: x, umax: x, smin: s, smax: s }
    }

    /// An unsigned interval.
    pub fn range(umin: u64, umax: u64, bits: u32) -> Self {
        Self { umin, umax, ..Self::unknown(bits) }.tight(bits)
    }

    /// From the bits that are known; what else is known is to be added, and all to be made [`tight`](Self::tight).
    pub const fn of_bits(value: u64, mask: u64, bits: u32) -> Self {
        Self { value: value & ones(bits), mask: mask & ones(bits), ..Self::unknown(bits) }
    }

    /// Sets the unsigned interval to the numbers that the integers `low..=high` are congruent to, if that is one.
    pub const fn set_unsigned(&mut self, low: i128, high: i128, bits: u32) {
        if (low ^ high) >> bits == 0 {
            (self.umin, self.umax) = (low as u64 & ones(bits), high as u64 & ones(bits));
        }
    }

    /// As [`set_unsigned`](Self::set_unsigned), signed.
    pub const fn set_signed(&mut self, low: i128, high: i128, bits: u32) {
        let half = (1_u64 << (bits - 1)) as i128;
        if ((low + half) ^ (high + half)) >> bits == 0 {
            (self.smin, self.smax) = (signed(low as u64, bits), signed(high as u64, bits));
        }
    }

    /// The number, if it is one.
    pub const fn known(&self) -> Option<u64> {
        if self.mask == 0 { Some(self.value) } else { None }
    }

    /// Whether all that `other` may be, this may be.
    pub const fn contains(&self, other: &Self) -> bool {
        other.mask & !self.mask == 0
            && other.value & !self.mask == self.value
            && self.umin <= other.umin
            && self.umax >= other.umax
            && self.smin <= other.smin
            && self.smax >= other.smax
    }

    /// Keeps what the other allows too; false: nothing.
    pub fn intersect(&mut self, other: &Self, bits: u32) -> bool {
        if (self.value ^ other.value) & !self.mask & !other.mask != 0 {
            return false;
        }
        self.mask &= other.mask;
        self.value = (self.value | other.value) & !self.mask;
        self.umin = self.umin.max(other.umin);
        self.umax = self.umax.min(other.umax);
        self.smin = self.smin.max(other.smin);
        self.smax = self.smax.min(other.smax);
        self.normalize(bits)
    }

    /// Carries what each part knows over to the others; false: no number is left.
    pub fn normalize(&mut self, bits: u32) -> bool {
        // Twice: bits that the intervals fix narrow the intervals once more.
        for _ in 0..2 {
            self.bits_to_intervals(bits);
            self.between_intervals(bits);
            if self.umin > self.umax || self.smin > self.smax || !self.intervals_to_bits() {
                return false;
            }
        }
        true
    }

    /// As `normalize`, for the result of a sound operation, which is never empty.
    pub fn tight(mut self, bits: u32) -> Self {
        if !self.normalize(bits) {
            self = Self::unknown(bits);
        }
        self
    }

    fn bits_to_intervals(&mut self, bits: u32) {
        let sign = 1 << (bits - 1);
        self.umin = self.umin.max(self.value);
        self.umax = self.umax.min(self.value | self.mask);
        self.smin = self.smin.max(signed(self.value | self.mask & sign, bits));
        self.smax = self.smax.min(signed(self.value | self.mask & !sign, bits));
    }

    /// An interval that stays on one side of the other reading's wrap holds in that reading too.
    fn between_intervals(&mut self, bits: u32) {
        let (low, high) = (self.smin as u64 & ones(bits), self.smax as u64 & ones(bits));
        if self.smin <= self.smax && low <= high {
            self.umin = self.umin.max(low);
            self.umax = self.umax.min(high);
        }
        let (low, high) = (signed(self.umin, bits), signed(self.umax, bits));
        if self.umin <= self.umax && low <= high {
            self.smin = self.smin.max(low);
            self.smax = self.smax.min(high);
        }
    }

    /// The bits before the first in which the bounds differ are known; false: they contradict.
    fn intervals_to_bits(&mut self) -> bool {
        let differ = self.umin ^ self.umax;
        let unknown = if differ == 0 { 0 } else { u64::MAX >> differ.leading_zeros() };
        let known = !unknown & !self.mask;
        if (self.value ^ self.umin) & known != 0 {
            return false;
        }
        self.value |= self.umin & !unknown;
        self.mask &= unknown;
        true
    }

    /// The low bits.
    pub fn truncate(&self, bits: u32) -> Self {
        let mut low = Self::of_bits(self.value, self.mask, bits);
        low.set_unsigned(self.umin.into(), self.umax.into(), bits);
        low.set_signed(self.smin.into(), self.smax.into(), bits);
        low.tight(bits)
    }

    /// The same number with more bits, all zero.
    pub const fn zero_extend(&self) -> Self {
        Self { smin: self.umin as i64, smax: self.umax as i64, ..*self }
    }

    /// The same signed number, from one width to a greater one.
    pub fn sign_extend(&self, from: u32, to: u32) -> Self {
        let mut wide = Self::of_bits(signed(self.value, from) as u64, signed(self.mask, from) as u64, to);
        (wide.smin, wide.smax) = (self.smin, self.smax);
        wide.tight(to)
    }
}
