use alloc::vec::Vec;

use shm::Shm;

use super::threaded::{self, Slot};
use crate::{
    helper::number,
    isa::{INSN_BYTES, Insn, Op, decode},
};

/// Where the interpreter takes instructions from. For repeated runs decode once, by [`Program::new`].
pub trait Code {
    /// The instruction at slot `at`; `None` ends the run.
    fn op(&self, at: usize) -> Option<Op>;

    /// The prepared program, if it is one: it runs several times as fast.
    fn program(&self) -> Option<&Program> {
        None
    }
}

/// Encoded instructions, decoded at each step.
impl Code for [Insn] {
    #[inline]
    fn op(&self, at: usize) -> Option<Op> {
        decode(self, at).ok()
    }
}

/// Encoded instructions in shared memory, decoded at each step.
impl Code for Shm<'_> {
    #[inline]
    fn op(&self, at: usize) -> Option<Op> {
        let insn = |at: usize| {
            self.load(at.checked_mul(INSN_BYTES)?, INSN_BYTES)
                .ok()
                .map(|word| Insn::from_bytes(word.to_le_bytes()))
        };
        crate::isa::decode_pair(insn(at)?, || insn(at + 1)).ok()
    }
}

/// A program prepared for runs, in private memory.
#[derive(Debug)]
pub struct Program {
    ops: Vec<Op>,
    slots: Vec<Slot>,
    plain: bool,
}

/// Why a program can't be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramError {
    /// Slot number, and what is wrong with it.
    Malformed(usize, crate::isa::Malformed),
    /// No memory for the decoded form.
    OutOfMemory,
}

impl core::fmt::Display for ProgramError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Malformed(at, why) => write!(f, "instruction {at}: {why}"),
            Self::OutOfMemory => f.write_str("no memory for the program"),
        }
    }
}

impl Program {
    /// Decodes `code` and prepares it for runs.
    ///
    /// # Errors
    /// It holds something that is no instruction, or memory is out.
    pub fn new(code: &[Insn]) -> Result<Self, ProgramError> {
        let mut ops = Vec::new();
        ops.try_reserve_exact(code.len()).map_err(|_| ProgramError::OutOfMemory)?;
        while ops.len() < code.len() {
            let at = ops.len();
            let op = decode(code, at).map_err(|why| ProgramError::Malformed(at, why))?;
            ops.push(op);
            if op.slots() == 2 {
                ops.push(Op::Tail);
            }
        }
        let slots = if cfg!(sibling_calls) {
            threaded::translate(&ops).map_err(|_| ProgramError::OutOfMemory)?
        } else {
            Vec::new()
        };
        let plain = !ops.iter().any(|op| {
            matches!(op, Op::CallLocal { .. } | Op::CallReg { .. })
                || matches!(op, Op::CallHelper { number: number::RINGBUF_RESERVE })
        });
        Ok(Self { ops, slots, plain })
    }

    /// The instructions, one at each slot.
    pub(super) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The same in the form that runs.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Whether a run needs one call frame and holds no ring buffer records.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Decodes the code in `memory`, which may change meanwhile: each slot is read once.
    ///
    /// # Errors
    /// As [`Program::new`].
    pub fn from_shm(memory: Shm<'_>) -> Result<Self, ProgramError> {
        let slots = memory.len() / INSN_BYTES;
        let mut code = Vec::new();
        code.try_reserve_exact(slots).map_err(|_| ProgramError::OutOfMemory)?;
        for slot in 0..slots {
            let word = memory.load(slot * INSN_BYTES, INSN_BYTES).unwrap_or(0);
            code.push(Insn::from_bytes(word.to_le_bytes()));
        }
        Self::new(&code)
    }
}

impl Code for Program {
    #[inline]
    fn op(&self, at: usize) -> Option<Op> {
        self.ops.get(at).copied()
    }

    #[inline]
    fn program(&self) -> Option<&Program> {
        Some(self)
    }
}
