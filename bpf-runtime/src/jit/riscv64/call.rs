//! Calls (RFC 9669, section 4.3.1).
use super::{
    A0, A5, ADDRESS, FUEL, KEPT_RA, RA, RUN, Riscv64, T1, T2, ZERO,
    encode::{ADD, ADDI, BEQ, BGEU, BNE, JALR, SLLI},
    register,
};
use crate::{
    isa::{FP, FRAME_BYTES},
    jit::{
        Error, Run, Trap,
        compiler::{Compiler, FailureKind},
        labels::Label,
        machine::{Calls, Control, Place},
    },
};

impl Calls for Riscv64 {
    fn call_helper(c: &mut Compiler<'_, '_, Self>, number: u32, entry: i32) -> Result<(), Error> {
        if c.checked() {
            c.buffer.load(T1, RUN, Run::HELPER_COUNT);
            c.buffer.mov_imm(T2, number.into());
            c.fail_if(BGEU, T2, T1, FailureKind::Trap(Trap::NoFunction))?;
        }
        c.buffer.load(T1, RUN, Run::HELPERS);
        c.buffer.load(T1, T1, entry);
        c.call_c()
    }

    fn call_local(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        if c.checked() {
            c.buffer.load(T1, RUN, Run::LAST_FP);
            c.fail_if(BGEU, register(FP), T1, FailureKind::Trap(Trap::CallDepth))?;
        }
        let kept = c.kept().map(register).chain([RA]);
        c.buffer.push(kept.clone());
        c.buffer.add_imm(register(FP), register(FP), FRAME_BYTES as i32);
        c.jump(RA, to)?;
        c.buffer.add_imm(register(FP), register(FP), -(FRAME_BYTES as i32));
        c.buffer.pop(kept);
        Ok(())
    }

    fn call_register(c: &mut Compiler<'_, '_, Self>, dst: u8) -> Result<(), Error> {
        let (function, done, indirect) = (c.label()?, c.label()?, c.indirect_routine()?);
        c.buffer.mov(ADDRESS, register(dst));
        c.buffer.load(T1, RUN, Run::HELPER_COUNT);
        c.branch_if(BGEU, ADDRESS, T1, function)?;
        c.buffer.load(T1, RUN, Run::HELPERS);
        c.buffer.op_imm(SLLI, T2, ADDRESS, 3);
        c.buffer.op3(ADD, T1, T1, T2);
        c.buffer.load(T1, T1, 0);
        c.call_c()?;
        c.jump(ZERO, done)?;
        c.bind(function);
        Self::keep_slot(c);
        Self::call_local(c, indirect)?;
        c.bind(done);
        Ok(())
    }

    fn dispatch(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        c.address(ADDI, T1, T1, to)?;
        c.branch_if(BEQ, ADDRESS, T1, to)
    }
}

impl Compiler<'_, '_, Riscv64> {
    /// Calls the helper at the address in t1.
    fn call_c(&mut self) -> Result<(), Error> {
        if self.checked() {
            self.fail_if(BEQ, T1, ZERO, FailureKind::Trap(Trap::NoFunction))?;
        }
        let b = &mut self.buffer;
        if self.options.fuel {
            b.store(FUEL, RUN, Run::FUEL);
        }
        b.mov(KEPT_RA, RA);
        // The sixth argument; r1 to r5 are where the others have to be.
        b.mov(A5, RUN);
        b.op_imm(JALR, RA, T1, 0);
        b.mov(register(0), A0);
        b.mov(RA, KEPT_RA);
        if self.options.fuel {
            b.load(FUEL, RUN, Run::FUEL);
        }
        if self.checked() {
            self.buffer.load_sized(2, false, T1, Place { base: RUN, off: Run::TRAP });
            self.fail_if(BNE, T1, ZERO, FailureKind::Trap(Trap::Helper))?;
        }
        Ok(())
    }
}
