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

/// What is left of two numbers that stand in a relation; `None`: they can't.
pub fn assume(relation: Relation, mut a: Num, mut b: Num, bits: u32) -> Option<(Num, Num)> {
    match relation {
        Relation::Equal => {
            let both = a.intersect(b, bits)?;
            return Some((both, both));
        }
        Relation::NotEqual => {
            let (kept_a, kept_b) = (without(a, b, bits), without(b, a, bits));
            (a, b) = (kept_a?, kept_b?);
        }
        Relation::Less => {
            a.umax = a.umax.min(b.umax.checked_sub(1)?);
            b.umin = b.umin.max(a.umin.checked_add(1)?);
        }
        Relation::LessEqual => {
            a.umax = a.umax.min(b.umax);
            b.umin = b.umin.max(a.umin);
        }
        Relation::SignedLess => {
            a.smax = a.smax.min(b.smax.checked_sub(1)?);
            b.smin = b.smin.max(a.smin.checked_add(1)?);
        }
        Relation::SignedLessEqual => {
            a.smax = a.smax.min(b.smax);
            b.smin = b.smin.max(a.smin);
        }
        Relation::Meet => {
            if (a.value | a.mask) & (b.value | b.mask) == 0 {
                return None;
            }
            (a, b) = (with_bit_of(a, b), with_bit_of(b, a));
        }
        Relation::Disjoint => {
            if a.value & b.value != 0 {
                return None;
            }
            (a.mask, b.mask) = (a.mask & !b.value, b.mask & !a.value);
        }
    }
    Some((a.normalize(bits)?, b.normalize(bits)?))
}

/// `a` without the number that `b` is, as far as that is an end of an interval.
fn without(mut a: Num, b: Num, bits: u32) -> Option<Num> {
    let Some(x) = b.known() else { return Some(a) };
    if a.known() == Some(x) {
        return None;
    }
    let s = signed(x, bits);
    a.umin += u64::from(a.umin == x);
    a.umax -= u64::from(a.umax == x);
    a.smin += i64::from(a.smin == s);
    a.smax -= i64::from(a.smax == s);
    Some(a)
}

/// `a` that has a bit in common with `b`, which may have a single one.
fn with_bit_of(mut a: Num, b: Num) -> Num {
    let bits = b.value | b.mask;
    if bits.is_power_of_two() {
        a.value |= bits & a.mask;
        a.mask &= !bits;
    }
    a
}
