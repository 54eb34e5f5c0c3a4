//! The walk over a program, which is the same for all machines: what is checked and paid for, labels, what lies behind
//! the program.
use alloc::vec::Vec;

use super::{
    Error, MapAddress, Options, Trap,
    buffer::Buffer,
    labels::{Fixup, Label, UNBOUND},
    layout::{Layout, filled, with_capacity},
    machine::{Distances, Machine, Place},
};
use crate::isa::{
    Alu, Consumer, FP, FRAME_BYTES, Insn, Malformed, Op, Operand, Size, Width, decode, decode_into,
    opcode as o,
};

/// What lies behind the program and is reached when a check fails.
pub(super) struct Failure {
    pub(super) label: Label,
    /// The slot of the instruction.
    pub(super) at: u32,
    pub(super) kind: FailureKind,
}

#[derive(Clone, Copy)]
pub(super) enum FailureKind {
    Trap(Trap),
    /// The address is not in the first region: the others are to be looked at, and the run resumed if it is in one.
    Search {
        size: Size,
        write: bool,
        resume: Label,
    },
}

/// An access to memory.
#[derive(Clone, Copy)]
pub(super) struct Access {
    pub(super) size: Size,
    pub(super) write: bool,
    pub(super) base: u8,
    pub(super) off: i16,
}

impl Access {
    /// Whether it lies in the own frame, whatever the program does: r10 can't be written.
    fn in_frame(self) -> bool {
        let off = i64::from(self.off);
        self.base == FP && off >= -(FRAME_BYTES as i64) && off + self.size.bytes() as i64 <= 0
    }
}

/// A compilation at work.
pub(super) struct Compiler<'a, 'o, M: Distances> {
    code: &'a [Insn],
    maps: &'a [MapAddress],
    pub(super) options: Options,
    pub(super) layout: &'a Layout,
    pub(super) buffer: Buffer<'o, M>,
    /// The slot of the instruction that is compiled.
    pub(super) at: usize,
    /// Where the end of a run that was ended is.
    pub(super) leave: Label,
    /// Where runs end for each reason, if one does.
    ends: [Option<Label>; 8],
    /// The routine that `callx` goes through, if there is one.
    pub(super) indirect: Option<Label>,
    /// Positions.
    pub(super) labels: Vec<u32>,
    /// The labels' positions in the attempt before this one, in which all jumps had their short forms.
    pub(super) before: Vec<u32>,
    pub(super) fixups: Vec<Fixup<M::Hole>>,
    pub(super) failures: Vec<Failure>,
}

/// Compiles for a machine. First with the short forms of all jumps forward; where that did not do, again, since then
/// it is known how far they go.
pub(super) fn compile<M: Machine>(
    code: &[Insn],
    maps: &[MapAddress],
    options: Options,
    out: &mut [u8],
) -> Result<usize, Error> {
    let layout = Layout::new(code)?;
    let mut before = Vec::new();
    for _ in 0..2 {
        let mut compiler = Compiler::<M> {
            code,
            maps,
            options,
            layout: &layout,
            buffer: Buffer::new(out),
            at: 0,
            leave: 0,
            ends: [None; 8],
            indirect: None,
            labels: filled(UNBOUND, code.len() + 1)?,
            before,
            // As many as are usual: growing costs time.
            fixups: with_capacity(code.len() / 4)?,
            failures: with_capacity(if options.fuel { code.len() / 4 } else { 0 })?,
        };
        compiler.program()?;
        if compiler.link() {
            let (len, fits) = (compiler.buffer.len(), compiler.buffer.fits());
            return if fits { Ok(len) } else { Err(Error::NoRoom(len)) };
        }
        before = compiler.labels;
    }
    Err(Error::TooFar)
}

impl<M: Machine> Compiler<'_, '_, M> {
    fn program(&mut self) -> Result<(), Error> {
        self.leave = self.label()?;
        M::enter(self)?;
        let code = self.code;
        while let Some(&insn) = code.get(self.at) {
            if self.layout.is_hot(self.at) {
                M::align(&mut self.buffer);
            }
            self.bind(self.at as Label);
            if self.options.fuel
                && let Some(instructions) = self.layout.block(self.at)
            {
                M::spend(self, instructions)?;
            }
            let second = self.at + 1;
            decode_into(insn, || code.get(second).copied(), &mut *self)?;
        }
        self.bind(self.at as Label);
        self.trap(Trap::Code)?;
        self.failures()?;
        self.indirect()
    }

