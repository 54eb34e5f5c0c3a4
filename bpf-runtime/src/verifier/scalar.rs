//! A register's number: what is known of all 64 bits and of the low 32, which 32-bit code compares on its own.
use super::{
    assume::{Relation, assume},
    num::Num,
};
use crate::isa::{Alu, Swap, Width};

const HIGH: u64 = 0xffff_ffff_0000_0000;

/// A number in a register or in a stack slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar {
    pub wide: Num,
    pub low: Num,
    /// Numbers with the same id other than 0 are equal.
    pub id: u32,
}

impl Scalar {
    pub const fn unknown() -> Self {
        Self { wide: Num::unknown(64), low: Num::unknown(32), id: 0 }
    }

    pub fn constant(x: u64) -> Self {
        Self { wide: Num::constant(x, 64), low: Num::constant(x, 32), id: 0 }
    }

    /// From what is known of all bits.
    pub fn from_wide(wide: Num) -> Self {
        Self { wide, low: wide.truncate(32), id: 0 }
    }

    /// From a 32-bit result, which leaves the upper bits zero.
    pub fn from_low(low: Num) -> Self {
        Self { wide: low.zero_extend(), low, id: 0 }
    }

    /// Any number of so many bytes.
    pub fn unknown_bytes(bytes: usize) -> Self {
        match bytes {
            8 => Self::unknown(),
            _ => Self::from_wide(Num::range(0, (1 << (8 * bytes)) - 1, 64)),
        }
    }

    pub fn known(&self) -> Option<u64> {
        self.wide.known()
    }

    pub fn contains(&self, other: &Self) -> bool {
        self.wide.contains(&other.wide) && self.low.contains(&other.low)
    }

    pub fn alu(&self, op: Alu, other: &Self, width: Width) -> Self {
        if width == Width::W32 {
            return Self::from_low(self.low.alu(op, &other.low, 32));
        }
        let plain = Self::from_wide(self.wide.alu(op, &other.wide, 64));
        let mut result = plain;
        // These give the same low bits whatever the upper ones are.
        if matches!(op, Alu::Add | Alu::Sub | Alu::Mul | Alu::And | Alu::Or | Alu::Xor) {
            result.low = self.low.alu(op, &other.low, 32);
        }
        if result.sync() { result } else { plain }
    }

    pub fn neg(&self, width: Width) -> Self {
        Self::constant(0).alu(Alu::Sub, self, width)
    }

    /// `movsx`.
    pub fn sign_extend(&self, bits: u32, width: Width) -> Self {
        let part = if bits == 32 { self.low } else { self.low.truncate(bits) };
        match width {
            Width::W64 => Self::from_wide(part.sign_extend(bits, 64)),
            Width::W32 => Self::from_low(part.sign_extend(bits, 32)),
        }
    }

    pub fn swap(&self, swap: Swap, bits: u32) -> Self {
        let mut part = if bits == 64 { self.wide } else { self.low.truncate(bits).zero_extend() };
        if !matches!(swap, Swap::Le) {
            let moved = |x: u64| x.swap_bytes() >> (64 - bits);
            part = Num::of_bits(moved(part.value), moved(part.mask), 64).tight(64);
        }
        Self::from_wide(part)
    }

    /// The bytes `at .. at + size` of it, zero-extended.
    pub fn bytes(&self, at: usize, size: usize) -> Self {
        let mut part = *self;
        if at > 0 {
            part = part.alu(Alu::Rsh, &Self::constant(8 * at as u64), Width::W64);
        }
        match size {
            8 => part,
            4 => Self { id: 0, ..Self::from_low(part.low) },
            _ => Self::from_wide(part.low.truncate(8 * size as u32).zero_extend()),
        }
    }

    /// Keeps what is left of two numbers that stand in a relation at a width; false: they can't.
    pub fn assume(relation: Relation, a: &mut Self, b: &mut Self, width: Width) -> bool {
        let possible = match width {
            Width::W64 => assume(relation, &mut a.wide, &mut b.wide, 64),
            Width::W32 => assume(relation, &mut a.low, &mut b.low, 32),
        };
        possible && a.sync() && b.sync()
    }

    /// Carries what the two widths know over to each other; false: no number is left.
    pub fn sync(&mut self) -> bool {
        (0..2).all(|_| self.low.intersect(&self.wide.truncate(32), 32) && self.narrow())
    }

    /// Adds to all bits what is known of the low ones.
    fn narrow(&mut self) -> bool {
        let (wide, low) = (&mut self.wide, &self.low);
        // Bounds whose upper half is the least (or greatest) possible have the low half's bounds.
        wide.umin = wide.umin.max(wide.umin & HIGH | low.umin);
        wide.umax = wide.umax.min(wide.umax & HIGH | low.umax);
        wide.smin = wide.smin.max((wide.smin as u64 & HIGH | low.umin) as i64);
        wide.smax = wide.smax.min((wide.smax as u64 & HIGH | low.umax) as i64);
        // A number that fits 32 bits signed is the sign extension of its low half.
        if wide.smin >= i64::from(i32::MIN) && wide.smax <= i64::from(i32::MAX) {
            wide.smin = wide.smin.max(low.smin);
            wide.smax = wide.smax.min(low.smax);
        }
        wide.intersect(&Num { value: low.value, mask: low.mask | HIGH, ..Num::unknown(64) }, 64)
    }
}

impl From<i32> for Scalar {
    /// An immediate: sign-extended.
    fn from(imm: i32) -> Self {
        Self::constant(i64::from(imm) as u64)
    }
}
