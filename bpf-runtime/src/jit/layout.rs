//! What has to be known of a program before its first instruction is compiled: where control can come to. It is read
//! off the encoding: whether that is right is found out when the instructions are compiled.
use alloc::vec::Vec;

use super::{Error, MAX_SLOTS};
use crate::isa::{Insn, decode, opcode as o, relative, written_by_functions};

/// A basic block begins here.
const LEADER: u8 = 1;
/// A `lddw` takes the address of this instruction.
const ENTRY: u8 = 2;
/// A function of the program begins here.
const FUNCTION: u8 = 4;
/// The second slot of an `lddw`.
const TAIL: u8 = 8;
/// A jump comes here.
const TARGET: u8 = 16;
/// It lies in a loop: a jump back leads over it.
const LOOP: u8 = 32;

/// What is known of each slot.
pub(super) struct Layout {
    marks: Vec<u8>,
    /// The registers that functions of the program may write, bit by bit.
    pub(super) written: u16,
}

/// An empty vector with room for `len` elements, if there is memory for it.
pub(super) fn with_capacity<T>(len: usize) -> Result<Vec<T>, Error> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| Error::OutOfMemory)?;
    Ok(vec)
}

/// A vector of `len` elements, if there is memory for it.
pub(super) fn filled<T: Clone>(value: T, len: usize) -> Result<Vec<T>, Error> {
    let mut vec = with_capacity(len)?;
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

impl Layout {
    pub(super) fn new(code: &[Insn]) -> Result<Self, Error> {
        if code.len() > MAX_SLOTS {
            return Err(Error::TooLong(code.len()));
        }
        let mut layout = Self { marks: filled(0, code.len())?, written: 0 };
        layout.mark(0, LEADER);
        let (mut functions, mut loops) = (false, false);
        let mut at = 0;
        while let Some(insn) = code.get(at) {
            match insn.op & o::CLASS {
                o::JMP | o::JMP32 => {
                    functions |= layout.function(*insn, at);
                    loops |= layout.jump(*insn, at);
                }
                o::LD if insn.is_lddw() => {
                    if insn.src == o::LDDW_CODE {
                        layout.mark(relative(at, insn.imm), LEADER | ENTRY | FUNCTION);
                        functions = true;
                    }
                    at += 1;
                    layout.mark(at, TAIL);
                }
                _ => {}
            }
            at += 1;
        }
        if loops {
            layout.loops(code);
        }
        if functions {
            let starts = layout.with(FUNCTION);
            layout.written = written_by_functions(code.len(), starts, |at| {
                decode(code, at).map_err(|why| Error::Malformed(at, why))
            })?;
        }
        Ok(layout)
    }

    /// Marks the function that it calls, if it calls one.
    #[inline]
    fn function(&mut self, insn: Insn, at: usize) -> bool {
        let calls = insn.op == o::CALL && insn.src == 1;
        if calls {
            self.mark(relative(at, insn.imm), LEADER | FUNCTION);
        }
        calls
    }

    /// Marks where it goes to, if it is no call; whether that is back.
    #[inline]
    fn jump(&mut self, insn: Insn, at: usize) -> bool {
        let Some(to) = destination(insn, at) else {
            if insn.op == o::EXIT {
                self.mark(at + 1, LEADER);
            }
            return false;
        };
        self.mark(to, LEADER | TARGET);
        self.mark(at + 1, LEADER);
        to <= at
    }

    /// Marks the slots of loops.
    fn loops(&mut self, code: &[Insn]) {
        // Of the jumps back that were passed, the one that goes furthest.
        let mut head = usize::MAX;
        for (at, (insn, mark)) in code.iter().zip(&mut self.marks).enumerate().rev() {
            if *mark & TAIL == 0
                && matches!(insn.op & o::CLASS, o::JMP | o::JMP32)
                && let Some(to) = destination(*insn, at).filter(|to| *to <= at)
            {
                head = head.min(to);
            }
            if head <= at {
                *mark |= LOOP;
            }
        }
    }

    #[inline]
    fn mark(&mut self, at: usize, mark: u8) {
        if let Some(marks) = self.marks.get_mut(at) {
            *marks |= mark;
        }
    }

    /// The slot that an instruction goes to.
    #[inline]
    pub(super) fn target(&self, at: usize, off: i32) -> Result<usize, Error> {
        let to = relative(at, off);
        match self.marks.get(to) {
            Some(mark) if mark & TAIL == 0 => Ok(to),
            _ => Err(Error::NoTarget(at)),
        }
    }

    /// Whether control may come here other than from the instruction before.
    pub(super) fn is_leader(&self, at: usize) -> bool {
        self.marks.get(at).is_some_and(|mark| mark & LEADER != 0)
    }

    /// Whether a jump inside of a loop comes here.
    #[inline]
    pub(super) fn is_hot(&self, at: usize) -> bool {
        self.marks.get(at).is_some_and(|mark| mark & (TARGET | LOOP) == TARGET | LOOP)
    }

    /// Instructions of the basic block that begins at `at`; `None`: none does.
    #[inline]
    pub(super) fn block(&self, at: usize) -> Option<u32> {
        let (first, rest) = self.marks.get(at..)?.split_first()?;
        if first & LEADER == 0 {
            return None;
        }
        let rest = rest.iter().take_while(|&marks| marks & LEADER == 0);
        Some(1 + rest.filter(|&marks| marks & TAIL == 0).count() as u32)
    }

    /// The slots whose addresses are taken.
    pub(super) fn entries(&self) -> impl Iterator<Item = usize> {
        self.with(ENTRY)
    }

    /// The slots with a mark.
    fn with(&self, wanted: u8) -> impl Iterator<Item = usize> {
        self.marks.iter().enumerate().filter(move |(_, mark)| *mark & wanted != 0).map(|(slot, _)| slot)
    }
}

/// The slot that an instruction of the class of jumps goes to, which may be none; `None`: it calls or ends.
#[inline]
fn destination(insn: Insn, at: usize) -> Option<usize> {
    let off = match insn.op {
        o::CALL | o::CALLX | o::EXIT => return None,
        o::GOTOL => insn.imm,
        _ => insn.off.into(),
    };
    Some(relative(at, off))
}
