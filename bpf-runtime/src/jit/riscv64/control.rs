//! Jumps, calls, begin and end (RFC 9669, section 4.3).
use super::{
    A0, BRANCH_REACH, FAR, FUEL, Hole, JUMP_REACH, KEPT_RA, RA, RUN, Riscv64, SP, T1, T2, ZERO,
    encode::{ADDI, AND, AUIPC, BEQ, BGE, BGEU, BLT, BLTU, BNE, JAL, JALR, OPPOSITE, SUB, branch_bits},
    register,
};
use crate::{
    isa::{FP, Operand, Test, Width},
    jit::{
        Error, Run, Trap,
        buffer::Buffer,
        compiler::{Compiler, FailureKind},
        labels::Label,
        machine::{Control, Place, Register},
    },
};

/// What a C function keeps, as far as it is used: ra, s1 to s8.
const CALLEE_SAVED: [Register; 9] = [RA, 9, 18, 19, 20, 21, RUN, FUEL, KEPT_RA];

impl Control for Riscv64 {
    fn enter(c: &mut Compiler<'_, '_, Self>) -> Result<(), Error> {
        c.buffer.push(CALLEE_SAVED.into_iter());
        let b = &mut c.buffer;
        b.mov(RUN, A0);
        b.store(SP, RUN, Run::NATIVE_STACK);
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
        c.jump(RA, 0)?;
        if c.options.fuel {
            c.buffer.store(FUEL, RUN, Run::FUEL);
        }
        c.buffer.mov(A0, register(0));
        let end = c.label()?;
        c.bind(end);
        c.buffer.pop(CALLEE_SAVED.into_iter());
        Self::exit(&mut c.buffer);
        c.bind(c.leave);
        c.buffer.load(SP, RUN, Run::NATIVE_STACK);
        c.jump(ZERO, end)
    }

    fn exit(b: &mut Buffer<'_, Self>) {
        b.op_imm(JALR, ZERO, RA, 0);
    }

    fn spend(c: &mut Compiler<'_, '_, Self>, instructions: u32) -> Result<(), Error> {
        c.buffer.mov_imm(T1, instructions.into());
        c.fail_if(BLTU, FUEL, T1, FailureKind::Trap(Trap::Fuel))?;
        c.buffer.op3(SUB, FUEL, FUEL, T1);
        Ok(())
    }

    fn keep_slot(c: &mut Compiler<'_, '_, Self>) {
        c.buffer.mov_imm(T1, c.at as i64);
        c.buffer.store_sized(2, T1, Place { base: RUN, off: Run::TRAP_AT });
    }

    fn end(c: &mut Compiler<'_, '_, Self>, trap: Trap) -> Result<(), Error> {
        c.buffer.mov_imm(T1, trap as i64);
        c.buffer.store_sized(2, T1, Place { base: RUN, off: Run::TRAP });
        c.jump(ZERO, c.leave)
    }

    fn goto(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        c.jump(ZERO, to)
    }

    fn goto_if(
        c: &mut Compiler<'_, '_, Self>,
        test: Test,
        width: Width,
        dst: u8,
        src: Operand,
        to: Label,
    ) -> Result<(), Error> {
        let (dst, src) = c.buffer.operands(width, register(dst), src);
        let (word, rs1, rs2) = match test {
            Test::Eq => (BEQ, dst, src),
            Test::Ne => (BNE, dst, src),
            Test::Set => {
                c.buffer.op3(AND, T1, dst, src);
                (BNE, T1, ZERO)
            }
            Test::Gt => (BLTU, src, dst),
            Test::Ge => (BGEU, dst, src),
            Test::Lt => (BLTU, dst, src),
            Test::Le => (BGEU, src, dst),
            Test::SGt => (BLT, src, dst),
            Test::SGe => (BGE, dst, src),
            Test::SLt => (BLT, dst, src),
            Test::SLe => (BGE, src, dst),
        };
        c.branch_if(word, rs1, rs2, to)
    }

    fn code_address(c: &mut Compiler<'_, '_, Self>, dst: u8, to: Label) -> Result<(), Error> {
        c.address(ADDI, register(dst), register(dst), to)
    }
}

impl Compiler<'_, '_, Riscv64> {
    /// A jump; where it comes from goes to `link`.
    pub(super) fn jump(&mut self, link: Register, to: Label) -> Result<(), Error> {
        if !self.reaches(to, JUMP_REACH - 4) {
            return self.address(JALR, link, if link == ZERO { FAR } else { link }, to);
        }
        let at = self.buffer.len();
        self.buffer.op3(JAL, link, 0, 0);
        self.refer(Hole::Jump, at, to)
    }

    /// `auipc base` and an instruction with `base` and the rest of the distance.
    pub(super) fn address(
        &mut self,
        word: u32,
        rd: Register,
        base: Register,
        to: Label,
    ) -> Result<(), Error> {
        let at = self.buffer.len();
        self.buffer.op3(AUIPC, base, 0, 0);
        self.buffer.op_imm(word, rd, base, 0);
        self.refer(Hole::Pair, at, to)
    }

    pub(super) fn branch_if(&mut self, word: u32, a: Register, b: Register, to: Label) -> Result<(), Error> {
        let at = self.buffer.len();
        if self.reaches(to, BRANCH_REACH - 4) {
            self.buffer.op3(word, 0, a, b);
            return self.refer(Hole::Branch, at, to);
        }
        // The opposite goes over a jump.
        self.buffer.op3(word ^ OPPOSITE, 0, a, b);
        self.jump(ZERO, to)?;
        self.buffer.set_bits(at, branch_bits((self.buffer.len() - at) as u32));
        Ok(())
    }

    /// Goes to a failure if the condition holds.
    pub(super) fn fail_if(
        &mut self,
        word: u32,
        a: Register,
        b: Register,
        kind: FailureKind,
    ) -> Result<(), Error> {
        let failure = self.failure(kind)?;
        self.branch_if(word, a, b, failure)
    }
}

impl Buffer<'_, Riscv64> {
    /// Two numbers to compare as 64 bits: halves are extended with their sign, which keeps their order, the unsigned
    /// one too.
    fn operands(&mut self, width: Width, dst: Register, src: Operand) -> (Register, Register) {
        let half = width == Width::W32;
        let src = match src {
            Operand::Imm(0) => ZERO,
            Operand::Imm(imm) => {
                self.mov_imm(T2, imm.into());
                T2
            }
            Operand::Reg(src) if half => {
                self.sign_extend(T2, register(src));
                T2
            }
            Operand::Reg(src) => register(src),
        };
        if half {
            self.sign_extend(T1, dst);
        }
        (if half { T1 } else { dst }, src)
    }

    /// Onto the stack, whose pointer stays a multiple of 16.
    pub(super) fn push(&mut self, registers: impl Iterator<Item = Register> + Clone) {
        self.op_imm(ADDI, SP, SP, -stack_bytes(registers.clone()));
        for (off, register) in (0..).step_by(8).zip(registers) {
            self.store(register, SP, off);
        }
    }

    pub(super) fn pop(&mut self, registers: impl Iterator<Item = Register> + Clone) {
        for (off, register) in (0..).step_by(8).zip(registers.clone()) {
            self.load(register, SP, off);
        }
        self.op_imm(ADDI, SP, SP, stack_bytes(registers));
    }
}

fn stack_bytes(registers: impl Iterator) -> i32 {
    (8 * registers.count() as i32 + 15) & !15
}
