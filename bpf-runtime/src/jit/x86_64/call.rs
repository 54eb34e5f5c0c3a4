//! Calls (RFC 9669, section 4.3.1).
use super::{
    FUEL, REGISTERS, RUN, X86_64,
    encode::{R10, R11, RBP, Rm, cc, op, op32},
    register,
};
use crate::{
    isa::{FP, FRAME_BYTES},
    jit::{
        Error, Run, Trap,
        compiler::{Compiler, FailureKind},
        labels::Label,
        machine::{Calls, Control, Register},
    },
};

impl Calls for X86_64 {
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
        Self::keep_slot(c);
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
}

impl Compiler<'_, '_, X86_64> {
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

// The mapping is part of the helpers' interface: arguments and result are where C has them.
const _: () = {
    let [r0, r1, r2, r3, r4, r5, ..] = REGISTERS;
    assert!(r0 == 0 && r1 == 7 && r2 == 6 && r3 == 2 && r4 == 1 && r5 == 8);
};
