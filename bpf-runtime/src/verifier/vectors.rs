//! What the operators make of many numbers, written to a file, for `tests/proofs`: its model of them, which is what
//! the solvers prove sound, has to give the same.
//!
//! A line is `what bits arguments... = results...` in hexadecimal; a number is six words: value, mask, umin, umax,
//! smin, smax, cut to the width. `-` stands for no number.
extern crate std;
use std::{
    env, format, fs,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    assume::Relation,
    num::{Num, ones, signed},
    num_tests::{Source, assume, assume_scalars, concrete, normal, shapes},
    scalar::Scalar,
    widen::{Marks, counted, multiples, times, widen_num},
};
use crate::isa::{Alu, Swap, Width};

/// Where the file goes; the test does nothing without it.
const FILE: &str = "HYPOS_VECTORS";
const RELATIONS: [Relation; 8] = [
    Relation::Equal,
    Relation::NotEqual,
    Relation::Less,
    Relation::LessEqual,
    Relation::SignedLess,
    Relation::SignedLessEqual,
    Relation::Meet,
    Relation::Disjoint,
];

/// Lines of a file.
struct Lines(Vec<String>);

impl Lines {
    fn put(&mut self, what: &str, bits: u32, arguments: &[String], results: &[String]) {
        self.0.push(format!("{what} {bits} {} = {}", arguments.join(" "), results.join(" ")));
    }

    /// All operators on two numbers of a width, and what is known of one.
    fn pair(&mut self, a: &Num, b: &Num, bits: u32) {
        let arguments = [num(a, bits), num(b, bits)];
        for op in Alu::ALL.into_iter().filter(|op| *op != Alu::Mov) {
            self.put(&format!("{op:?}"), bits, &arguments, &[num(&a.alu(op, b, bits), bits)]);
        }
        for relation in RELATIONS {
            let (p, q) = assume(relation, *a, *b, bits)
                .map_or(("-".into(), "-".into()), |(p, q)| (num(&p, bits), num(&q, bits)));
            self.put(&format!("{relation:?}"), bits, &arguments, &[p, q]);
        }
        self.put("Contains", bits, &arguments, &[u8::from(a.contains(b)).to_string()]);
    }

    fn one(&mut self, n: &Num, bits: u32) {
        for part in [3, 8, 16, 32].into_iter().filter(|part| *part < bits) {
            self.put(&format!("Truncate{part}"), bits, &[num(n, bits)], &[num(&n.truncate(part), part)]);
        }
        for to in [8, 32, 64].into_iter().filter(|to| *to > bits) {
            let extended = n.sign_extend(bits, to);
            self.put(&format!("SignExtend{to}"), bits, &[num(n, bits)], &[num(&extended, to)]);
            self.put(&format!("ZeroExtend{to}"), bits, &[num(n, bits)], &[num(&n.zero_extend(), to)]);
        }
    }

    /// Parts that contradict or repeat each other.
    fn reduction(&mut self, a: &Num, b: &Num, bits: u32) {
        let both = Num { smin: b.smin, smax: b.smax, value: b.value, mask: b.mask, ..*a };
        let normal = normal(both, bits).map_or("-".into(), |n| num(&n, bits));
        self.put("Normalize", bits, &[num(&both, bits)], &[normal]);
    }

    /// What loops make of numbers.
    fn turns(&mut self, a: &Num, b: &Num, (by, turns): (i64, u64), bits: u32) {
        let (hex, some) =
            (format!("{:x}", by as u64), |n: Option<Num>| n.map_or("-".into(), |n| num(&n, bits)));
        let mut marks = Marks::default();
        self.put("Widen", bits, &[num(a, bits), num(b, bits)], &[num(&widen_num(a, b, bits, &marks), bits)]);
        marks.add(by);
        let widened = widen_num(a, b, bits, &marks);
        self.put("WidenTo", bits, &[num(a, bits), num(b, bits), hex.clone()], &[num(&widened, bits)]);
        let most = times(a, by, bits).map_or("-".into(), |most| format!("{most:x}"));
        self.put("Times", bits, &[num(a, bits), hex.clone()], &[most]);
        let (from, made) = (b.umin, counted(a, by, turns, bits));
        let cut = multiples(a, from, by, bits);
        self.put("Multiples", bits, &[num(a, bits), format!("{from:x}"), hex.clone()], &[some(cut)]);
        self.put("Counted", bits, &[num(a, bits), hex, format!("{turns:x}")], &[num(&made, bits)]);
    }

