//! Calls (RFC 9669, section 4.3.1).
use super::{
    ADDRESS, Aarch64, FUEL, KEPT_LR, LR, RUN, T1, T2, ZERO,
    encode::{B, B_COND, BL, BLR, CBNZ, CBZ, cc, sized},
    register,
};
use crate::{
    isa::{FP, FRAME_BYTES},
    jit::{
        Error, Run, Trap,
        compiler::{Compiler, FailureKind},
        labels::Label,
        machine::{Calls, Control, Place, Register},
    },
};

impl Calls for Aarch64 {
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
        Self::keep_slot(c);
        Self::call_local(c, indirect)?;
        c.bind(done);
        Ok(())
    }

    fn dispatch(c: &mut Compiler<'_, '_, Self>, to: Label) -> Result<(), Error> {
        c.address(T1, to)?;
        c.buffer.cmp(true, ADDRESS, T1);
        c.branch_if(B_COND | cc::EQ, to)
    }
}

impl Compiler<'_, '_, Aarch64> {
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
