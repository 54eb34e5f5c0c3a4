//! The contents of stacks. Offsets count from a frame's end: -512 to -1.
use super::{
    explore::Explorer,
    num::Num,
    reason::{Reason, Refused, Why},
    scalar::Scalar,
    state::Frame,
    value::{DATA, Reg, Word},
};
use crate::isa::{Alu, Width};

/// The number of the word with the byte at `offset`, and the byte's number in it.
fn locate(offset: i64) -> (usize, usize) {
    let below = (-offset - 1).max(0) as usize;
    (below / 4, 3 - below % 4)
}

/// The bits of a word's bytes that an access covers.
fn mask(byte: usize, size: usize) -> u8 {
    (((1u32 << size) - 1) << byte) as u8 & 15
}

impl Frame {
    /// The number in a word, if one is known there: its own, or its half of a register stored whole.
    fn half(&self, n: usize, why: &Why) -> Result<Option<Scalar>, Refused> {
        match (self.word(n), n + 1) {
            (Word::Half(scalar), _) => Ok(Some(*scalar)),
            (Word::Low(Reg::Scalar(scalar)), _) => Ok(Some(scalar.bytes(0, 4))),
            (Word::High, below) => match self.word(below) {
                Word::Low(Reg::Scalar(scalar)) => Ok(Some(scalar.bytes(4, 4))),
                _ => Err(why.refuse(Reason::PointerSpill)),
            },
            (Word::Low(_), _) => Err(why.refuse(Reason::PointerSpill)),
            (Word::Bytes(_), _) => Ok(None),
        }
    }

    /// What a load of up to four bytes gives.
    fn read_part(&self, offset: i64, size: usize, why: &Why) -> Result<Scalar, Refused> {
        let (n, byte) = locate(offset);
        if let Some(scalar) = self.half(n, why)? {
            return Ok(scalar.bytes(byte, size));
        }
        self.check_word(n, mask(byte, size), false, why)?;
        Ok(Scalar::unknown_bytes(size))
    }

    fn read(&self, offset: i64, size: usize, why: &Why) -> Result<Reg, Refused> {
        if size < 8 {
            return self.read_part(offset, size, why).map(Reg::Scalar);
        }
        let (n, _) = locate(offset);
        if let (Word::Low(reg), Word::High) = (self.word(n), self.word(n.saturating_sub(1))) {
            return Ok(*reg);
        }
        let (low, high) = (self.read_part(offset, 4, why)?, self.read_part(offset + 4, 4, why)?);
        let high = high.alu(Alu::Lsh, &Scalar::constant(32), Width::W64);
        Ok(Reg::Scalar(high.alu(Alu::Or, &low, Width::W64)))
    }

    /// Checks that the bytes `wanted` of a word are written, and no pointer unless that is allowed.
    fn check_word(&self, n: usize, wanted: u8, pointers_too: bool, why: &Why) -> Result<(), Refused> {
        let written = match self.word(n) {
            Word::Bytes(written) => *written,
            Word::Half(_) => 15,
            Word::Low(_) | Word::High if pointers_too => 15,
            Word::Low(_) | Word::High => self.half(n, why).map(|_| 15)?,
        };
        let missing = wanted & !written;
        if missing == 0 {
            return Ok(());
        }
        Err(why
            .refuse(Reason::UninitStack { offset: i64::from(missing.trailing_zeros()) - 4 * (n as i64 + 1) }))
    }

    /// Takes a register that was stored whole apart into two numbers. A pointer is gone then.
    fn split(&mut self, n: usize) -> Result<(), Refused> {
        let low = match self.word(n) {
            Word::Low(_) => n,
            Word::High => n + 1,
            _ => return Ok(()),
        };
        let halves = match self.word(low) {
            Word::Low(Reg::Scalar(scalar)) => {
                (Word::Half(scalar.bytes(0, 4)), Word::Half(scalar.bytes(4, 4)))
            }
            _ => (Word::Bytes(0), Word::Bytes(0)),
        };
        self.set_word(low, halves.0)?;
        self.set_word(low.saturating_sub(1), halves.1)
    }

