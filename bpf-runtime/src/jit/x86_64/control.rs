//! Jumps, calls, begin and end (RFC 9669, section 4.3).
use super::{
    FUEL, RUN, X86_64,
    encode::{R12, R13, R14, R15, RBP, RBX, RSP, Rm, cc, op},
    register,
};
use crate::{
    isa::{FP, Operand, Test, Width},
    jit::{
        Error, Run, Trap,
        buffer::Buffer,
        compiler::{Compiler, FailureKind},
        labels::Label,
        machine::{Control, Register},
    },
};

/// What a C function keeps. With its return address and that of the program they take 64 bytes: in the program, the
/// native stack is aligned to 16 bytes, as C functions want it.
const CALLEE_SAVED: [Register; 6] = [RBX, RBP, R12, R13, R14, R15];

/// NOP in so many bytes (Intel SDM, volume 2, NOP).
const NOPS: [&[u8]; 10] = [
    &[],
    &[0x90],
    &[0x66, 0x90],
    &[0x0f, 0x1f, 0x00],
    &[0x0f, 0x1f, 0x40, 0x00],
    &[0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x0f, 0x1f, 0x80, 0, 0, 0, 0],
    &[0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
    &[0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
];

impl Control for X86_64 {
    fn enter(c: &mut Compiler<'_, '_, Self>) -> Result<(), Error> {
        let b = &mut c.buffer;
        for register in CALLEE_SAVED {
            b.push(register);
        }
        b.mov(true, RUN, register(1));
        b.store(RUN, Run::NATIVE_STACK, RSP);
        for number in 0..FP {
            match number {
                1..=5 => b.load(register(number), RUN, Run::ARGUMENTS + 8 * (i32::from(number) - 1)),
                _ => b.mov_imm(register(number), 0),
            }
        }
        b.load(register(FP), RUN, Run::FP);
        if c.options.fuel {
            b.load(FUEL, RUN, Run::FUEL);
        }
        c.call(0)?;
        if c.options.fuel {
            c.buffer.store(RUN, Run::FUEL, FUEL);
        }
        let end = c.label()?;
        c.bind(end);
        for register in CALLEE_SAVED.into_iter().rev() {
            c.buffer.pop(register);
        }
        c.buffer.ret();
        c.bind(c.leave);
        c.buffer.load(RSP, RUN, Run::NATIVE_STACK);
        Self::goto(c, end)
    }

    fn exit(b: &mut Buffer<'_, Self>) {
        b.ret();
    }

    fn spend(c: &mut Compiler<'_, '_, Self>, instructions: u32) -> Result<(), Error> {
        c.buffer.arith_imm(5, true, FUEL, instructions as i32);
        c.fail_if(cc::B, FailureKind::Trap(Trap::Fuel))
    }

    fn keep_slot(c: &mut Compiler<'_, '_, Self>) {
        c.buffer.store_imm32(RUN, Run::TRAP_AT, c.at as i32);
    }

    fn end(c: &mut Compiler<'_, '_, Self>, trap: Trap) -> Result<(), Error> {
        c.buffer.store_imm32(RUN, Run::TRAP, trap as i32);
        Self::goto(c, c.leave)
    }

    /// To multiples of 16: jumps that lie close together are predicted worse (AMD, Software Optimization Guide for family 17h:
    /// the branches of a line of 64 bytes share what remembers their targets). A sieve takes 0.8 of the time.
    fn align(b: &mut Buffer<'_, Self>) {
        match b.len().wrapping_neg() % 16 {
            0 => {}
            n @ 1..=9 => b.bytes(NOPS[n]),
            n => {
                b.bytes(NOPS[9]);
                b.bytes(NOPS[n - 9]);
            }
        }
    }

    fn goto(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        if let Some(distance) = c.short(to) {
            c.buffer.bytes(&[0xeb, distance as u8]);
            return Ok(());
        }
        c.with_distance(0xe9, 1, to)
    }

    fn goto_if(
        c: &mut Compiler<'_, '_, Self>,
        test: Test,
        width: Width,
        dst: u8,
        src: Operand,
        to: Label,
    ) -> Result<(), Error> {
        c.buffer.compare(test, width == Width::W64, register(dst), src);
        let condition = match test {
            Test::Eq => cc::E,
            Test::Ne | Test::Set => cc::NE,
            Test::Gt => cc::A,
            Test::Ge => cc::AE,
            Test::Lt => cc::B,
            Test::Le => cc::BE,
            Test::SGt => cc::G,
            Test::SGe => cc::GE,
            Test::SLt => cc::L,
            Test::SLe => cc::LE,
        };
        c.jcc(condition, to)
    }

    fn code_address(c: &mut Compiler<'_, '_, Self>, dst: u8, to: Label) -> Result<(), Error> {
        c.lea_code(register(dst), to)
    }
}

impl Compiler<'_, '_, X86_64> {
    /// Goes to a failure if the condition holds.
    pub(super) fn fail_if(&mut self, condition: u8, kind: FailureKind) -> Result<(), Error> {
        let failure = self.failure(kind)?;
        self.jcc(condition, failure)
    }

    /// How far back a label is from behind a jump of two bytes, if that fits it.
    fn short(&self, to: Label) -> Option<i8> {
        i8::try_from(self.position(to)? as i64 - (self.buffer.len() as i64 + 2)).ok()
    }

    pub(super) fn jcc(&mut self, condition: u8, to: Label) -> Result<(), Error> {
        if let Some(distance) = self.short(to) {
            self.buffer.bytes(&[0x70 | condition, distance as u8]);
            return Ok(());
        }
        self.with_distance(0x800f | u64::from(condition) << 8, 2, to)
    }

    pub(super) fn call(&mut self, to: Label) -> Result<(), Error> {
        self.with_distance(0xe8, 1, to)
    }

    /// `lea register, [rip + distance]`
    pub(super) fn lea_code(&mut self, register: Register, to: Label) -> Result<(), Error> {
        // REX.W and REX.R; ModRM without base: relative to the next instruction.
        let [rex, modrm] = [0x48 | register >> 3 << 2, 0x05 | (register & 7) << 3];
        self.with_distance(u64::from(rex) | 0x8d00 | u64::from(modrm) << 16, 3, to)
    }

    /// An instruction of `len` bytes and the distance to `to`.
    #[inline]
    fn with_distance(&mut self, bytes: u64, len: usize, to: Label) -> Result<(), Error> {
        self.buffer.piece(bytes, len + 4);
        self.refer((), self.buffer.len(), to)
    }
}

impl Buffer<'_, X86_64> {
    fn compare(&mut self, test: Test, wide: bool, dst: Register, src: Operand) {
        match (test, src) {
            (Test::Set, Operand::Reg(src)) => self.insn(op(0x85, wide), register(src), Rm::Reg(dst)),
            (Test::Set, Operand::Imm(imm)) => {
                self.insn_imm32(op(0xf7, wide), 0, dst, imm);
            }
            (_, Operand::Reg(src)) => self.insn(op(0x39, wide), register(src), Rm::Reg(dst)),
            (_, Operand::Imm(imm)) => self.arith_imm(7, wide, dst, imm),
        }
    }
}
