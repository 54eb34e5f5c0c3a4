//! Code for x86_64. Registers are mapped one to one, as Linux does (`arch/x86/net/bpf_jit_comp.c`): r1 to r5 are where
//! the calling convention has a function's arguments, r6 to r9 are registers that it has functions keep. Left
//! are r10 and r11 for what an instruction needs in between, r9 for the fuel, r12 for the run.
mod alu;
mod control;
mod encode;
mod memory;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use self::encode::{Place, R8, R9, R12, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RDX, RSI, Register, cc};
use super::{
    Checks, Error, MapAddress, Options, Run, Trap,
    buffer::Buffer,
    layout::{Layout, filled, push, relative},
};
use crate::isa::{Insn, Op, Width};

const REGISTERS: [Register; 11] = [RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, RBP];
const RUN: Register = R12;
const FUEL: Register = R9;

/// The machine's register for one of the program's, which is 0 to 10.
const fn register(number: u8) -> Register {
    REGISTERS[number as usize]
}

/// A jump or call forward: its distance is written when the target is known.
struct Forward {
    /// Behind the 32 bits of the distance.
    from: usize,
    to: usize,
}

/// What lies behind the program and is reached when a check fails.
struct Failure {
    /// Behind the distance of the jump to it.
    from: usize,
    /// The slot of the instruction.
    at: usize,
    kind: FailureKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FailureKind {
    Trap(Trap),
    /// The address in r11 is not in the first region: look at the others, by the routine with this number.
    Search(usize),
}

/// A compilation at work.
struct Compiler<'a, 'o> {
    maps: &'a [MapAddress],
    options: Options,
    layout: Layout,
    buffer: Buffer<'o>,
    /// Where the code of each slot begins.
    offsets: Vec<usize>,
    forwards: Vec<Forward>,
    failures: Vec<Failure>,
    /// Distances to the routine that `callx` goes through.
    indirect: Vec<usize>,
    /// Where the end of a run that was ended is.
    leave: usize,
}

pub(super) fn compile(
    code: &[Insn],
    maps: &[MapAddress],
    options: Options,
    out: &mut [u8],
) -> Result<usize, Error> {
    let mut compiler = Compiler {
        maps,
        options,
        layout: Layout::new(code)?,
        buffer: Buffer::new(out),
        offsets: filled(0, code.len() + 1)?,
        forwards: Vec::new(),
        failures: Vec::new(),
        indirect: Vec::new(),
        leave: 0,
    };
    compiler.enter();
    let mut at = 0;
    while at < code.len() {
        let op = compiler.layout.ops[at];
        compiler.offsets[at] = compiler.buffer.len();
        compiler.block(at)?;
        compiler.op(op, at)?;
        at += op.slots();
    }
    compiler.offsets[at] = compiler.buffer.len();
    compiler.trap(Trap::Code, at);
    compiler.failures();
    compiler.indirect();
    compiler.link();
    if compiler.buffer.fits() { Ok(compiler.buffer.len()) } else { Err(Error::NoRoom(compiler.buffer.len())) }
}

impl Compiler<'_, '_> {
    fn checked(&self) -> bool {
        self.options.checks == Checks::All
    }

    /// Pays for the basic block that begins at `at`.
    fn block(&mut self, at: usize) -> Result<(), Error> {
        if let Some(instructions) = self.layout.block(at).filter(|_| self.options.fuel) {
            self.buffer.arith_imm(5, true, FUEL, instructions as i32);
            self.fail_if(cc::B, at, FailureKind::Trap(Trap::Fuel))?;
        }
        Ok(())
    }

