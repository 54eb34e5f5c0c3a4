//! What has to be known of a program before its first instruction is compiled: where control can come to.
use alloc::vec::Vec;

use super::{Error, MAX_SLOTS};
use crate::isa::{Insn, Op, decode};

/// A basic block begins here.
const LEADER: u8 = 1;
/// A `lddw` takes the address of this instruction.
const ENTRY: u8 = 2;
/// The second slot of a `lddw`.
const TAIL: u8 = 4;

/// What is known of each slot.
pub(super) struct Layout {
    marks: Vec<u8>,
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
        let mut layout = Self { marks: filled(0, code.len())? };
        layout.mark(0, LEADER);
        layout.each(code, |layout, at, op| {
            if let Some((to, mark)) = target(op, at) {
                layout.mark(to, mark);
            }
            if matches!(op, Op::Jump { .. } | Op::Goto { .. } | Op::Exit) {
                layout.mark(at + 1, LEADER);
            }
            if op.slots() == 2 {
                layout.mark(at + 1, TAIL);
            }
            Ok(())
        })?;
        layout.each(code, |layout, at, op| match target(op, at) {
            Some((to, _)) if layout.marks.get(to).is_none_or(|mark| mark & TAIL != 0) => {
                Err(Error::NoTarget(at))
            }
            _ => Ok(()),
        })?;
        Ok(layout)
    }

    fn each(
        &mut self,
        code: &[Insn],
        mut visit: impl FnMut(&mut Self, usize, Op) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut at = 0;
        while at < code.len() {
            let op = decode(code, at).map_err(|why| Error::Malformed(at, why))?;
            visit(self, at, op)?;
            at += op.slots();
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
        (first & LEADER != 0).then(|| {
            let block = rest.iter().take_while(|&marks| marks & LEADER == 0);
            1 + block.filter(|&marks| marks & TAIL == 0).count() as u32
        })
    }

    /// Whether the address of this instruction is taken.
    pub(super) fn is_entry(&self, at: usize) -> bool {
        self.marks.get(at).is_some_and(|mark| mark & ENTRY != 0)
    }
}