    fn scalars(&mut self, a: &Scalar, b: &Scalar) {
        for (width, name) in [(Width::W32, "Alu32"), (Width::W64, "Alu64")] {
            for op in Alu::ALL.into_iter().filter(|op| *op != Alu::Mov) {
                let result = scalar(&a.alu(op, b, width));
                self.put(&format!("{name}.{op:?}"), 64, &[scalar(a), scalar(b)], &[result]);
            }
        }
        for (width, name) in [(Width::W32, "Assume32"), (Width::W64, "Assume64")] {
            for relation in RELATIONS {
                let left = assume_scalars(relation, *a, *b, width);
                let (p, q) = left.map_or(("-".into(), "-".into()), |(p, q)| (scalar(&p), scalar(&q)));
                self.put(&format!("{name}.{relation:?}"), 64, &[scalar(a), scalar(b)], &[p, q]);
            }
        }
        let apart = Scalar { low: b.low, ..*a };
        let mut synced = apart;
        let synced = if synced.sync() { scalar(&synced) } else { "-".into() };
        self.put("Synced", 64, &[scalar(&apart)], &[synced]);
        for bits in [16, 32, 64] {
            let swapped = scalar(&a.swap(Swap::Bswap, bits));
            self.put(&format!("Swap{bits}"), 64, &[scalar(a)], &[swapped]);
        }
    }

    fn concrete(&mut self, x: u64, y: u64, bits: u32) {
        let hex = |x: u64| format!("{:x}", x & ones(bits));
        for op in Alu::ALL.into_iter().filter(|op| *op != Alu::Mov) {
            let result = concrete(op, x & ones(bits), y & ones(bits), bits);
            self.put(&format!("Concrete.{op:?}"), bits, &[hex(x), hex(y)], &[hex(result)]);
        }
    }
}

fn num(n: &Num, bits: u32) -> String {
    let cut = |x: i64| {
        assert_eq!(signed(x as u64, bits), x, "{n:?} at {bits}");
        x as u64 & ones(bits)
    };
    let (smin, smax) = (cut(n.smin), cut(n.smax));
    assert!(n.value | n.mask | n.umin | n.umax <= ones(bits), "{n:?} at {bits}");
    format!("{:x} {:x} {:x} {:x} {smin:x} {smax:x}", n.value, n.mask, n.umin, n.umax)
}

fn scalar(s: &Scalar) -> String {
    format!("{} {}", num(&s.wide, 64), num(&s.low, 32))
}

/// What is known of a number, by some of the parts.
fn random(source: &mut Source, bits: u32) -> Num {
    let (x, mut n) = (source.next() & ones(bits), Num::unknown(bits));
    let parts = source.next() >> 7;
    if parts & 1 != 0 {
        let mask = source.next() & ones(bits);
        (n.value, n.mask) = (x & !mask, mask);
    }
    if parts & 2 != 0 {
        let near = source.next() & ones(bits);
        (n.umin, n.umax) = (x.min(near), x.max(near));
    }
    if parts & 4 != 0 {
        let (x, near) = (signed(x, bits), signed(source.next(), bits));
        (n.smin, n.smax) = (x.min(near), x.max(near));
    }
    normal(n, bits).unwrap()
}

#[test]
#[ignore = "writes a file for tests/proofs"]
fn export() {
    let Some(file) = env::var_os(FILE) else { return };
    let (mut lines, mut source) = (Lines(Vec::new()), Source(7));
    let all = shapes(3);
    for (i, a) in all.iter().enumerate() {
        lines.one(a, 3);
        for (j, b) in all.iter().enumerate() {
            if (i + j) % 2 == 0 {
                lines.reduction(a, b, 3);
            }
            if (i + j) % 6 == 0 {
                lines.pair(a, b, 3);
                let by = (j % 13) as i64 - 6;
                lines.turns(a, b, (if by == 0 { 7 } else { by }, (i % 10) as u64), 3);
            }
        }
    }
    for bits in [4, 8, 16, 32, 64] {
        for _ in 0..200 {
            let (a, b) = (random(&mut source, bits), random(&mut source, bits));
            lines.pair(&a, &b, bits);
            lines.one(&a, bits);
            // Steps are immediates; those of small numbers are small.
            let by = (source.next() as i64 >> (64 - bits.min(32))) | 1;
            lines.turns(&a, &b, (by, source.next() >> (source.next() & 63)), bits);
            lines.reduction(&a, &b, bits);
            lines.concrete(source.next(), source.next(), bits);
        }
    }
    for _ in 0..200 {
        let ((a, _), (b, _)) = (source.scalar(), source.scalar());
        lines.scalars(&a, &b);
    }
    lines.0.push(String::new());
    fs::write(file, lines.0.join("\n")).unwrap();
}