    fn op(&mut self, op: Op, at: usize) -> Result<(), Error> {
        let b = &mut self.buffer;
        match op {
            Op::Alu { op, width, dst, src } => b.alu(op, width, dst, src),
            Op::MovSx { width, bits, dst, src } => {
                b.mov_sx(width == Width::W64, bits, register(dst), register(src));
            }
            Op::Neg { width, dst } => b.neg(width == Width::W64, register(dst)),
            Op::Swap { swap, bits, dst } => b.swap(swap, bits, register(dst)),
            Op::Imm64 { dst, value } => b.mov_imm(register(dst), value),
            Op::MapHandle { dst, map } => {
                let map = self.maps.get(map as usize).ok_or(Error::NoMap(at, map))?;
                b.mov_imm(register(dst), map.handle);
            }
            Op::MapValue { dst, map, off } => {
                let map = self.maps.get(map as usize).ok_or(Error::NoMap(at, map))?;
                b.mov_imm(register(dst), map.values.wrapping_add(off.into()));
            }
            Op::CodeAddress { dst, off } => {
                self.code_address(register(dst));
                self.distance_to(relative(at, off), at)?;
            }
            Op::Load { size, signed, dst, src, off } => {
                self.access(size, false, src, off, at)?;
                self.buffer.memory_load(size, signed, register(dst), Place::Mem(register(src), off.into()));
            }
            Op::Store { size, dst, src, off } => {
                self.access(size, true, dst, off, at)?;
                self.buffer.memory_store(size, src, Place::Mem(register(dst), off.into()));
            }
            Op::Atomic { atomic, size, dst, src, off } => {
                self.aligned(size, dst, off, at)?;
                self.access(size, true, dst, off, at)?;
                self.buffer.atomic(atomic, size, register(src), (register(dst), off.into()));
            }
            Op::Goto { off } => self.goto(relative(at, off), at)?,
            Op::Jump { test, width, dst, src, off } => {
                let condition = self.compare(test, width, register(dst), src);
                self.goto_if(condition, relative(at, off.into()), at)?;
            }
            Op::CallHelper { number } => self.call_helper(number, at)?,
            Op::CallLocal { off } => self.call_local(relative(at, off), at)?,
            Op::CallReg { dst } => self.call_register(register(dst), at)?,
            Op::Exit => self.buffer.ret(),
            Op::Tail => return Err(Error::NoTarget(at)),
        }
        Ok(())
    }

    /// Goes to a failure if the condition holds.
    fn fail_if(&mut self, condition: u8, at: usize, kind: FailureKind) -> Result<(), Error> {
        self.buffer.bytes(&[0x0f, 0x80 | condition, 0, 0, 0, 0]);
        push(&mut self.failures, Failure { from: self.buffer.len(), at, kind })
    }

    /// Ends the run.
    fn trap(&mut self, trap: Trap, at: usize) {
        self.buffer.store_imm32(RUN, Run::TRAP_AT, at as i32);
        self.buffer.store_imm32(RUN, Run::TRAP, trap as i32);
        self.buffer.byte(0xe9);
        self.distance_back(self.leave);
    }

    /// The distance from behind these four bytes to code that is there.
    fn distance_back(&mut self, to: usize) {
        let from = self.buffer.len() + 4;
        self.buffer.imm32((to as i64 - from as i64) as i32);
    }

    /// The distance to the code of slot `to`, in slot `at`.
    fn distance_to(&mut self, to: usize, at: usize) -> Result<(), Error> {
        if to <= at {
            self.distance_back(self.offsets[to]);
            return Ok(());
        }
        self.buffer.imm32(0);
        push(&mut self.forwards, Forward { from: self.buffer.len(), to })
    }

    fn patch(&mut self, from: usize, to: usize) {
        let distance = (to as i64 - from as i64) as i32;
        self.buffer.patch(from - 4, &distance.to_le_bytes());
    }

    /// Writes the distances of what goes forward.
    fn link(&mut self) {
        for Forward { from, to } in core::mem::take(&mut self.forwards) {
            self.patch(from, self.offsets[to]);
        }
    }

    /// The code for the checks that failed, and the routines that it calls.
    fn failures(&mut self) {
        let failures = core::mem::take(&mut self.failures);
        let mut routines = [None; 8];
        for Failure { kind, .. } in &failures {
            if let FailureKind::Search(number) = *kind {
                routines[number] = routines[number].or_else(|| Some(self.search(number)));
            }
        }
        for Failure { from, at, kind } in failures {
            self.patch(from, self.buffer.len());
            match kind {
                FailureKind::Trap(trap) => self.trap(trap, at),
                FailureKind::Search(number) => {
                    self.buffer.byte(0xe8);
                    self.distance_back(routines[number].unwrap_or(0));
                    self.buffer.bytes(&[0x0f, 0x80 | cc::B]);
                    self.distance_back(from);
                    self.buffer.store(RUN, Run::TRAP_ADDRESS, encode::R11);
                    self.trap(Trap::Access, at);
                }
            }
        }
    }
}