    #[allow(clippy::inline_always, reason = "one of its arms is left wherever it is called")]
    #[inline(always)]
    fn op(&mut self, op: Op) -> Result<(), Error> {
        let b = &mut self.buffer;
        match op {
            Op::Alu { op: Alu::Mov, width, dst, src: Operand::Reg(src) } => self.copy(width, dst, src),
            Op::Alu { op, width, dst, src: Operand::Reg(src) } => {
                M::alu_register(b, op, width, dst, dst, src);
            }
            Op::Alu { op, width, dst, src: Operand::Imm(imm) } => {
                let (op, imm) = cheaper(op, imm);
                M::alu_imm(b, op, width, dst, dst, imm);
            }
            Op::MovSx { width, bits, dst, src } => M::mov_sx(b, width, bits, dst, src),
            Op::Neg { width, dst } => M::neg(b, width, dst),
            Op::Swap { swap, bits, dst } => M::swap(b, swap, bits, dst),
            Op::Imm64 { dst, value } => M::mov_imm(b, dst, value),
            Op::MapHandle { dst, map } => {
                let handle = self.map(map)?.handle;
                M::mov_imm(&mut self.buffer, dst, handle);
            }
            Op::MapValue { dst, map, off } => {
                let value = self.map(map)?.values.wrapping_add(off.into());
                M::mov_imm(&mut self.buffer, dst, value);
            }
            Op::CodeAddress { dst, off } => M::code_address(self, dst, self.slot(off)?)?,
            Op::Load { size, signed, dst, src, off } => {
                let place = self.access(Access { size, write: false, base: src, off })?;
                M::load(&mut self.buffer, size, signed, dst, place);
            }
            Op::Store { size, dst, src, off } => {
                let place = self.access(Access { size, write: true, base: dst, off })?;
                M::store(&mut self.buffer, size, src, place);
            }
            Op::Atomic { atomic, size, dst, src, off } => {
                if self.checked() {
                    M::check_alignment(self, size, dst, off)?;
                }
                let place = self.access(Access { size, write: true, base: dst, off })?;
                M::atomic(&mut self.buffer, atomic, size, src, place);
            }
            Op::Goto { off } => self.goto(off)?,
            Op::Jump { test, width, dst, src: Operand::Reg(src), off } => {
                M::goto_if(self, test, width, dst, Operand::Reg(src), self.slot(off.into())?)?;
            }
            Op::Jump { test, width, dst, src: Operand::Imm(imm), off } => {
                M::goto_if(self, test, width, dst, Operand::Imm(imm), self.slot(off.into())?)?;
            }
            // No hook that has packets runs compiled programs.
            Op::LoadPacket { .. } => return Err(Error::Malformed(self.at, Malformed::LegacyPacket)),
            Op::CallHelper { number } => match i32::try_from(u64::from(number) * 8) {
                Ok(entry) => M::call_helper(self, number, entry)?,
                Err(_) => self.trap(Trap::NoFunction)?,
            },
            Op::CallLocal { off } => M::call_local(self, self.slot(off)?)?,
            Op::CallReg { dst } => M::call_register(self, dst)?,
            Op::Exit => M::exit(b),
            Op::Tail => return Err(Error::NoTarget(self.at)),
        }
        Ok(())
    }

    /// A copy, with the operation on it that follows, if one does: most machines need one instruction for both.
    fn copy(&mut self, width: Width, dst: u8, src: u8) {
        let second = self.at + 1;
        if let Some(&insn) = self.code.get(second)
            && insn.dst == dst
            && matches!(insn.op & o::CLASS, o::ALU | o::ALU64)
            && !self.layout.is_leader(second)
            && let Ok(Op::Alu { op, width: on, src: rhs, .. }) = decode(self.code, second)
            && op != Alu::Mov
            && (width == Width::W64 || on == Width::W32)
        {
            self.at = second;
            match rhs {
                Operand::Reg(rhs) => {
                    let rhs = if rhs == dst { src } else { rhs };
                    M::alu_register(&mut self.buffer, op, on, dst, src, rhs);
                }
                Operand::Imm(imm) => {
                    let (op, imm) = cheaper(op, imm);
                    M::alu_imm(&mut self.buffer, op, on, dst, src, imm);
                }
            }
            return;
        }
        M::alu_register(&mut self.buffer, Alu::Mov, width, dst, dst, src);
    }

