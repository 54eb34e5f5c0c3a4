//! The structure of the code: each slot decoded, jumps checked, functions told apart, and the points marked at
//! which paths meet.
use alloc::vec::Vec;

use super::reason::{Reason, Refused, Why};
use crate::isa::{Insn, MAX_INSNS, Op, decode};

/// Paths meet here: states are kept and compared.
const MEETING: u8 = 1;
/// A jump backwards goes here.
const LOOP: u8 = 2;
/// A function begins here.
const FUNCTION: u8 = 4;

/// The checked structure of a program.
#[derive(Debug)]
pub struct Layout {
    /// By slot; [`Op::Tail`] for the second slots of `lddw`.
    pub ops: Vec<Op>,
    marks: Vec<u8>,
}

impl Layout {
    pub fn new(code: &[Insn], why: &Why) -> Result<Self, Refused> {
        match code.len() {
            0 => return Err(why.refuse(Reason::Empty)),
            n if n > MAX_INSNS => return Err(why.refuse(Reason::TooLong(n))),
            _ => {}
        }
        let mut layout = Self { ops: reserve(code.len())?, marks: reserve(code.len())? };
        while layout.ops.len() < code.len() {
            let at = layout.ops.len();
            let op = decode(code, at).map_err(|wrong| why.refuse_at(at, Reason::Malformed(wrong)))?;
            layout.ops.push(op);
            if op.slots() == 2 {
                layout.ops.push(Op::Tail);
            }
        }
        layout.marks.resize(code.len(), 0);
        layout.marks[0] = FUNCTION;
        layout.mark_calls(why)?;
        layout.mark_jumps(why)?;
        Ok(layout)
    }

    pub fn is_meeting(&self, at: usize) -> bool {
        self.marks[at] & MEETING != 0
    }

    pub fn is_loop(&self, at: usize) -> bool {
        self.marks[at] & LOOP != 0
    }

    /// The slots that functions begin at, but the program's own.
    pub fn functions(&self) -> impl Iterator<Item = usize> {
        (1..self.marks.len()).filter(|&at| self.marks[at] & FUNCTION != 0)
    }

    /// The slots of the function that a slot lies in.
    pub fn function_of(&self, at: usize) -> core::ops::Range<usize> {
        let begins = |at: &usize| self.marks[*at] & FUNCTION != 0;
        let start = (0..=at).rev().find(begins).unwrap_or(0);
        start..(at + 1..self.marks.len()).find(begins).unwrap_or(self.marks.len())
    }

    fn target(&self, at: usize, to: i64, why: &Why) -> Result<usize, Refused> {
        let begins =
            usize::try_from(to).ok().filter(|&to| self.ops.get(to).is_some_and(|op| !matches!(op, Op::Tail)));
        begins.ok_or_else(|| why.refuse_at(at, Reason::Target(to)))
    }

    fn mark_calls(&mut self, why: &Why) -> Result<(), Refused> {
        for at in 0..self.ops.len() {
            match self.ops[at] {
                Op::CallLocal { off } => {
                    let to = self.target(at, at as i64 + 1 + i64::from(off), why)?;
                    self.marks[to] |= FUNCTION;
                    if let Some(after) = self.marks.get_mut(at + 1) {
                        *after |= MEETING;
                    }
                }
                Op::CodeAddress { off, .. } => {
                    let to = self.target(at, at as i64 + 1 + i64::from(off), why)?;
                    self.marks[to] |= FUNCTION;
                }
                Op::CallReg { .. } => {
                    if let Some(after) = self.marks.get_mut(at + 1) {
                        *after |= MEETING;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Jumps stay inside of their function, and its last instruction does not run on into the next.
    fn mark_jumps(&mut self, why: &Why) -> Result<(), Refused> {
        let (mut start, mut last) = (0, 0);
        for at in 0..self.ops.len() {
            if at > 0 && self.marks[at] & FUNCTION != 0 {
                self.check_end(last, why)?;
                start = at;
            }
            if matches!(self.ops[at], Op::Tail) {
                continue;
            }
            last = at;
            let Some(to) = self.ops[at].jump_target(at) else { continue };
            let target = self.target(at, to, why)?;
            let crosses = |range: core::ops::RangeInclusive<usize>| {
                self.marks[range].iter().any(|mark| mark & FUNCTION != 0)
            };
            if target < start || target > at && crosses(at + 1..=target) {
                return Err(why.refuse_at(at, Reason::LeavesFunction(to)));
            }
            self.marks[target] |= if target <= at { MEETING | LOOP } else { MEETING };
        }
        self.check_end(last, why)
    }

    fn check_end(&self, last: usize, why: &Why) -> Result<(), Refused> {
        match self.ops[last] {
            Op::Exit | Op::Goto { .. } => Ok(()),
            _ => Err(why.refuse_at(last, Reason::FallsOff)),
        }
    }
}

/// An empty vector with room for `n`.
pub fn reserve<T>(n: usize) -> Result<Vec<T>, Refused> {
    let mut v = Vec::new();
    v.try_reserve_exact(n).map_err(|_| Refused)?;
    Ok(v)
}
