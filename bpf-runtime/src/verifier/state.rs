//! The state of a program at one point of one path: call frames, stacks, reserved records.
use alloc::vec::Vec;

use super::{
    reason::Refused,
    scalar::Scalar,
    value::{Base, Pointer, Reg, UNWRITTEN, Word},
};
use crate::isa::{FP, FRAME_BYTES, MAX_FRAMES, REGISTERS};

/// Ring buffer records that a program may hold at a time.
pub const MAX_RECORDS: usize = crate::interp::MAX_RECORDS;
/// Words of a frame's stack.
pub const WORDS: usize = FRAME_BYTES / 4;

/// A call frame.
#[derive(Debug)]
pub struct Frame {
    pub regs: [Reg; REGISTERS],
    /// The words from the frame's end downwards: word `n` lies at offset `-4 * (n + 1)`. Missing ones are
    /// unwritten.
    pub stack: Vec<Word>,
    /// Where the function begins.
    pub entry: usize,
    /// Where the caller goes on.
    pub back_to: usize,
    /// Bytes of the stack that were touched.
    pub depth: u32,
}

impl Frame {
    pub fn new(index: usize, entry: usize, back_to: usize) -> Self {
        let mut regs = [Reg::Uninit; REGISTERS];
        regs[usize::from(FP)] = Reg::Pointer(Pointer::new(Base::Stack(index as u8), 0));
        Self { regs, stack: Vec::new(), entry, back_to, depth: 0 }
    }

    pub fn word(&self, n: usize) -> &Word {
        self.stack.get(n).unwrap_or(&UNWRITTEN)
    }

    pub fn set_word(&mut self, n: usize, word: Word) -> Result<(), Refused> {
        if n >= self.stack.len() {
            let more = n + 1 - self.stack.len();
            self.stack.try_reserve(more).map_err(|_| Refused)?;
            self.stack.resize(n + 1, UNWRITTEN);
        }
        self.stack[n] = word;
        Ok(())
    }
}

/// A state.
#[derive(Debug)]
pub struct State {
    /// The active frames, the program's own first; never empty.
    pub frames: Vec<Frame>,
    /// The ids of the records that are reserved.
    pub records: Vec<u32>,
    last_id: u32,
}

impl State {
    /// The state at a program's start: r1 points to the context.
    pub fn new() -> Result<Self, Refused> {
        let (mut frames, mut records) = (Vec::new(), Vec::new());
        frames.try_reserve_exact(MAX_FRAMES).map_err(|_| Refused)?;
        records.try_reserve_exact(MAX_RECORDS).map_err(|_| Refused)?;
        let mut frame = Frame::new(0, 0, 0);
        frame.regs[1] = Reg::Pointer(Pointer::new(Base::Context, 0));
        frames.push(frame);
        Ok(Self { frames, records, last_id: 0 })
    }

    pub fn frame(&self) -> &Frame {
        &self.frames[self.frames.len() - 1]
    }

    pub fn frame_mut(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    pub fn set(&mut self, number: u8, reg: Reg) {
        self.frame_mut().regs[usize::from(number)] = reg;
    }

    /// The register as it is, written or not.
    pub fn peek(&self, number: u8) -> &Reg {
        &self.frame().regs[usize::from(number)]
    }

    /// An id that nothing carries.
    pub fn new_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    pub fn reset_ids(&mut self, last: u32) {
        self.last_id = last;
    }

    /// Gives the number in a register an id, so that copies of it stay known to be equal.
    pub fn identify(&mut self, number: u8) -> Reg {
        let fresh = self.last_id + 1;
        let reg = &mut self.frame_mut().regs[usize::from(number)];
        if let Reg::Scalar(scalar @ Scalar { id: 0, .. }) = reg
            && scalar.known().is_none()
        {
            scalar.id = fresh;
            let identified = *reg;
            self.last_id = fresh;
            return identified;
        }
        *reg
    }

    /// All registers and all registers in stacks, of all frames.
    pub fn each_reg(&mut self, visit: &mut dyn FnMut(&mut Reg)) {
        for frame in &mut self.frames {
            frame.regs.iter_mut().for_each(&mut *visit);
            for word in &mut frame.stack {
                if let Word::Low(reg) = word {
                    visit(reg);
                }
            }
        }
    }

    /// Sets all numbers equal to `scalar` by their id to it.
    pub fn refine(&mut self, scalar: &Scalar) {
        self.each_reg(&mut |reg| {
            if let Reg::Scalar(other) = reg
                && other.id == scalar.id
            {
                *other = *scalar;
            }
        });
    }

    /// Bytes of stack of all frames together.
    pub fn stack_bytes(&self) -> u32 {
        self.frames.iter().map(|frame| frame.depth.next_multiple_of(8)).sum()
    }
}
