//! The state of a run, and the instructions on it.
use super::{
    Code, Env, MAX_RECORDS, Outcome, Trap, TrapReason, alu,
    context::Context,
    memory::{CODE, CONTEXT, MAP, MAX_MAPS, STACK, STACK_BYTES, address, value_address},
};
use crate::{
    isa::{FP, FRAME_BYTES, MAX_FRAMES, Op, Operand, Width, relative},
    map::{Map, Record, Ring},
};

/// What a call saves.
#[derive(Clone, Copy, Default)]
pub(super) struct Saved {
    back_to: usize,
    r6_to_r9: [u64; 4],
}

/// The memory of a run that not all programs need, or not all of it.
pub(super) struct Room<'c, 'a> {
    /// One frame at least.
    pub(super) stack: &'c mut [u8],
    /// What calls save: one less than the frames. Prepared programs save it elsewhere.
    pub(super) saved: &'c mut [Saved],
    /// The ring buffer records that the run holds.
    pub(super) records: &'c mut [Option<(Ring<'a>, Record)>],
}

/// The room that every program has enough of.
pub(super) struct FullRoom<'a> {
    stack: [u8; STACK_BYTES],
    saved: [Saved; MAX_FRAMES - 1],
    records: [Option<(Ring<'a>, Record)>; MAX_RECORDS],
}

impl<'a> FullRoom<'a> {
    pub(super) fn new() -> Self {
        Self {
            stack: [0; STACK_BYTES],
            saved: [Saved::default(); MAX_FRAMES - 1],
            records: [None; MAX_RECORDS],
        }
    }

    pub(super) fn room(&mut self) -> Room<'_, 'a> {
        Room { stack: &mut self.stack, saved: &mut self.saved, records: &mut self.records }
    }
}

/// The state of a run.
#[repr(C)] // The registers at its very start are reached without an addition.
pub(super) struct Machine<'c, 'a, E: ?Sized> {
    /// r0 to r10; 16 so that a register's number needs no check.
    pub(super) regs: [u64; 16],
    pub(super) stack: &'c mut [u8],
    saved: &'c mut [Saved],
    pub(super) records: &'c mut [Option<(Ring<'a>, Record)>],
    pub(super) context: Context<'c>,
    pub(super) maps: &'c [Map<'a>],
    pub(super) env: &'c mut E,
}

