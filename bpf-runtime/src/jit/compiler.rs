//! The walk over a program, which is the same for all machines: what is checked and paid for, labels, what lies behind
//! the program.
use alloc::vec::Vec;

use super::{
    Error, MapAddress, Options, Trap,
    buffer::Buffer,
    labels::{Fixup, Label, UNBOUND},
    layout::{Layout, filled, relative},
    machine::{Distances, Machine, Place},
};
use crate::isa::{Alu, FP, FRAME_BYTES, Insn, Op, Operand, Size};

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
    maps: &'a [MapAddress],
    pub(super) options: Options,
    pub(super) layout: &'a Layout,
    pub(super) buffer: Buffer<'o, M>,
    /// The slot of the instruction that is compiled.
    pub(super) at: usize,
    /// Where the end of a run that was ended is.
    pub(super) leave: Label,
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
            maps,
            options,
            layout: &layout,
            buffer: Buffer::new(out),
            at: 0,
            leave: 0,
            indirect: None,
            labels: filled(UNBOUND, code.len() + 1)?,
            before,
            fixups: Vec::new(),
            failures: Vec::new(),
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
        let layout = self.layout;
        while let Some(&op) = layout.ops.get(self.at) {
            self.bind(self.at as Label);
            if let Some(instructions) = layout.block(self.at).filter(|_| self.options.fuel) {
                M::spend(self, instructions)?;
            }
            self.op(op)?;
            self.at += op.slots();
        }
        self.bind(self.at as Label);
        M::trap(self, Trap::Code)?;
        self.failures()?;
        self.indirect()
    }

    fn op(&mut self, op: Op) -> Result<(), Error> {
        let b = &mut self.buffer;
        match op {
            Op::Alu { op, width, dst, src } => {
                let (op, src) = cheaper(op, src);
                M::alu(b, op, width, dst, src);
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
            Op::CodeAddress { dst, off } => M::code_address(self, dst, self.slot(off))?,
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
            Op::Goto { off } => M::goto(self, self.slot(off))?,
            Op::Jump { test, width, dst, src, off } => {
                M::goto_if(self, test, width, dst, src, self.slot(off.into()))?;
            }
            Op::CallHelper { number } => match i32::try_from(u64::from(number) * 8) {
                Ok(entry) => M::call_helper(self, number, entry)?,
                Err(_) => M::trap(self, Trap::NoFunction)?,
            },
            Op::CallLocal { off } => M::call_local(self, self.slot(off))?,
            Op::CallReg { dst } => M::call_register(self, dst)?,
            Op::Exit => M::exit(b),
            Op::Tail => return Err(Error::NoTarget(self.at)),
        }
        Ok(())
    }

    fn slot(&self, off: i32) -> Label {
        relative(self.at, off) as Label
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
                    M::trap(self, trap)?;
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
        for slot in 0..self.layout.ops.len() {
            if self.layout.is_entry(slot) {
                M::dispatch(self, slot as Label)?;
            }
        }
        M::no_function(self)
    }
}

/// An operation that costs less and gives the same: divisions by powers of two.
fn cheaper(alu: Alu, src: Operand) -> (Alu, Operand) {
    match (alu, src) {
        (Alu::Div, Operand::Imm(imm @ 1..)) if imm.count_ones() == 1 => {
            (Alu::Rsh, Operand::Imm(imm.trailing_zeros() as i32))
        }
        (Alu::Mod, Operand::Imm(imm @ 1..)) if imm.count_ones() == 1 => (Alu::And, Operand::Imm(imm - 1)),
        _ => (alu, src),
    }
}
