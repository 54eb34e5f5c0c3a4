//! Arithmetic and conditional jumps: one handler for each operation, width and kind of operand.
use super::{
    Handler, Run, Slot,
    act::{Act, Flow, Set, Take, one},
};
use crate::{
    interp::alu,
    isa::{Alu, Operand, Test, Width},
};

const fn width(wide: bool) -> Width {
    if wide { Width::W64 } else { Width::W32 }
}

#[inline]
pub(super) fn source<const REG: bool>(run: &Run<'_, '_, '_>, slot: &Slot) -> u64 {
    if REG { run.reg(slot.src) } else { i64::from(slot.imm) as u64 }
}

/// `dst op= src`.
pub(super) struct Compute<const OP: usize, const WIDE: bool, const REG: bool>;

impl<const OP: usize, const WIDE: bool, const REG: bool> Act for Compute<OP, WIDE, REG> {
    #[inline]
    fn act(run: &mut Run<'_, '_, '_>, slot: &Slot) -> Flow {
        Self::set(run, slot).map_or(Flow::Undone, |_| Flow::Next)
    }
}

impl<const OP: usize, const WIDE: bool, const REG: bool> Set for Compute<OP, WIDE, REG> {
    #[inline]
    fn set(run: &mut Run<'_, '_, '_>, slot: &Slot) -> Option<u64> {
        let value = alu::alu(Alu::ALL[OP], width(WIDE), run.reg(slot.dst), source::<REG>(run, slot));
        run.set(slot.dst, value);
        Some(value)
    }
}

/// It takes the value as its source.
impl<const OP: usize, const WIDE: bool> Take for Compute<OP, WIDE, true> {
    #[inline]
    fn take(run: &mut Run<'_, '_, '_>, slot: &Slot, value: u64) -> Flow {
        run.set(slot.dst, alu::alu(Alu::ALL[OP], width(WIDE), run.reg(slot.dst), value));
        Flow::Next
    }
}

/// `if dst test src goto at`.
pub(super) struct Branch<const TEST: usize, const WIDE: bool, const REG: bool>;

impl<const TEST: usize, const WIDE: bool, const REG: bool> Act for Branch<TEST, WIDE, REG> {
    #[inline]
    fn act(run: &mut Run<'_, '_, '_>, slot: &Slot) -> Flow {
        Self::take(run, slot, run.reg(slot.dst))
    }
}

/// It takes the value as its destination.
impl<const TEST: usize, const WIDE: bool, const REG: bool> Take for Branch<TEST, WIDE, REG> {
    #[inline]
    fn take(run: &mut Run<'_, '_, '_>, slot: &Slot, value: u64) -> Flow {
        let taken = alu::test(Test::ALL[TEST], width(WIDE), value, source::<REG>(run, slot));
        if taken { Flow::Jump } else { Flow::Next }
    }
}

/// `dst = a; dst op= b`, which compilers write for a sum of two: both at once. b is not dst.
pub(super) fn three_address<'c, const OP: usize, const REG: bool>(
    run: &mut Run<'c, '_, '_>,
    code: &'c [Slot],
    spare: u64,
) -> u64 {
    let [first, second, after @ ..] = code else { return one::<Move>(run, code, spare) };
    let value = alu::alu(Alu::ALL[OP], Width::W64, run.reg(first.src), source::<REG>(run, second));
    run.set(first.dst, value);
    (second.next)(run, after, spare)
}

/// `dst = src`.
pub(super) type Move = Compute<{ Alu::Mov as usize }, true, true>;
/// `dst = imm`.
pub(super) type SetImm = Compute<{ Alu::Mov as usize }, true, false>;
/// `dst += src`.
pub(super) type Add<const REG: bool> = Compute<{ Alu::Add as usize }, true, REG>;

/// `f` for each operation, by width and kind of operand.
macro_rules! table {
    ($f:ident: $($op:literal)+) => {
        [
            [[$(one::<$f<$op, false, false>>),+], [$(one::<$f<$op, false, true>>),+]],
            [[$(one::<$f<$op, true, false>>),+], [$(one::<$f<$op, true, true>>),+]],
        ]
    };
}

static COMPUTE: [[[Handler; Alu::ALL.len()]; 2]; 2] = table!(Compute: 0 1 2 3 4 5 6 7 8 9 10 11 12 13);
static BRANCH: [[[Handler; Test::ALL.len()]; 2]; 2] = table!(Branch: 0 1 2 3 4 5 6 7 8 9 10);

const fn is_reg(operand: Operand) -> usize {
    matches!(operand, Operand::Reg(_)) as usize
}

pub(super) fn computing(op: Alu, width: Width, src: Operand) -> Handler {
    COMPUTE[width as usize][is_reg(src)][op as usize]
}

pub(super) fn branching(test: Test, width: Width, src: Operand) -> Handler {
    BRANCH[width as usize][is_reg(src)][test as usize]
}
