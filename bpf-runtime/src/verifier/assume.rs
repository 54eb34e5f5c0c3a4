//! What a comparison that came out one way says about its operands.
use super::num::{Num, signed};
use crate::isa::Test;

/// A relation between two numbers. `>` and `>=` are `<` and `<=` the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    SignedLess,
    SignedLessEqual,
    /// They have a bit in common.
    Meet,
    /// They have no bit in common.
    Disjoint,
}

/// What a jump's outcome means: the relation, and whether the operands are to be exchanged for it.
pub const fn relation(test: Test, taken: bool) -> (Relation, bool) {
    use Relation::{
        Disjoint, Equal, Less, LessEqual, Meet, NotEqual, SignedLess as SLess, SignedLessEqual as SLessEqual,
    };
    match (test, taken) {
        (Test::Eq, true) | (Test::Ne, false) => (Equal, false),
        (Test::Eq, false) | (Test::Ne, true) => (NotEqual, false),
        (Test::Set, true) => (Meet, false),
        (Test::Set, false) => (Disjoint, false),
        (Test::Lt, true) | (Test::Ge, false) => (Less, false),
        (Test::Le, true) | (Test::Gt, false) => (LessEqual, false),
        (Test::Gt, true) | (Test::Le, false) => (Less, true),
        (Test::Ge, true) | (Test::Lt, false) => (LessEqual, true),
        (Test::SLt, true) | (Test::SGe, false) => (SLess, false),
        (Test::SLe, true) | (Test::SGt, false) => (SLessEqual, false),
        (Test::SGt, true) | (Test::SLe, false) => (SLess, true),
        (Test::SGe, true) | (Test::SLt, false) => (SLessEqual, true),
    }
}

/// Keeps what is left of two numbers that stand in a relation; false: they can't.
pub fn assume(relation: Relation, a: &mut Num, b: &mut Num, bits: u32) -> bool {
    match relation {
        Relation::Equal => {
            let possible = a.intersect(b, bits);
            *b = *a;
            return possible;
        }
        Relation::NotEqual => {
            let before = *a;
            if !without(a, b, bits) || !without(b, &before, bits) {
                return false;
            }
        }
        Relation::Less => {
            let (Some(most), Some(least)) = (b.umax.checked_sub(1), a.umin.checked_add(1)) else {
                return false;
            };
            (a.umax, b.umin) = (a.umax.min(most), b.umin.max(least));
        }
        Relation::LessEqual => (a.umax, b.umin) = (a.umax.min(b.umax), b.umin.max(a.umin)),
        Relation::SignedLess => {
            let (Some(most), Some(least)) = (b.smax.checked_sub(1), a.smin.checked_add(1)) else {
                return false;
            };
            (a.smax, b.smin) = (a.smax.min(most), b.smin.max(least));
        }
        Relation::SignedLessEqual => (a.smax, b.smin) = (a.smax.min(b.smax), b.smin.max(a.smin)),
        Relation::Meet => {
            let (of_a, of_b) = (a.value | a.mask, b.value | b.mask);
            if of_a & of_b == 0 {
                return false;
            }
            with_bit_of(a, of_b);
            with_bit_of(b, of_a);
        }
        Relation::Disjoint => {
            if a.value & b.value != 0 {
                return false;
            }
            (a.mask, b.mask) = (a.mask & !b.value, b.mask & !a.value);
        }
    }
    a.normalize(bits) && b.normalize(bits)
}

/// Takes the number that `b` is from `a`, as far as that is an end of an interval; false: nothing is left.
fn without(a: &mut Num, b: &Num, bits: u32) -> bool {
    let Some(x) = b.known() else { return true };
    if a.known() == Some(x) {
        return false;
    }
    let s = signed(x, bits);
    a.umin += u64::from(a.umin == x);
    a.umax -= u64::from(a.umax == x);
    a.smin += i64::from(a.smin == s);
    a.smax -= i64::from(a.smax == s);
    true
}

/// `a` has one of these bits, which may be a single one.
fn with_bit_of(a: &mut Num, bits: u64) {
    if bits.is_power_of_two() {
        a.value |= bits & a.mask;
        a.mask &= !bits;
    }
}
