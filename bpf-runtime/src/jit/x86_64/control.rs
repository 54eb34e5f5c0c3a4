//! Jumps, calls, begin and end (RFC 9669, section 4.3).
use super::{
    FUEL, REGISTERS, RUN, X86_64,
    encode::{R10, R11, R12, R13, R14, R15, RBP, RBX, RSP, Rm, cc, op, op32},
    register,
};
use crate::{
    isa::{FP, FRAME_BYTES, Operand, Test, Width},
    jit::{
        Error, Run, Trap,
        buffer::Buffer,
        compiler::{Compiler, FailureKind, Label},
        machine::{Control, Register},
    },
};

/// What a C function keeps. With its return address and that of the program they take 64 bytes: in the program, the
/// native stack is aligned to 16 bytes, as C functions want it.
const CALLEE_SAVED: [Register; 6] = [RBX, RBP, R12, R13, R14, R15];

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

    fn trap(c: &mut Compiler<'_, '_, Self>, trap: Trap) -> Result<(), Error> {
        c.buffer.store_imm32(RUN, Run::TRAP_AT, c.at as i32);
        c.buffer.store_imm32(RUN, Run::TRAP, trap as i32);
        Self::goto(c, c.leave)
    }

    fn goto(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        if let Some(distance) = c.short(to) {
            c.buffer.bytes(&[0xeb, distance as u8]);
            return Ok(());
        }
        c.buffer.byte(0xe9);
        c.distance(to)
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

    fn call_helper(c: &mut Compiler<'_, '_, Self>, number: u32, entry: i32) -> Result<(), Error> {
        if c.checked() {
            c.buffer.insn(op(0x81, true), 7, Rm::Mem(RUN, Run::HELPER_COUNT));
            c.buffer.imm32(number as i32);
            c.fail_if(cc::BE, FailureKind::Trap(Trap::NoFunction))?;
        }
        c.buffer.load(R10, RUN, Run::HELPERS);
        c.buffer.load(R10, R10, entry);
        c.call_c()
    }

    fn call_local(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        c.before_call()?;
        c.call(to)?;
        c.after_call();
        Ok(())
    }

    fn call_register(c: &mut Compiler<'_, '_, Self>, dst: u8) -> Result<(), Error> {
        let (function, done, indirect) = (c.label()?, c.label()?, c.indirect_routine()?);
        c.buffer.mov(true, R10, register(dst));
        c.buffer.insn(op(0x3b, true), R10, Rm::Mem(RUN, Run::HELPER_COUNT));
        c.jcc(cc::AE, function)?;
        c.buffer.load(R11, RUN, Run::HELPERS);
        // mov r10, [r11 + 8 * r10]
        c.buffer.bytes(&[0x4f, 0x8b, 0x14, 0xd3]);
        c.call_c()?;
        Self::goto(c, done)?;
        c.bind(function);
        c.buffer.store_imm32(RUN, Run::TRAP_AT, c.at as i32);
        Self::call_local(c, indirect)?;
        c.bind(done);
        Ok(())
    }

    /// The address that is called is in r10.
    fn dispatch(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        c.lea_code(R11, to)?;
        c.buffer.insn(op(0x39, true), R11, Rm::Reg(R10));
        c.jcc(cc::E, to)
    }

    fn no_function(c: &mut Compiler<'_, '_, Self>) -> Result<(), Error> {
        c.buffer.store_imm32(RUN, Run::TRAP, Trap::NoFunction as i32);
        Self::goto(c, c.leave)
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
        self.buffer.bytes(&[0x0f, 0x80 | condition]);
        self.distance(to)
    }

    pub(super) fn call(&mut self, to: Label) -> Result<(), Error> {
        self.buffer.byte(0xe8);
        self.distance(to)
    }

    /// `lea register, [rip + distance]`
    fn lea_code(&mut self, register: Register, to: Label) -> Result<(), Error> {
        // REX.W and REX.R; ModRM without base: relative to the next instruction.
        self.buffer.bytes(&[0x48 | register >> 3 << 2, 0x8d, 0x05 | (register & 7) << 3]);
        self.distance(to)
    }

    /// The last 32 bits of an instruction: the distance to `to`.
    fn distance(&mut self, to: Label) -> Result<(), Error> {
        self.buffer.imm32(0);
        self.refer((), self.buffer.len(), to)
    }

    /// Calls the helper at the address in r10.
    fn call_c(&mut self) -> Result<(), Error> {
        if self.checked() {
            self.buffer.insn(op(0x85, true), R10, Rm::Reg(R10));
            self.fail_if(cc::E, FailureKind::Trap(Trap::NoFunction))?;
        }
        let b = &mut self.buffer;
        if self.options.fuel {
            b.store(RUN, Run::FUEL, FUEL);
        }
        // The sixth argument; r1 to r5 are where the others have to be, and r0 where the result is.
        b.mov(true, FUEL, RUN);
        b.insn(op32(0xff), 2, Rm::Reg(R10));
        if self.options.fuel {
            b.load(FUEL, RUN, Run::FUEL);
        }
        if self.checked() {
            self.buffer.insn(op32(0x83), 7, Rm::Mem(RUN, Run::TRAP));
            self.buffer.byte(0);
            self.fail_if(cc::NE, FailureKind::Trap(Trap::Helper))?;
        }
        Ok(())
    }

    /// What a call keeps. Their number is odd, by the frame pointer if need be: with the return address, the native
    /// stack stays aligned to 16 bytes.
    fn pushed(&self) -> impl DoubleEndedIterator<Item = Register> + use<> {
        let even = self.kept().count().is_multiple_of(2);
        self.kept().chain(even.then_some(FP)).map(register)
    }

    /// Keeps what a function may change, and gives it the next frame.
    fn before_call(&mut self) -> Result<(), Error> {
        if self.checked() {
            self.buffer.insn(op(0x3b, true), RBP, Rm::Mem(RUN, Run::LAST_FP));
            self.fail_if(cc::AE, FailureKind::Trap(Trap::CallDepth))?;
        }
        for register in self.pushed() {
            self.buffer.push(register);
        }
        self.buffer.arith_imm(0, true, RBP, FRAME_BYTES as i32);
        Ok(())
    }

    fn after_call(&mut self) {
        if self.pushed().all(|register| register != RBP) {
            self.buffer.arith_imm(5, true, RBP, FRAME_BYTES as i32);
        }
        for register in self.pushed().rev() {
            self.buffer.pop(register);
        }
    }
}

impl Buffer<'_, X86_64> {
    fn compare(&mut self, test: Test, wide: bool, dst: Register, src: Operand) {
        match (test, src) {
            (Test::Set, Operand::Reg(src)) => self.insn(op(0x85, wide), register(src), Rm::Reg(dst)),
            (Test::Set, Operand::Imm(imm)) => {
                self.insn(op(0xf7, wide), 0, Rm::Reg(dst));
                self.imm32(imm);
            }
            (_, Operand::Reg(src)) => self.insn(op(0x39, wide), register(src), Rm::Reg(dst)),
            (_, Operand::Imm(imm)) => self.arith_imm(7, wide, dst, imm),
        }
    }
}

// The mapping is part of the helpers' interface: arguments and result are where C has them.
const _: () = {
    let [r0, r1, r2, r3, r4, r5, ..] = REGISTERS;
    assert!(r0 == 0 && r1 == 7 && r2 == 6 && r3 == 2 && r4 == 1 && r5 == 8);
};
