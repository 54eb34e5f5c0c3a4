//! What has to be known of a program before its first instruction is compiled: where control can come to.
use alloc::vec::Vec;

use super::{Error, MAX_SLOTS};
use crate::isa::{Insn, Op, decode};

/// A basic block begins here.
const LEADER: u8 = 1;
/// A `lddw` takes the address of this instruction.
const ENTRY: u8 = 2;
/// Functions of the program may come here, not only its main part.
const IN_FUNCTION: u8 = 4;

/// A program, decoded, and what is known of each slot.
pub(super) struct Layout {
    pub(super) ops: Vec<Op>,
    marks: Vec<u8>,
    /// The registers that functions of the program may write, bit by bit.
    pub(super) written: u16,
}

/// A vector of `len` elements, if there is memory for it.
pub(super) fn filled<T: Clone>(value: T, len: usize) -> Result<Vec<T>, Error> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| Error::OutOfMemory)?;
    vec.resize(len, value);
    Ok(vec)
}

/// Appends, if there is memory for it.
#[inline]
pub(super) fn push<T>(vec: &mut Vec<T>, value: T) -> Result<(), Error> {
    if vec.len() == vec.capacity() {
        vec.try_reserve(1).map_err(|_| Error::OutOfMemory)?;
    }
    vec.push(value);
    Ok(())
}

/// The slot `off` slots after the one behind `at`.
pub(super) fn relative(at: usize, off: i32) -> usize {
    (at + 1).wrapping_add_signed(off as isize)
}

/// Where control may go to besides the next instruction, and what that makes of the place.
fn target(op: Op, at: usize) -> Option<(usize, u8)> {
    match op {
        Op::Goto { off } | Op::CallLocal { off } => Some((relative(at, off), LEADER)),
        Op::Jump { off, .. } => Some((relative(at, off.into()), LEADER)),
        Op::CodeAddress { off, .. } => Some((relative(at, off), LEADER | ENTRY)),
        _ => None,
    }
}

impl Layout {
    /// Looks through `code`, of which each instruction then is known to decode and to go to an instruction.
    pub(super) fn new(code: &[Insn]) -> Result<Self, Error> {
        if code.len() > MAX_SLOTS {
            return Err(Error::TooLong(code.len()));
        }
        let mut layout =
            Self { ops: filled(Op::Tail, code.len())?, marks: filled(0, code.len())?, written: 0 };
        layout.mark(0, LEADER);
        let mut at = 0;
        while at < code.len() {
            let op = decode(code, at).map_err(|why| Error::Malformed(at, why))?;
            layout.ops[at] = op;
            if let Some((to, mark)) = target(op, at) {
                layout.mark(to, mark);
            }
            if matches!(op, Op::Jump { .. } | Op::Goto { .. } | Op::Exit) {
                layout.mark(at + 1, LEADER);
            }
            at += op.slots();
        }
        layout.check_targets()?;
        layout.walk_functions()?;
        Ok(layout)
    }

    fn check_targets(&self) -> Result<(), Error> {
        for (at, op) in self.ops.iter().enumerate() {
            if let Some((to, _)) = target(*op, at)
                && matches!(self.ops.get(to), None | Some(Op::Tail))
            {
                return Err(Error::NoTarget(at));
            }
        }
        Ok(())
    }

    /// Finds what functions may write: a call need not keep the rest.
    fn walk_functions(&mut self) -> Result<(), Error> {
        let mut pending = Vec::new();
        for (at, op) in self.ops.iter().enumerate() {
            if let (Op::CallLocal { .. } | Op::CodeAddress { .. }, Some((to, _))) = (op, target(*op, at)) {
                push(&mut pending, to)?;
            }
        }
        while let Some(mut at) = pending.pop() {
            while let Some(&op) = self.ops.get(at).filter(|_| self.marks[at] & IN_FUNCTION == 0) {
                self.marks[at] |= IN_FUNCTION;
                self.written |= op.written().map_or(0, |register| 1 << register);
                at = match (op, target(op, at)) {
                    (Op::Exit, _) => break,
                    (Op::Goto { .. }, Some((to, _))) => to,
                    (Op::Jump { .. }, Some((to, _))) => {
                        push(&mut pending, to)?;
                        at + 1
                    }
                    _ => at + op.slots(),
                };
            }
        }
        Ok(())
    }

    fn mark(&mut self, at: usize, mark: u8) {
        if let Some(marks) = self.marks.get_mut(at) {
            *marks |= mark;
        }
    }

    /// Instructions of the basic block that begins at `at`; `None`: none does.
    pub(super) fn block(&self, at: usize) -> Option<u32> {
        let (first, rest) = self.marks.get(at..)?.split_first()?;
        if first & LEADER == 0 {
            return None;
        }
        let slots = rest.iter().take_while(|&marks| marks & LEADER == 0).count();
        let tails = self.ops[at + 1..=at + slots].iter().filter(|op| matches!(op, Op::Tail));
        Some((1 + slots - tails.count()) as u32)
    }

    /// Whether the address of this instruction is taken.
    pub(super) fn is_entry(&self, at: usize) -> bool {
        self.marks.get(at).is_some_and(|mark| mark & ENTRY != 0)
    }
}