impl<'c, 'a, E: Env + ?Sized> Machine<'c, 'a, E> {
    pub(super) fn new(
        context: Context<'c>,
        maps: &'c [Map<'a>],
        env: &'c mut E,
        Room { stack, saved, records }: Room<'c, 'a>,
    ) -> Self {
        let mut regs = [0; 16];
        regs[1] = address(CONTEXT);
        regs[usize::from(FP)] = address(STACK) + FRAME_BYTES as u64;
        Self { regs, stack, saved, records, context, maps: &maps[..maps.len().min(MAX_MAPS)], env }
    }

    pub(super) fn run(self, code: &(impl Code + ?Sized), fuel: u64) -> Result<Outcome, Trap> {
        self.run_observed(code, fuel, |_, _| ())
    }

    /// As `run`; `observe` sees the machine before each instruction.
    pub(super) fn run_observed(
        mut self,
        code: &(impl Code + ?Sized),
        fuel: u64,
        mut observe: impl FnMut(usize, &Self),
    ) -> Result<Outcome, Trap> {
        let mut left = fuel;
        let mut pc = 0;
        let ended = loop {
            let at = pc;
            let Some(op) = code.op(at) else { break Err(Trap { at, reason: TrapReason::Code }) };
            if left == 0 {
                break Err(Trap { at, reason: TrapReason::Fuel });
            }
            left -= 1;
            observe(at, &self);
            match self.step(op, at) {
                Ok(Some(next)) => pc = next,
                Ok(None) => break Ok(Outcome { r0: self.regs[0], instructions: fuel - left }),
                Err(reason) => break Err(Trap { at, reason }),
            }
        };
        self.discard_records();
        ended
    }

    #[inline]
    pub(super) fn reg(&self, number: u8) -> u64 {
        self.regs[usize::from(number & 15)]
    }

    #[inline]
    fn set(&mut self, number: u8, value: u64) {
        self.regs[usize::from(number & 15)] = value;
    }

    #[inline]
    fn operand(&self, operand: Operand) -> u64 {
        match operand {
            Operand::Reg(number) => self.reg(number),
            Operand::Imm(imm) => i64::from(imm) as u64,
        }
    }

    #[inline]
    fn address(&self, base: u8, off: i16) -> u64 {
        self.reg(base).wrapping_add_signed(off.into())
    }

    /// Executes one instruction; the next slot, or `None` at the program's exit.
    #[allow(clippy::inline_always, reason = "a third of the run time: the loop has this one caller")]
    #[inline(always)]
    pub(super) fn step(&mut self, op: Op, at: usize) -> Result<Option<usize>, TrapReason> {
        let mut next = at + op.slots();
        match op {
            Op::Alu { op, width, dst, src } => {
                let value = alu::alu(op, width, self.reg(dst), self.operand(src));
                self.set(dst, value);
            }
            Op::MovSx { width, bits, dst, src } => {
                let value = alu::sign_extend(self.reg(src), bits.into());
                self.set(dst, if width == Width::W32 { u64::from(value as u32) } else { value });
            }
            Op::Neg { width: Width::W64, dst } => self.set(dst, self.reg(dst).wrapping_neg()),
            Op::Neg { width: Width::W32, dst } => {
                self.set(dst, u64::from((self.reg(dst) as u32).wrapping_neg()));
            }
            Op::Swap { swap, bits, dst } => self.set(dst, alu::swap(swap, bits, self.reg(dst))),
            Op::Imm64 { dst, value } => self.set(dst, value),
            Op::MapHandle { dst, map } => self.set(dst, address(MAP | self.map_number(map)?)),
            Op::MapValue { dst, map, off } => {
                let base = value_address(self.map_number(map)? as usize, 0);
                self.set(dst, base + u64::from(off));
            }
            Op::CodeAddress { dst, off } => {
                self.set(dst, address(CODE) | u64::from(relative(at, off) as u32));
            }
            Op::Load { size, signed, dst, src, off } => {
                let value = self.load(self.address(src, off), size.bytes())?;
                self.set(dst, if signed { alu::sign_extend(value, 8 * size.bytes() as u32) } else { value });
            }
            Op::Store { size, dst, src, off } => {
                self.store(self.address(dst, off), size.bytes(), self.operand(src))?;
            }
            Op::Atomic { atomic, size, dst, src, off } => {
                let old = self.atomic(atomic, size, self.address(dst, off), self.reg(src))?;
                if let Some(result) = atomic.result(src) {
                    self.set(result, old);
                }
            }
            Op::Goto { off } => next = relative(at, off),
            Op::Jump { test, width, dst, src, off } => {
                if alu::test(test, width, self.reg(dst), self.operand(src)) {
                    next = relative(at, off.into());
                }
            }
            Op::LoadPacket { size, index, off } => {
                if !self.load_legacy(size, index, off)? {
                    return Ok(self.leave());
                }
            }
            Op::CallHelper { number } => self.regs[0] = self.call_helper(number)?,
            Op::CallLocal { off } => {
                next = self.enter(next, relative(at, off)).ok_or(TrapReason::CallDepth)?;
            }
            Op::CallReg { dst } => match self.reg(dst) {
                number if number >> 32 == 0 => self.regs[0] = self.call_helper(number as u32)?,
                target if (target >> 32) as u32 == CODE => {
                    next = self.enter(next, target as u32 as usize).ok_or(TrapReason::CallDepth)?;
                }
                _ => return Err(TrapReason::NoFunction),
            },
            Op::Exit => return Ok(self.leave()),
            Op::Tail => return Err(TrapReason::Code),
        }
        Ok(Some(next))
    }

    fn map_number(&self, map: u32) -> Result<u32, TrapReason> {
        if (map as usize) < self.maps.len() { Ok(map) } else { Err(TrapReason::NoMap) }
    }

    /// The number of active frames but one: r10 is their end, and only calls change it.
    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.stack_end() / FRAME_BYTES - 1
    }

    /// Calls a function of the program: `None` if frames are out.
    fn enter(&mut self, back_to: usize, target: usize) -> Option<usize> {
        let depth = self.depth();
        let saved = self.saved.get_mut(depth)?;
        let [_, _, _, _, _, _, r6_to_r9 @ .., fp, _, _, _, _, _] = self.regs;
        *saved = Saved { back_to, r6_to_r9 };
        self.regs[usize::from(FP)] = fp + FRAME_BYTES as u64;
        Some(target)
    }

    fn leave(&mut self) -> Option<usize> {
        let saved = self.saved.get(self.depth().checked_sub(1)?)?;
        self.regs[6..10].copy_from_slice(&saved.r6_to_r9);
        self.regs[usize::from(FP)] -= FRAME_BYTES as u64;
        Some(saved.back_to)
    }
}
