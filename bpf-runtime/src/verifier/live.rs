//! Which registers and slots of the stack are still read, and on whose value something depends, from each instruction on:
//! what is dead is forgotten when paths meet, and a number that nothing depends on may be any from there on.
//!
//! A backward data flow analysis over the whole code. Where it gives up everything is live. A mistake here makes no program
//! accepted: see [`super::slots::forget_dead`].
use alloc::vec::Vec;

use super::{
    Unit,
    layout::{Layout, reserve},
    reason::Refused,
    slots::{self, Effect, Slots},
};
use crate::{
    helper::{self, Arg},
    isa::{Op, Operand},
};

/// Sets of registers and of slots, bit by bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// Registers that may be read before they are written.
    pub regs: u16,
    /// Those whose number may reach an address, a length or a comparison.
    pub precise: u16,
    /// Slots of the frame's stack that may be read before they are written.
    pub slots: Slots,
    /// Those whose number may reach an address, a length or a comparison.
    pub numbers: Slots,
}

const ALL: Live = Live { regs: 0x7ff, precise: 0x7ff, slots: slots::ALL, numbers: slots::ALL };
const NONE: Live = Live { regs: 0, precise: 0, slots: 0, numbers: 0 };
const ARGUMENTS: u16 = 0x3e;
const SAVED: u16 = 0x3c0;
const CLOBBERED: u16 = 0x3f;
/// Passes over the code before the analysis gives up: one per nesting depth of loops, and some.
pub(super) const PASSES: usize = 32;

const fn bit(register: u8) -> u16 {
    1 << register
}

fn operand(operand: Operand) -> u16 {
    match operand {
        Operand::Reg(register) => bit(register),
        Operand::Imm(_) => 0,
    }
}

impl Live {
    /// What is live before something that writes `written`, then reads `read`.
    fn before(self, written: u16, read: u16, precise: u16) -> Self {
        Self { regs: self.regs & !written | read, precise: self.precise & !written | precise, ..self }
    }

    const fn or(self, other: Self) -> Self {
        Self {
            regs: self.regs | other.regs,
            precise: self.precise | other.precise,
            slots: self.slots | other.slots,
            numbers: self.numbers | other.numbers,
        }
    }

    const fn only(self, regs: u16) -> Self {
        Self { regs: self.regs & regs, precise: self.precise & regs, ..self }
    }

    /// What is live before something that reads these slots, and their numbers.
    const fn reading(self, slots: Slots, numbers: Slots) -> Self {
        Self { slots: self.slots | slots, numbers: self.numbers | numbers, ..self }
    }

    /// What is live before something that writes these slots.
    const fn writing(self, slots: Slots) -> Self {
        Self { slots: self.slots & !slots, numbers: self.numbers & !slots, ..self }
    }
}

/// The sets by slot.
#[derive(Debug)]
pub struct Liveness {
    before: Vec<Live>,
    /// Whether r0 matters at the program's exit.
    verdict: bool,
    /// Where the first function behind the program's own begins.
    own_end: usize,
}

impl Liveness {
    pub fn new(layout: &Layout, unit: &Unit<'_>) -> Result<Self, Refused> {
        let effects = slots::effects(layout, unit.maps)?;
        let mut before = reserve(layout.ops.len() + 1)?;
        before.resize(layout.ops.len() + 1, NONE);
        let mut liveness = Self {
            before,
            verdict: unit.hook.verdicts.is_some(),
            own_end: layout.functions().next().unwrap_or(layout.ops.len()),
        };
        for _ in 0..PASSES {
            if !liveness.pass(layout, &effects) {
                return Ok(liveness);
            }
        }
        liveness.before.fill(ALL);
        Ok(liveness)
    }

    pub fn before(&self, at: usize) -> Live {
        self.before.get(at).copied().unwrap_or(ALL)
    }

    /// Damages the analysis: at one place in four it takes for dead, and for without influence, what is not.
    #[cfg(test)]
    pub fn damage(&mut self) {
        for (at, live) in self.before.iter_mut().enumerate() {
            let random = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            if random >> 62 == 0 {
                live.regs &= !(1 << ((random >> 40) % 16));
                live.precise &= (random >> 20) as u16;
                live.slots &= random | (random << 32);
                live.numbers &= random;
            }
        }
    }

