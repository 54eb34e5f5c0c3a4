//! Jumps, calls, begin and end (RFC 9669, section 4.3).
use super::{
    ADDRESS, Aarch64, CONDITIONAL_REACH, FUEL, Hole, KEPT_LR, LR, RUN, SP, T1, T2, ZERO, encode::*, register,
};
use crate::{
    isa::{FP, FRAME_BYTES, Operand, Test, Width},
    jit::{
        Error, Run, Trap,
        buffer::Buffer,
        compiler::{Compiler, FailureKind, Label},
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

    fn trap(c: &mut Compiler<'_, '_, Self>, trap: Trap) -> Result<(), Error> {
        c.buffer.mov_imm(T2, c.at as u64);
        c.buffer.transfer_word(T2, Run::TRAP_AT);
        c.end_with(trap)
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

    fn call_helper(c: &mut Compiler<'_, '_, Self>, number: u32, entry: i32) -> Result<(), Error> {
        if c.checked() {
            c.buffer.load(T1, RUN, Run::HELPER_COUNT);
            c.buffer.mov_imm(T2, number.into());
            c.buffer.cmp(true, T1, T2);
            c.fail_if(B_COND | cc::LS, FailureKind::Trap(Trap::NoFunction))?;
        }
        c.buffer.load(T1, RUN, Run::HELPERS);
        c.buffer.load(T1, T1, entry);
        c.call_c()
    }

    fn call_local(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        if c.checked() {
            c.buffer.load(T1, RUN, Run::LAST_FP);
            c.buffer.cmp(true, register(FP), T1);
            c.fail_if(B_COND | cc::HS, FailureKind::Trap(Trap::CallDepth))?;
        }
        // Pairs, since the stack pointer has to be a multiple of 16.
        let kept: [Option<Register>; 6] = {
            let mut kept = c.kept().map(register).chain([LR]);
            core::array::from_fn(|_| kept.next())
        };
        let pairs = kept.as_chunks::<2>().0.iter().filter_map(|[a, b]| Some(((*a)?, b.unwrap_or(ZERO))));
        for (first, second) in pairs.clone() {
            c.buffer.push(first, second);
        }
        c.buffer.add_off(register(FP), register(FP), FRAME_BYTES as i32);
        c.branch(BL, to)?;
        c.buffer.add_off(register(FP), register(FP), -(FRAME_BYTES as i32));
        for (first, second) in pairs.rev() {
            c.buffer.pop(first, second);
        }
        Ok(())
    }

    fn call_register(c: &mut Compiler<'_, '_, Self>, dst: u8) -> Result<(), Error> {
        let (function, done, indirect) = (c.label()?, c.label()?, c.indirect_routine()?);
        c.buffer.mov(true, ADDRESS, register(dst));
        c.buffer.load(T1, RUN, Run::HELPER_COUNT);
        c.buffer.cmp(true, ADDRESS, T1);
        c.branch_if(B_COND | cc::HS, function)?;
        c.buffer.load(T1, RUN, Run::HELPERS);
        // ldr t1, [t1, address, lsl #3]
        c.buffer.op3(0xf860_7800, true, T1, T1, ADDRESS);
        c.call_c()?;
        c.branch(B, done)?;
        c.bind(function);
        c.buffer.mov_imm(T1, c.at as u64);
        c.buffer.transfer_word(T1, Run::TRAP_AT);
        Self::call_local(c, indirect)?;
        c.bind(done);
        Ok(())
    }

    fn dispatch(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        c.address(T1, to)?;
        c.buffer.cmp(true, ADDRESS, T1);
        c.branch_if(B_COND | cc::EQ, to)
    }

    fn no_function(c: &mut Compiler<'_, '_, Self>) -> Result<(), Error> {
        c.end_with(Trap::NoFunction)
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

    fn end_with(&mut self, trap: Trap) -> Result<(), Error> {
        self.buffer.mov_imm(T1, trap as u64);
        self.buffer.transfer_word(T1, Run::TRAP);
        self.branch(B, self.leave)
    }

    /// The address of code, at any distance.
    fn address(&mut self, d: Register, to: Label) -> Result<(), Error> {
        let at = self.buffer.len();
        self.buffer.word(0x1000_0000 | u32::from(d));
        self.buffer.word(MOVZ | u32::from(T2));
        self.buffer.word(MOVK | 1 << 21 | u32::from(T2));
        // add d, d, t2, sxtw
        self.buffer.op3(0x8b20_c000, true, d, d, T2);
        self.refer(Hole::Address, at, to)
    }

    /// Calls the helper at the address in t1.
    fn call_c(&mut self) -> Result<(), Error> {
        if self.checked() {
            self.fail_if(CBZ | u32::from(T1), FailureKind::Trap(Trap::NoFunction))?;
        }
        let b = &mut self.buffer;
        if self.options.fuel {
            b.store(FUEL, RUN, Run::FUEL);
        }
        b.mov(true, KEPT_LR, LR);
        // The sixth argument; r1 to r5 are where the others have to be.
        b.mov(true, 5, RUN);
        b.op2(BLR, 0, T1);
        b.mov(true, register(0), 0);
        b.mov(true, LR, KEPT_LR);
        if self.options.fuel {
            b.load(FUEL, RUN, Run::FUEL);
        }
        if self.checked() {
            self.buffer.transfer(2, 1, T1, Place { base: RUN, off: Run::TRAP });
            self.fail_if(sized(CBNZ, false) | u32::from(T1), FailureKind::Trap(Trap::Helper))?;
        }
        Ok(())
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

    /// Stores 32 bits into the run.
    fn transfer_word(&mut self, t: Register, off: i32) {
        self.transfer(2, 0, t, Place { base: RUN, off });
    }
}
