//! Arithmetic and conditional jumps: one handler for each operation, width and kind of operand.
use super::{Handler, Run, Slot, jump, next};
use crate::{
    interp::alu,
    isa::{Alu, Operand, Test, Width},
};

const ALUS: [Alu; 14] = [
    Alu::Add,
    Alu::Sub,
    Alu::Mul,
    Alu::Div,
    Alu::SDiv,
    Alu::Or,
    Alu::And,
    Alu::Lsh,
    Alu::Rsh,
    Alu::Mod,
    Alu::SMod,
    Alu::Xor,
    Alu::Mov,
    Alu::Arsh,
];
const TESTS: [Test; 11] = [
    Test::Eq,
    Test::Ne,
    Test::Set,
    Test::Gt,
    Test::Ge,
    Test::Lt,
    Test::Le,
    Test::SGt,
    Test::SGe,
    Test::SLt,
    Test::SLe,
];

const fn width(wide: bool) -> Width {
    if wide { Width::W64 } else { Width::W32 }
}

#[inline]
fn source<const REG: bool>(run: &Run<'_, '_, '_>, slot: &Slot) -> u64 {
    if REG { run.reg(slot.src) } else { i64::from(slot.imm) as u64 }
}

fn compute<'c, const OP: usize, const WIDE: bool, const REG: bool>(
    run: &mut Run<'c, '_, '_>,
    slot: &'c Slot,
    rest: &'c [Slot],
    spare: u64,
) -> u64 {
    let value = alu::alu(ALUS[OP], width(WIDE), run.reg(slot.dst), source::<REG>(run, slot));
    run.set(slot.dst, value);
    next(run, rest, spare)
}

fn branch<'c, const OP: usize, const WIDE: bool, const REG: bool>(
    run: &mut Run<'c, '_, '_>,
    slot: &'c Slot,
    rest: &'c [Slot],
    spare: u64,
) -> u64 {
    if alu::test(TESTS[OP], width(WIDE), run.reg(slot.dst), source::<REG>(run, slot)) {
        jump(run, slot.at.into(), rest.len() as u64 + spare)
    } else {
        next(run, rest, spare)
    }
}

/// `dst = a; dst += b`, which compilers write for each sum of two: both at once. The second slot keeps its own
/// handler, for jumps to it.
pub(super) fn sum<'c, const REG: bool>(
    run: &mut Run<'c, '_, '_>,
    slot: &'c Slot,
    rest: &'c [Slot],
    spare: u64,
) -> u64 {
    run.set(slot.dst, run.reg(slot.src));
    let [add, rest @ ..] = rest else { return next(run, rest, spare) };
    run.set(slot.dst, run.reg(slot.dst).wrapping_add(source::<REG>(run, add)));
    next(run, rest, spare)
}

/// `f` for each operation, by width and kind of operand.
macro_rules! table {
    ($f:ident: $($op:literal)+) => {
        [
            [[$($f::<$op, false, false>),+], [$($f::<$op, false, true>),+]],
            [[$($f::<$op, true, false>),+], [$($f::<$op, true, true>),+]],
        ]
    };
}

static COMPUTE: [[[Handler; ALUS.len()]; 2]; 2] = table!(compute: 0 1 2 3 4 5 6 7 8 9 10 11 12 13);
static BRANCH: [[[Handler; TESTS.len()]; 2]; 2] = table!(branch: 0 1 2 3 4 5 6 7 8 9 10);

const fn is_reg(operand: Operand) -> usize {
    matches!(operand, Operand::Reg(_)) as usize
}

pub(super) fn computing(op: Alu, width: Width, src: Operand) -> Handler {
    COMPUTE[width as usize][is_reg(src)][op as usize]
}

pub(super) fn branching(test: Test, width: Width, src: Operand) -> Handler {
    BRANCH[width as usize][is_reg(src)][test as usize]
}