    /// What a caller, which goes on at `back_to`, keeps while a function that it called runs. The function may read of its
    /// stack what the call may.
    pub fn across_call(&self, back_to: usize) -> Live {
        let Live { slots, numbers, .. } = self.before(back_to.saturating_sub(1));
        Live { slots, numbers, ..self.before(back_to).only(SAVED) }
    }

    /// One pass from the end; whether something changed.
    fn pass(&mut self, layout: &Layout, effects: &[Effect]) -> bool {
        let mut changed = false;
        for (at, (&op, effect)) in layout.ops.iter().zip(effects).enumerate().rev() {
            let live = self.transfer(op, at, *effect);
            changed |= live != self.before[at];
            self.before[at] = live;
        }
        changed
    }

    fn transfer(&self, op: Op, at: usize, Effect { touches, whole }: Effect) -> Live {
        let after = self.before(at + op.slots());
        match op {
            Op::Alu { op: crate::isa::Alu::Mov, dst, src, .. } => {
                let precise = if after.precise & bit(dst) != 0 { operand(src) } else { 0 };
                after.before(bit(dst), operand(src), precise)
            }
            Op::Alu { dst, src, .. } => {
                let precise = if after.precise & bit(dst) != 0 { operand(src) } else { 0 };
                after.before(0, bit(dst) | operand(src), precise)
            }
            Op::MovSx { dst, src, .. } => {
                let precise = if after.precise & bit(dst) != 0 { bit(src) } else { 0 };
                after.before(bit(dst), bit(src), precise)
            }
            Op::Neg { dst, .. } | Op::Swap { dst, .. } => after.before(0, bit(dst), 0),
            Op::Imm64 { dst, .. }
            | Op::MapHandle { dst, .. }
            | Op::MapValue { dst, .. }
            | Op::CodeAddress { dst, .. } => after.before(bit(dst), 0, 0),
            Op::Load { dst, src, .. } => {
                let numbers = if after.precise & bit(dst) != 0 { touches } else { 0 };
                after.before(bit(dst), bit(src), bit(src)).reading(touches, numbers)
            }
            Op::Store { dst, src, .. } => {
                // What is stored on a stack may come back; elsewhere its value is forgotten. Where a function does not store
                // at a known place of its own, it may be its caller's.
                let to_caller = at >= self.own_end && (touches == 0 || touches == slots::ALL);
                let kept = to_caller || after.numbers & touches != 0;
                let after = after.writing(if whole { touches } else { 0 });
                after.before(0, bit(dst) | operand(src), bit(dst) | if kept { operand(src) } else { 0 })
            }
            Op::Atomic { atomic, dst, src, .. } => {
                let result = atomic.result(src);
                let compared = if result == Some(0) { bit(0) } else { 0 };
                let after = after.before(result.map_or(0, bit), bit(dst) | bit(src) | compared, bit(dst));
                after.reading(touches, 0)
            }
            Op::Goto { .. } => self.target(op, at),
            Op::Jump { dst, src, .. } => {
                let read = bit(dst) | operand(src);
                after.or(self.target(op, at)).before(0, read, read)
            }
            // It may end the program, with an r0 of its own.
            Op::LoadPacket { index, .. } => {
                let index = index.map_or(0, bit);
                after.before(CLOBBERED, bit(6) | index, 0)
            }
            Op::CallHelper { number } => {
                let (read, precise) = arguments(number);
                after.before(CLOBBERED, read, precise).reading(touches, 0)
            }
            Op::CallLocal { off } => {
                let callee = self.before((at + 1).wrapping_add_signed(off as isize)).only(ARGUMENTS);
                after.only(SAVED).or(Live { slots: touches, numbers: touches, ..callee })
            }
            Op::CallReg { .. } | Op::Tail => ALL,
            Op::Exit if at < self.own_end && !self.verdict => NONE.before(0, 1, 0),
            Op::Exit => NONE.before(0, 1, 1),
        }
    }

    fn target(&self, op: Op, at: usize) -> Live {
        op.jump_target(at).map_or(ALL, |to| self.before(to as usize))
    }
}

/// The registers that a helper reads, and those of whose value something depends.
fn arguments(number: u32) -> (u16, u16) {
    let Some(helper) = helper::find(number) else { return (ARGUMENTS, ARGUMENTS) };
    let (mut read, mut precise) = (0, 0);
    for (arg, register) in helper.args.iter().zip(1..) {
        read |= bit(register);
        precise |= if matches!(arg, Arg::Scalar | Arg::Printed) { 0 } else { bit(register) };
    }
    (read, precise)
}
