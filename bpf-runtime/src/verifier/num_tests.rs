//! Every operator at small widths against every number: a number that an operand may be and that the result may
//! not be is a soundness bug.
#![allow(clippy::many_single_char_names, reason = "a op b of x and y: the text of the definitions")]
extern crate std;
use std::{vec, vec::Vec};

use super::{
    assume::{Relation, relation},
    num::{Num, ones, signed},
    scalar::Scalar,
};
use crate::{
    interp::alu::{alu, sign_extend, swap, test},
    isa::{Alu, Swap, Test, Width},
};

fn has(n: &Num, x: u64, bits: u32) -> bool {
    let s = signed(x, bits);
    x & !n.mask == n.value && (n.umin..=n.umax).contains(&x) && (n.smin..=n.smax).contains(&s)
}

/// What is left of a number, if anything is.
pub(super) fn normal(mut n: Num, bits: u32) -> Option<Num> {
    n.normalize(bits).then_some(n)
}

pub(super) fn assume(relation: Relation, mut a: Num, mut b: Num, bits: u32) -> Option<(Num, Num)> {
    super::assume::assume(relation, &mut a, &mut b, bits).then_some((a, b))
}

pub(super) fn assume_scalars(
    relation: Relation,
    mut a: Scalar,
    mut b: Scalar,
    width: Width,
) -> Option<(Scalar, Scalar)> {
    Scalar::assume(relation, &mut a, &mut b, width).then_some((a, b))
}

fn members(n: &Num, bits: u32) -> Vec<u64> {
    (0..=ones(bits)).filter(|&x| has(n, x, bits)).collect()
}

/// All tnums, unsigned and signed intervals of a width, each on its own, normalised.
pub(super) fn shapes(bits: u32) -> Vec<Num> {
    let any = Num::unknown(bits);
    let mut all = vec![];
    for mask in 0..=ones(bits) {
        all.extend((0..=ones(bits)).filter(|v| v & mask == 0).map(|value| Num { value, mask, ..any }));
    }
    for low in 0..=ones(bits) {
        for high in 0..=ones(bits) {
            all.push(Num { umin: low, umax: high, ..any });
            all.push(Num { smin: signed(low, bits), smax: signed(high, bits), ..any });
        }
    }
    all.iter().filter_map(|n| normal(*n, bits)).collect()
}

/// Concrete arithmetic at any width: the interpreter's, on numbers moved to where it gives the same result.
pub(super) fn concrete(op: Alu, a: u64, b: u64, bits: u32) -> u64 {
    let by = b & u64::from(bits - 1);
    let wide = |a: u64, b: u64| alu(op, Width::W64, a, b) & ones(bits);
    match op {
        Alu::Lsh | Alu::Rsh => wide(a, by),
        Alu::Arsh => wide(signed(a, bits) as u64, by),
        Alu::SDiv | Alu::SMod => wide(signed(a, bits) as u64, signed(b, bits) as u64),
        _ => wide(a, b),
    }
}

#[test]
fn normalisation_loses_no_number() {
    let any = Num::unknown(4);
    let shapes = shapes(4);
    for a in &shapes {
        for b in shapes.iter().step_by(3) {
            let both = Num { smin: b.smin, smax: b.smax, value: b.value, mask: b.mask, ..*a };
            let left = members(&both, 4);
            let normal = normal(both, 4);
            assert_eq!(normal.map_or(vec![], |n| members(&n, 4)), left, "{both:?}");
        }
        assert!(any.contains(a));
        assert!(members(a, 4).len() < 2 || a.known().is_none());
    }
}

