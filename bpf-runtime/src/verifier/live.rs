//! Which registers are still read, and on whose value something depends, from each slot on: what is dead is not
//! compared when paths meet, and a number that nothing depends on may be any.
//!
//! A backward data flow analysis over the whole code. It stays sound where it gives up: everything is live then.
use alloc::vec::Vec;

use super::layout::{At, Layout, reserve};
use crate::{
    helper::{self, Arg},
    hook::Hook,
    isa::{FP, Op, Operand},
};

/// Sets of registers, bit by bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// Those that may be read before they are written.
    pub regs: u16,
    /// Those whose number may reach an address, a length or a comparison; with [`STACK`].
    pub precise: u16,
}

/// In `precise`: some number on a stack.
const STACK: u16 = 1 << 15;

const ALL: Live = Live { regs: 0x7ff, precise: 0x7ff | STACK };
const NONE: Live = Live { regs: 0, precise: 0 };
const ARGUMENTS: u16 = 0x3e;
const SAVED: u16 = 0x3c0;
const CLOBBERED: u16 = 0x3f;
/// Passes over the code before the analysis gives up: one per nesting depth of loops, and some.
const PASSES: usize = 32;

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
        Self { regs: self.regs & !written | read, precise: self.precise & !written | precise }
    }

    const fn or(self, other: Self) -> Self {
        Self { regs: self.regs | other.regs, precise: self.precise | other.precise }
    }

    const fn only(self, regs: u16) -> Self {
        Self { regs: self.regs & regs, precise: self.precise & regs }
    }

    /// Whether something depends on the numbers on stacks.
    pub const fn precise_stack(self) -> bool {
        self.precise & STACK != 0
    }

    /// What a caller keeps while a function that it called runs.
    pub const fn across_call(self) -> Self {
        self.only(SAVED)
    }
}

/// The sets by slot.
#[derive(Debug)]
pub struct Liveness {
    before: Vec<Live>,
    /// Registers that may ever hold a pointer to a stack.
    may_be_stack: u16,
    /// Whether r0 matters at the program's exit.
    verdict: bool,
    /// Where the first function behind the program's own begins.
    own_end: usize,
    /// [`STACK`] if it is in the set behind any call of a function.
    behind_calls: u16,
}

impl Liveness {
    pub fn new(layout: &Layout, hook: &Hook) -> At<Self> {
        let mut before = reserve(layout.ops.len() + 1)?;
        before.resize(layout.ops.len() + 1, NONE);
        let mut liveness = Self {
            before,
            may_be_stack: stack_registers(&layout.ops),
            verdict: hook.verdicts.is_some(),
            own_end: layout.functions().next().unwrap_or(layout.ops.len()),
            behind_calls: 0,
        };
        for _ in 0..PASSES {
            if !liveness.pass(layout) {
                return Ok(liveness);
            }
        }
        liveness.before.fill(ALL);
        Ok(liveness)
    }

    pub fn before(&self, at: usize) -> Live {
        self.before.get(at).copied().unwrap_or(ALL)
    }

    /// One pass from the end; whether something changed.
    fn pass(&mut self, layout: &Layout) -> bool {
        let mut changed = false;
        for at in (0..layout.ops.len()).rev() {
            let op = layout.ops[at];
            if let Op::CallLocal { .. } | Op::CallReg { .. } = op {
                self.behind_calls |= self.before(at + 1).precise & STACK;
            }
            let live = self.transfer(op, at);
            changed |= live != self.before[at];
            self.before[at] = live;
        }
        changed
    }

    fn transfer(&self, op: Op, at: usize) -> Live {
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
                let from_stack = self.may_be_stack & bit(src) != 0 && after.precise & bit(dst) != 0;
                after.before(bit(dst), bit(src), bit(src) | if from_stack { STACK } else { 0 })
            }
            Op::Store { dst, src, .. } => {
                // What is stored on a stack may come back; elsewhere its value is forgotten.
                let kept = self.may_be_stack & bit(dst) != 0 && after.precise_stack();
                after.before(0, bit(dst) | operand(src), bit(dst) | if kept { operand(src) } else { 0 })
            }
            Op::Atomic { atomic, dst, src, .. } => {
                let result = atomic.result(src);
                let compared = if result == Some(0) { bit(0) } else { 0 };
                after.before(result.map_or(0, bit), bit(dst) | bit(src) | compared, bit(dst))
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
                after.before(CLOBBERED, read, precise)
            }
            Op::CallLocal { off } => {
                let callee = self.before((at + 1).wrapping_add_signed(off as isize)).only(ARGUMENTS | STACK);
                after.only(SAVED | STACK).or(callee)
            }
            Op::CallReg { .. } | Op::Tail => ALL,
            Op::Exit if at < self.own_end && !self.verdict => NONE.before(0, 1, 0),
            Op::Exit if at < self.own_end => NONE.before(0, 1, 1),
            Op::Exit => NONE.before(0, 1, 1 | self.behind_calls),
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

/// Flow-insensitive: r10, what is copied from such a register, what is loaded through one (a saved pointer).
fn stack_registers(ops: &[Op]) -> u16 {
    let mut set = bit(FP);
    loop {
        let before = set;
        for op in ops {
            match *op {
                Op::Alu { op: crate::isa::Alu::Mov, dst, src: Operand::Reg(src), .. }
                | Op::Load { dst, src, .. }
                    if set & bit(src) != 0 =>
                {
                    set |= bit(dst);
                }
                // Addition works both ways: a number plus a pointer is a pointer.
                Op::Alu { op: crate::isa::Alu::Add, dst, src: Operand::Reg(src), .. }
                    if set & bit(src) != 0 =>
                {
                    set |= bit(dst);
                }
                _ => {}
            }
        }
        if set == before {
            return set;
        }
    }
}