    fn write(&mut self, offset: i64, size: usize, value: Reg, why: &Why) -> Result<(), Refused> {
        let (n, byte) = locate(offset);
        self.split(n)?;
        match (size, value) {
            (8, value) => {
                self.split(n.saturating_sub(1))?;
                self.set_word(n, Word::Low(value))?;
                self.set_word(n.saturating_sub(1), Word::High)
            }
            (4, Reg::Scalar(scalar)) => self.set_word(n, Word::Half(scalar.bytes(0, 4))),
            (_, Reg::Scalar(_)) => {
                let before = match self.word(n) {
                    Word::Bytes(written) => *written,
                    _ => 15,
                };
                self.set_word(n, Word::Bytes(before | mask(byte, size)))
            }
            _ => Err(why.refuse(Reason::PointerSpill)),
        }
    }
}

impl Explorer<'_> {
    fn stack(&mut self, frame: usize) -> Result<&mut Frame, Refused> {
        let frame = self.state.frames.get_mut(frame);
        frame.ok_or_else(|| self.why.refuse(Reason::Internal("pointer to a frame that is gone")))
    }

    fn touch(&mut self, frame: usize, offset: i64) -> Result<(), Refused> {
        let frame = self.stack(frame)?;
        frame.depth = frame.depth.max(offset.unsigned_abs() as u32);
        self.stack_bytes = self.stack_bytes.max(self.state.stack_bytes());
        Ok(())
    }

    /// Loads from a place that was checked to lie inside.
    pub fn read_stack(&mut self, frame: usize, off: Num, size: usize) -> Result<Reg, Refused> {
        self.touch(frame, off.smin)?;
        if let Some(offset) = off.known() {
            let why = self.why;
            return self.stack(frame)?.read(offset as i64, size, why);
        }
        self.check_written(frame, off.smin, off.smax + size as i64, false)?;
        Ok(Reg::Scalar(Scalar::unknown_bytes(size)))
    }

    /// Stores to a place that was checked to lie inside.
    pub fn write_stack(&mut self, frame: usize, off: Num, size: usize, value: Reg) -> Result<(), Refused> {
        if let Reg::Pointer(pointer) = value
            && let super::value::Base::Stack(of) = pointer.base
            && usize::from(of) > frame
        {
            return Err(self.why.refuse(Reason::StackEscape));
        }
        self.touch(frame, off.smin)?;
        let why = self.why;
        let stack = self.stack(frame)?;
        if let Some(offset) = off.known() {
            return stack.write(offset as i64, size, value, why);
        }
        if let Reg::Pointer(_) = value {
            return Err(why.refuse(Reason::PointerSpill));
        }
        // Somewhere in between: no byte becomes written for sure, no contents stay known.
        for n in locate(off.smax + size as i64 - 1).0..=locate(off.smin).0 {
            stack.half(n, why).map_err(|Refused| why.refuse(Reason::PointerOverwrite))?;
            stack.split(n)?;
            if let Word::Half(_) = stack.word(n) {
                stack.set_word(n, DATA)?;
            }
        }
        Ok(())
    }

    /// Checks that the bytes from `start` to before `end` are written.
    pub fn check_written(
        &mut self,
        frame: usize,
        start: i64,
        end: i64,
        pointers_too: bool,
    ) -> Result<(), Refused> {
        self.touch(frame, start)?;
        let why = self.why;
        let stack = self.stack(frame)?;
        let mut at = start;
        while at < end {
            let (n, byte) = locate(at);
            let size = (4 - byte).min((end - at) as usize);
            stack.check_word(n, mask(byte, size), pointers_too, why)?;
            at += size as i64;
        }
        Ok(())
    }
}