#[test]
fn arithmetic_is_sound_at_4_bits() {
    let shapes = shapes(4);
    for op in Alu::ALL {
        for a in &shapes {
            let of_a = members(a, 4);
            for b in &shapes {
                let result = a.alu(op, b, 4);
                for &x in &of_a {
                    for y in members(b, 4) {
                        let z = concrete(op, x, y, 4);
                        assert!(has(&result, z, 4), "{op:?} {x} {y} -> {z} not in {result:?} of {a:?} {b:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn constants_stay_constants() {
    for op in Alu::ALL {
        for x in 0..16 {
            for y in 0..16 {
                let result = Num::constant(x, 4).alu(op, &Num::constant(y, 4), 4);
                assert_eq!(result.known(), Some(concrete(op, x, y, 4)), "{op:?} {x} {y}");
            }
        }
    }
}

#[test]
fn comparisons_are_sound_at_4_bits() {
    let shapes = shapes(4);
    let holds = |t: Test, x: u64, y: u64| {
        let signed_test = matches!(t, Test::SGt | Test::SGe | Test::SLt | Test::SLe);
        let wide = |x: u64| if signed_test { signed(x, 4) as u64 } else { x };
        test(t, Width::W64, wide(x), wide(y))
    };
    for t in Test::ALL {
        for taken in [false, true] {
            let (relation, exchange) = relation(t, taken);
            for a in &shapes {
                for b in &shapes {
                    let (first, second) = if exchange { (b, a) } else { (a, b) };
                    let result = assume(relation, *first, *second, 4);
                    for x in members(a, 4) {
                        for y in members(b, 4) {
                            if holds(t, x, y) == taken {
                                let (x, y) = if exchange { (y, x) } else { (x, y) };
                                let (p, q) = result.unwrap_or_else(|| panic!("{t:?} {taken} {a:?} {b:?}"));
                                assert!(has(&p, x, 4) && has(&q, y, 4), "{t:?} {taken} {x} {y} {a:?} {b:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn casts_are_sound_at_small_widths() {
    for n in shapes(5) {
        let (cut, wide) = (n.truncate(3), n.sign_extend(5, 7));
        for x in members(&n, 5) {
            assert!(has(&cut, x & 7, 3), "{n:?}");
            assert!(has(&wide, signed(x, 5) as u64 & 127, 7), "{n:?}");
            assert!(has(&n.zero_extend(), x, 7), "{n:?}");
        }
    }
}

/// A deterministic generator of numbers that are interesting at 32 and 64 bits.
pub(super) struct Source(pub u64);

impl Source {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let x = self.0 >> 29 ^ self.0;
        match x % 7 {
            0 => x >> 32,
            1 => x % 256,
            2 => (x % 256).wrapping_neg(),
            3 => (1 << ((x >> 8) % 64)) - (x >> 20) % 2,
            4 => (0x7fff_ffff_u64 + (x >> 8) % 4) << ((x >> 16) % 2 * 32),
            5 => (x >> 40).wrapping_sub(0x8000_0000),
            _ => x,
        }
    }

    /// Some knowledge of numbers, and one of them.
    pub(super) fn scalar(&mut self) -> (Scalar, u64) {
        let x = self.next();
        let (width, other) = (if self.0 & 64 == 0 { Width::W64 } else { Width::W32 }, self.next());
        let mut s = Scalar::unknown();
        for _ in 0..self.0 % 4 {
            let t = Test::ALL[(self.next() % 11) as usize];
            let (relation, exchange) = relation(t, test(t, width, x, other));
            let known = Scalar::constant(other);
            let (a, b) = if exchange { (known, s) } else { (s, known) };
            let (a, b) = assume_scalars(relation, a, b, width).unwrap();
            s = if exchange { b } else { a };
        }
        let mask = self.next();
        if self.0 & 128 == 0 {
            let bits = Num { value: x & !mask, mask, ..Num::unknown(64) };
            assert!(s.wide.intersect(&bits, 64) && s.sync());
        }
        (s, x)
    }
}

fn in_scalar(s: &Scalar, x: u64) -> bool {
    has(&s.wide, x, 64) && has(&s.low, x & 0xffff_ffff, 32)
}

#[test]
fn both_widths_are_sound_on_random_numbers() {
    let mut source = Source(1);
    for round in 0..200_000 {
        let ((a, x), (b, y)) = (source.scalar(), source.scalar());
        assert!(in_scalar(&a, x) && in_scalar(&b, y), "{round}: {a:?} {x:#x}");
        for width in [Width::W32, Width::W64] {
            let op = Alu::ALL[(source.next() % 14) as usize];
            let (result, z) = (a.alu(op, &b, width), alu(op, width, x, y));
            assert!(in_scalar(&result, z), "{op:?} {width:?} {x:#x} {y:#x} -> {z:#x} not in {result:?}");
            let t = Test::ALL[(source.next() % 11) as usize];
            let (relation, exchange) = relation(t, test(t, width, x, y));
            let ((p, u), (q, v)) = if exchange { ((b, y), (a, x)) } else { ((a, x), (b, y)) };
            let (p, q) = assume_scalars(relation, p, q, width).unwrap();
            assert!(in_scalar(&p, u) && in_scalar(&q, v), "{t:?} {width:?} {x:#x} {y:#x}");
        }
        for bits in [8, 16, 32] {
            let extended = sign_extend(x, bits);
            assert!(in_scalar(&a.sign_extend(bits, Width::W64), extended));
            let low = Scalar::sign_extend(&a, bits, Width::W32);
            assert!(in_scalar(&low, extended & 0xffff_ffff));
        }
        for (kind, bits) in [(Swap::Le, 16), (Swap::Be, 32), (Swap::Bswap, 64), (Swap::Be, 16)] {
            assert!(in_scalar(&a.swap(kind, u32::from(bits)), swap(kind, bits, x)), "{kind:?} {bits} {x:#x}");
        }
        for (at, size) in [(0, 1), (3, 1), (2, 2), (6, 2), (0, 4), (4, 4), (0, 8)] {
            let part = x >> (8 * at) & ones(8 * size as u32);
            assert!(in_scalar(&a.bytes(at, size), part), "bytes {at} {size} of {x:#x}");
        }
    }
}