    /// Back to where a loop asks its condition: it is asked here, so that a turn takes one jump instead of two.
    fn goto(&mut self, off: i32) -> Result<(), Error> {
        let to = self.slot(off)?;
        let head = to as usize;
        if head < self.at
            && let Ok(Op::Jump { test, width, dst, src, off }) = decode(self.code, head)
            && let Some(inverse) = test.inverse()
        {
            if self.options.fuel {
                // As there, and if it ends the run, there.
                let at = core::mem::replace(&mut self.at, head);
                M::spend(self, 1)?;
                self.at = at;
            }
            M::goto_if(self, inverse, width, dst, src, to + 1)?;
            let end = self.layout.target(head, off.into())?;
            return if end == self.at + 1 { Ok(()) } else { M::goto(self, end as Label) };
        }
        M::goto(self, to)
    }

    fn slot(&self, off: i32) -> Result<Label, Error> {
        self.layout.target(self.at, off).map(|slot| slot as Label)
    }

    fn map(&self, map: u32) -> Result<MapAddress, Error> {
        self.maps.get(map as usize).copied().ok_or(Error::NoMap(self.at, map))
    }

    /// Where an access goes, checked if need be.
    fn access(&mut self, access: Access) -> Result<Place, Error> {
        if self.checked() && !access.in_frame() {
            return M::checked_place(self, access);
        }
        Ok(M::place(&mut self.buffer, access.size, access.base, access.off))
    }

    /// The code for the checks that failed, and the routines that it calls.
    fn failures(&mut self) -> Result<(), Error> {
        let mut routines = [None; 8];
        for Failure { label, at, kind } in core::mem::take(&mut self.failures) {
            self.at = at as usize;
            match kind {
                FailureKind::Trap(trap) => {
                    self.bind(label);
                    self.trap(trap)?;
                }
                FailureKind::Search { size, write, resume } => {
                    let number = 4 * usize::from(write) + size as usize;
                    let routine = match routines[number] {
                        Some(routine) => routine,
                        None => *routines[number].insert(self.search(size, write)?),
                    };
                    self.bind(label);
                    M::search_or_trap(self, routine, resume)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the run in this instruction.
    pub(super) fn trap(&mut self, trap: Trap) -> Result<(), Error> {
        M::keep_slot(self);
        self.end(trap)
    }

    /// Ends the run, in the instruction that was kept: the first time for a reason by code that the others go to.
    fn end(&mut self, trap: Trap) -> Result<(), Error> {
        if let Some(end) = self.ends[trap as usize] {
            return M::goto(self, end);
        }
        let end = self.label()?;
        self.bind(end);
        self.ends[trap as usize] = Some(end);
        M::end(self, trap)
    }

    fn search(&mut self, size: Size, write: bool) -> Result<Label, Error> {
        let routine = self.label()?;
        self.bind(routine);
        M::search(&mut self.buffer, size, write);
        Ok(routine)
    }

    /// The routine that goes to a code address, if it is one that the program has taken.
    fn indirect(&mut self) -> Result<(), Error> {
        let Some(label) = self.indirect else { return Ok(()) };
        self.bind(label);
        let layout = self.layout;
        for slot in layout.entries() {
            M::dispatch(self, slot as Label)?;
        }
        self.end(Trap::NoFunction)
    }
}

impl<M: Machine> Consumer for &mut Compiler<'_, '_, M> {
    type Output = Result<(), Error>;

    #[allow(clippy::inline_always, reason = "one of its arms is left wherever it is called")]
    #[inline(always)]
    fn take(self, op: Op) -> Result<(), Error> {
        self.op(op)?;
        self.at += op.slots();
        Ok(())
    }

    #[cold]
    fn refuse(self, why: Malformed) -> Result<(), Error> {
        Err(Error::Malformed(self.at, why))
    }
}

/// An operation that costs less and gives the same: divisions by powers of two.
fn cheaper(alu: Alu, imm: i32) -> (Alu, i32) {
    match alu {
        Alu::Div if imm > 0 && imm.count_ones() == 1 => (Alu::Rsh, imm.trailing_zeros() as i32),
        Alu::Mod if imm > 0 && imm.count_ones() == 1 => (Alu::And, imm - 1),
        _ => (alu, imm),
    }
}
