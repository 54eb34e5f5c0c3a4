//! Which registers may hold a pointer to the own frame's stack, before each instruction; and where it is known from the
//! instructions just before, what a register holds.
use alloc::vec::Vec;

use super::{
    layout::{Layout, reserve},
    live::PASSES,
    reason::Refused,
};
use crate::isa::{Alu, FP, Op, Operand, REGISTERS, Width};

/// Registers, bit by bit.
type Registers = u16;
const ARGUMENTS: Registers = 0x3e;
const CLOBBERED: Registers = 0x3f;

const fn bit(register: u8) -> Registers {
    1 << register
}

/// What a register holds, as far as the instructions of its basic block say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing is known.
    Nothing,
    /// A pointer to so many bytes from the frame's end.
    Stack(i64),
    /// The handle of this map.
    Map(u32),
    /// This number.
    Number(u64),
}

/// What is known of pointers to stacks.
pub struct Pointers {
    may_be: Vec<Registers>,
    known: [Known; REGISTERS],
}

impl Pointers {
    pub fn new(layout: &Layout) -> Result<Self, Refused> {
        let len = layout.ops.len();
        let mut may_be: Vec<Registers> = reserve(len)?;
        may_be.resize(len, bit(FP));
        // Whether some lies in memory, from where loads bring it back.
        let mut stored = false;
        for _ in 0..PASSES {
            let mut changed = false;
            for (at, &op) in layout.ops.iter().enumerate() {
                let before = may_be[at];
                if !stored && stores(op, before) {
                    (stored, changed) = (true, true);
                }
                let after = transfer(op, before, stored);
                let next = op.falls_through().then_some(at + op.slots());
                let jump = op.jump_target(at).and_then(|to| usize::try_from(to).ok());
                for to in next.into_iter().chain(jump) {
                    if let Some(set) = may_be.get_mut(to) {
                        changed |= after & !*set != 0;
                        *set |= after;
                    }
                }
            }
            if !changed {
                return Ok(Self { may_be, known: nothing() });
            }
        }
        may_be.fill(Registers::MAX);
        Ok(Self { may_be, known: nothing() })
    }

    /// Whether a register may hold a pointer to the own frame's stack before the instruction at `at`.
    pub fn may_be_stack(&self, at: usize, register: u8) -> bool {
        self.may_be.get(at).is_none_or(|set| set & bit(register) != 0)
    }

    pub fn known(&self, register: u8) -> Known {
        self.known.get(usize::from(register)).copied().unwrap_or(Known::Nothing)
    }

    /// Goes to the next instruction in the order of the code, which may be reached from elsewhere.
    pub fn enter(&mut self, layout: &Layout, at: usize) {
        if layout.is_meeting(at) {
            self.known = nothing();
        }
    }

    /// Takes in what an instruction does.
    pub fn leave(&mut self, op: Op) {
        let value = match op {
            Op::Alu { op: Alu::Mov, width: Width::W64, src, .. } => match src {
                Operand::Reg(register) => self.known(register),
                Operand::Imm(imm) => Known::Number(i64::from(imm) as u64),
            },
            Op::Alu { op: Alu::Mov, width: Width::W32, src: Operand::Imm(imm), .. } => {
                Known::Number(u64::from(imm as u32))
            }
            Op::Alu { op: Alu::Add, width: Width::W64, dst, src: Operand::Imm(imm) } => match self.known(dst)
            {
                Known::Stack(place) => Known::Stack(place.saturating_add(imm.into())),
                _ => Known::Nothing,
            },
            Op::Imm64 { value, .. } => Known::Number(value),
            Op::MapHandle { map, .. } => Known::Map(map),
            Op::CallHelper { .. } | Op::LoadPacket { .. } | Op::CallLocal { .. } | Op::CallReg { .. } => {
                self.known[..=5].fill(Known::Nothing);
                return;
            }
            Op::Tail => return,
            op if !op.falls_through() => {
                self.known = nothing();
                return;
            }
            _ => Known::Nothing,
        };
        if let Some(place) = op.written().and_then(|register| self.known.get_mut(usize::from(register))) {
            *place = value;
        }
    }
}

fn nothing() -> [Known; REGISTERS] {
    let mut known = [Known::Nothing; REGISTERS];
    known[usize::from(FP)] = Known::Stack(0);
    known
}

/// Whether an instruction puts a pointer into memory; functions may, with what they are given.
fn stores(op: Op, before: Registers) -> bool {
    match op {
        Op::Store { src: Operand::Reg(register), .. } => before & bit(register) != 0,
        Op::CallLocal { .. } | Op::CallReg { .. } => before & ARGUMENTS != 0,
        _ => false,
    }
}

/// The registers behind an instruction.
fn transfer(op: Op, before: Registers, stored: bool) -> Registers {
    let held = |register| before & bit(register) != 0;
    let set = |register, is: bool| before & !bit(register) | if is { bit(register) } else { 0 };
    match op {
        Op::Alu { op: Alu::Mov, dst, src, .. } => set(dst, matches!(src, Operand::Reg(src) if held(src))),
        Op::Alu { dst, src: Operand::Reg(src), .. } => set(dst, held(dst) || held(src)),
        Op::Alu { .. } | Op::Neg { .. } | Op::Swap { .. } => before,
        Op::MovSx { dst, src, .. } => set(dst, held(src)),
        Op::Load { dst, src, .. } => set(dst, stored && held(src)),
        Op::Atomic { atomic, src, dst, .. } => match atomic.result(src) {
            Some(result) => set(result, stored && held(dst)),
            None => before,
        },
        // A function may give back what it was given.
        Op::CallLocal { .. } | Op::CallReg { .. } => before & !CLOBBERED | u16::from(before & ARGUMENTS != 0),
        Op::CallHelper { .. } | Op::LoadPacket { .. } => before & !CLOBBERED,
        _ => op.written().map_or(before, |register| set(register, false)),
    }
}
