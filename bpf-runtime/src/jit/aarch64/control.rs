//! Jumps, calls, begin and end (RFC 9669, section 4.3).
use super::{
    ADDRESS, Aarch64, CONDITIONAL_REACH, FUEL, Hole, KEPT_LR, LR, RUN, SP, T1, T2, ZERO,
    encode::{ANDS, B, B_COND, BL, CBNZ, CBZ, MOVK, MOVZ, RET, SUBS, cc, sized},
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

/// What a C function keeps, as far as it is used.
const CALLEE_SAVED: [(Register, Register); 5] = [(29, LR), (19, 20), (21, 22), (23, RUN), (FUEL, KEPT_LR)];

impl Control for Aarch64 {
    fn enter(c: &mut Compiler<'_, '_, Self>) -> Result<(), Error> {
        let b = &mut c.buffer;
        for (first, second) in CALLEE_SAVED {
            b.push(first, second);
        }
        b.mov(true, RUN, 0);
        b.add_imm(true, ADDRESS, SP, 0);
        b.store(ADDRESS, RUN, Run::NATIVE_STACK);
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
        c.branch(BL, 0)?;
        if c.options.fuel {
            c.buffer.store(FUEL, RUN, Run::FUEL);
        }
        c.buffer.mov(true, 0, register(0));
        let end = c.label()?;
        c.bind(end);
        for (first, second) in CALLEE_SAVED.into_iter().rev() {
            c.buffer.pop(first, second);
        }
        c.buffer.op2(RET, 0, 0);
        c.bind(c.leave);
        c.buffer.load(ADDRESS, RUN, Run::NATIVE_STACK);
        c.buffer.add_imm(true, SP, ADDRESS, 0);
        c.branch(B, end)
    }

    fn exit(b: &mut Buffer<'_, Self>) {
        b.op2(RET, 0, 0);
    }

    fn spend(c: &mut Compiler<'_, '_, Self>, instructions: u32) -> Result<(), Error> {
        if !c.buffer.subs_imm(true, FUEL, FUEL, instructions.into()) {
            c.buffer.mov_imm(T1, instructions.into());
            c.buffer.op3(SUBS, true, FUEL, FUEL, T1);
        }
        c.fail_if(B_COND | cc::LO, FailureKind::Trap(Trap::Fuel))
    }

    fn keep_slot(c: &mut Compiler<'_, '_, Self>) {
        c.buffer.mov_imm(T1, c.at as u64);
        c.buffer.transfer(2, 0, T1, Place { base: RUN, off: Run::TRAP_AT });
    }

    fn end(c: &mut Compiler<'_, '_, Self>, trap: Trap) -> Result<(), Error> {
        c.buffer.mov_imm(T1, trap as u64);
        c.buffer.transfer(2, 0, T1, Place { base: RUN, off: Run::TRAP });
        c.branch(B, c.leave)
    }

    fn goto(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        c.branch(B, to)
    }

    fn goto_if(
        c: &mut Compiler<'_, '_, Self>,
        test: Test,
        width: Width,
        dst: u8,
        src: Operand,
        to: Label,
    ) -> Result<(), Error> {
        let (wide, dst) = (width == Width::W64, register(dst));
        match (test, src) {
            (Test::Eq, Operand::Imm(0)) => return c.branch_if(sized(CBZ, wide) | u32::from(dst), to),
            (Test::Ne, Operand::Imm(0)) => return c.branch_if(sized(CBNZ, wide) | u32::from(dst), to),
            _ => c.buffer.compare(test == Test::Set, wide, dst, src),
        }
        let condition = match test {
            Test::Eq => cc::EQ,
            Test::Ne | Test::Set => cc::NE,
            Test::Gt => cc::HI,
            Test::Ge => cc::HS,
            Test::Lt => cc::LO,
            Test::Le => cc::LS,
            Test::SGt => cc::GT,
            Test::SGe => cc::GE,
            Test::SLt => cc::LT,
            Test::SLe => cc::LE,
        };
        c.branch_if(B_COND | condition, to)
    }

    fn code_address(c: &mut Compiler<'_, '_, Self>, dst: u8, to: Label) -> Result<(), Error> {
        c.address(register(dst), to)
    }
}

impl Compiler<'_, '_, Aarch64> {
    /// `b` or `bl`.
    pub(super) fn branch(&mut self, word: u32, to: Label) -> Result<(), Error> {
        let at = self.buffer.len();
        self.buffer.word(word);
        self.refer(Hole::Branch, at, to)
    }

    /// `b.cond`, `cbz` or `cbnz`.
    pub(super) fn branch_if(&mut self, word: u32, to: Label) -> Result<(), Error> {
        if self.reaches(to, CONDITIONAL_REACH - 4) {
            let at = self.buffer.len();
            self.buffer.word(word);
            return self.refer(Hole::Conditional, at, to);
        }
        // The opposite goes over a jump.
        let opposite = if word >> 24 == B_COND >> 24 { 1 } else { CBZ ^ CBNZ };
        self.buffer.branch_by(word ^ opposite, 2);
        self.branch(B, to)
    }

    /// Goes to a failure if the condition holds.
    pub(super) fn fail_if(&mut self, word: u32, kind: FailureKind) -> Result<(), Error> {
        let failure = self.failure(kind)?;
        self.branch_if(word, failure)
    }

    /// The address of code, at any distance.
    pub(super) fn address(&mut self, d: Register, to: Label) -> Result<(), Error> {
        let at = self.buffer.len();
        self.buffer.word(0x1000_0000 | u32::from(d));
        self.buffer.word(MOVZ | u32::from(T2));
        self.buffer.word(MOVK | 1 << 21 | u32::from(T2));
        // add d, d, t2, sxtw
        self.buffer.op3(0x8b20_c000, true, d, d, T2);
        self.refer(Hole::Address, at, to)
    }
}

impl Buffer<'_, Aarch64> {
    /// Sets the flags as a subtraction does, or as `and` does.
    fn compare(&mut self, and: bool, wide: bool, dst: Register, src: Operand) {
        let src = match src {
            Operand::Reg(src) => register(src),
            Operand::Imm(imm) => {
                let value = super::alu::extended(wide, imm);
                let done = if and {
                    self.logical_imm(ANDS, wide, ZERO, dst, value)
                } else {
                    self.subs_imm(wide, ZERO, dst, imm.into())
                };
                if done {
                    return;
                }
                self.mov_imm(T1, value);
                T1
            }
        };
        self.op3(if and { ANDS } else { SUBS }, wide, ZERO, dst, src);
    }
}
