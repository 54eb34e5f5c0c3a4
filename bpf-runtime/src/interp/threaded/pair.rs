//! Two or three instructions at once, for those that compilers write together most: each saves a dispatch.
use super::{
    Handler,
    act::{chain, two},
    alu::{Add, Branch, Move, three_address},
    control::{Goto, set_and_exit},
    memory::{Load, Store, count},
    translate::{plain, target},
};
use crate::isa::{Alu, Op, Operand, Size, Test, Width};

const EQ: usize = Test::Eq as usize;
const NE: usize = Test::Ne as usize;
const LT: usize = Test::Lt as usize;
const LE: usize = Test::Le as usize;

/// `f` at the size.
macro_rules! sized {
    ($size:expr, $n:ident => $f:expr) => {
        match $size {
            Size::B => {
                const $n: usize = 1;
                $f as Handler
            }
            Size::H => {
                const $n: usize = 2;
                $f as Handler
            }
            Size::W => {
                const $n: usize = 4;
                $f as Handler
            }
            Size::D => {
                const $n: usize = 8;
                $f as Handler
            }
        }
    };
}

/// The handler for the instructions from slot `at` on, if some have one together.
pub(super) fn together(ops: &[Op], at: usize) -> Option<Handler> {
    counter(ops.get(at..)?).or_else(|| pair(ops, at))
}

/// A number in memory that is counted up.
fn counter(ops: &[Op]) -> Option<Handler> {
    match *ops {
        [
            Op::Load { size: Size::D, signed: false, dst, src, off },
            Op::Alu { op: Alu::Add, width: Width::W64, dst: sum, src: by },
            Op::Store { size: Size::D, dst: base, src: Operand::Reg(stored), off: to },
            ..,
        ] if (src, off) == (base, to) && (dst, dst) == (sum, stored) && dst != src => match by {
            Operand::Imm(_) => Some(count::<false>),
            Operand::Reg(by) => (by != dst).then_some(count::<true>),
        },
        _ => None,
    }
}

fn pair(ops: &[Op], at: usize) -> Option<Handler> {
    let [first, second, ..] = ops.get(at..)? else { return None };
    // A jump that leads nowhere goes the slow way.
    match *second {
        Op::Jump { off, .. } => _ = target(ops, at + 1, off.into())?,
        Op::Goto { off } => _ = target(ops, at + 1, off)?,
        _ => {}
    }
    let next = plain(*second);
    match plain(*first) {
        Op::Alu { op: Alu::Mov, width: Width::W64, dst, src: Operand::Reg(_) } => moving(dst, next),
        Op::Alu { op: Alu::Mov, width: Width::W64, src: Operand::Imm(_), .. } if next == Op::Exit => {
            Some(set_and_exit)
        }
        Op::Alu { op: Alu::Add, width: Width::W64, dst, src } => adding(dst, src, next),
        Op::Load { size, signed: false, dst, .. } => loading(size, dst, next),
        Op::Store { size, src: Operand::Reg(_), .. } => match next {
            Op::Alu { op: Alu::Add, width: Width::W64, src: Operand::Imm(_), .. } => {
                Some(sized!(size, N => two::<Store<N, true>, Add<false>>))
            }
            _ => None,
        },
        _ => None,
    }
}

/// A move to `dst`, and another one or an operation on it: arguments, a sum of two, a field of bits.
fn moving(dst: u8, next: Op) -> Option<Handler> {
    const ADD: usize = Alu::Add as usize;
    const SUB: usize = Alu::Sub as usize;
    const AND: usize = Alu::And as usize;
    const LSH: usize = Alu::Lsh as usize;
    const RSH: usize = Alu::Rsh as usize;
    let Op::Alu { op, width: Width::W64, dst: to, src } = next else { return None };
    Some(match (op, src) {
        (Alu::Mov, Operand::Reg(_)) => two::<Move, Move>,
        _ if to != dst || src == Operand::Reg(dst) => return None,
        (Alu::Add, Operand::Imm(_)) => three_address::<ADD, false>,
        (Alu::Add, Operand::Reg(_)) => three_address::<ADD, true>,
        (Alu::Sub, Operand::Reg(_)) => three_address::<SUB, true>,
        (Alu::And, Operand::Imm(_)) => three_address::<AND, false>,
        (Alu::Lsh, Operand::Imm(_)) => three_address::<LSH, false>,
        (Alu::Rsh, Operand::Imm(_)) => three_address::<RSH, false>,
        _ => return None,
    })
}

/// A sum in `dst`, and the end of a loop or another sum.
fn adding(dst: u8, src: Operand, next: Op) -> Option<Handler> {
    Some(match (src, next) {
        (Operand::Imm(_), Op::Jump { test, width: Width::W64, dst: of, src, .. }) if of == dst => {
            match (test, src) {
                (Test::Ne, Operand::Imm(_)) => chain::<Add<false>, Branch<NE, true, false>>,
                (Test::Ne, Operand::Reg(_)) => chain::<Add<false>, Branch<NE, true, true>>,
                (Test::Lt, Operand::Imm(_)) => chain::<Add<false>, Branch<LT, true, false>>,
                (Test::Lt, Operand::Reg(_)) => chain::<Add<false>, Branch<LT, true, true>>,
                _ => return None,
            }
        }
        (Operand::Reg(_), Op::Alu { op: Alu::Add, width: Width::W64, src: Operand::Imm(_), .. }) => {
            two::<Add<true>, Add<false>>
        }
        (Operand::Reg(_), Op::Alu { op: Alu::Add, width: Width::W64, src: Operand::Reg(of), .. })
            if of == dst =>
        {
            chain::<Add<true>, Add<true>>
        }
        (Operand::Reg(_), Op::Goto { .. }) => two::<Add<true>, Goto>,
        _ => return None,
    })
}

/// A load to `dst`, and its comparison or addition.
fn loading(size: Size, dst: u8, next: Op) -> Option<Handler> {
    Some(match next {
        Op::Alu { op: Alu::Add, width: Width::W64, src: Operand::Reg(of), .. } if of == dst => {
            sized!(size, N => chain::<Load<N, false>, Add<true>>)
        }
        Op::Jump { test, width: Width::W64, dst: of, src, .. } if of == dst => match (test, src) {
            (Test::Ne, Operand::Imm(_)) => {
                sized!(size, N => chain::<Load<N, false>, Branch<NE, true, false>>)
            }
            (Test::Eq, Operand::Imm(_)) => {
                sized!(size, N => chain::<Load<N, false>, Branch<EQ, true, false>>)
            }
            (Test::Le, Operand::Reg(_)) if size == Size::W => chain::<Load<4, false>, Branch<LE, true, true>>,
            _ => return None,
        },
        _ => return None,
    })
}
