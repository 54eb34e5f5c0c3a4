//! Jumps, calls, begin and end (RFC 9669, section 4.3).
use super::{
    Compiler, FUEL, FailureKind, REGISTERS, RUN,
    encode::{Place, R10, R11, R12, R13, R14, R15, RBP, RBX, RSP, Register, cc, op, op32},
    register,
};
use crate::{
    isa::{FP, FRAME_BYTES, Operand, Test, Width},
    jit::{Checks, Error, Run, Trap, layout::push},
};

/// What a C function keeps. With its return address and that of the program they take 64 bytes: in the program, the
/// native stack is aligned to 16 bytes, as C functions want it.
const CALLEE_SAVED: [Register; 6] = [RBX, RBP, R12, R13, R14, R15];

impl Compiler<'_, '_> {
    /// The C function: it calls the program, which is a function like its own ones.
    pub(super) fn enter(&mut self) {
        let b = &mut self.buffer;
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
        if self.options.fuel {
            b.load(FUEL, RUN, Run::FUEL);
        }
        b.byte(0xe8);
        b.imm32(0);
        let call = b.len();
        if self.options.fuel {
            b.store(RUN, Run::FUEL, FUEL);
        }
        let end = b.len();
        for register in CALLEE_SAVED.into_iter().rev() {
            b.pop(register);
        }
        b.ret();
        self.leave = b.len();
        b.load(RSP, RUN, Run::NATIVE_STACK);
        b.byte(0xe9);
        self.distance_back(end);
        self.patch(call, self.buffer.len());
    }

    /// Compares; the condition under which the jump is taken.
    pub(super) fn compare(&mut self, test: Test, width: Width, dst: Register, src: Operand) -> u8 {
        let (b, wide) = (&mut self.buffer, width == Width::W64);
        match (test, src) {
            (Test::Set, Operand::Reg(src)) => b.insn(op(0x85, wide), register(src), Place::Reg(dst)),
            (Test::Set, Operand::Imm(imm)) => {
                b.insn(op(0xf7, wide), 0, Place::Reg(dst));
                b.imm32(imm);
            }
            (_, Operand::Reg(src)) => b.insn(op(0x39, wide), register(src), Place::Reg(dst)),
            (_, Operand::Imm(imm)) => b.arith_imm(7, wide, dst, imm),
        }
        match test {
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
        }
    }

    /// How far back slot `to` is from behind a jump of two bytes, if that fits it.
    fn short(&self, to: usize, at: usize) -> Option<i8> {
        let to = self.offsets[..=at].get(to)?;
        i8::try_from(*to as i64 - (self.buffer.len() as i64 + 2)).ok()
    }

    pub(super) fn goto(&mut self, to: usize, at: usize) -> Result<(), Error> {
        if let Some(distance) = self.short(to, at) {
            self.buffer.bytes(&[0xeb, distance as u8]);
            return Ok(());
        }
        self.buffer.byte(0xe9);
        self.distance_to(to, at)
    }

    pub(super) fn goto_if(&mut self, condition: u8, to: usize, at: usize) -> Result<(), Error> {
        if let Some(distance) = self.short(to, at) {
            self.buffer.bytes(&[0x70 | condition, distance as u8]);
            return Ok(());
        }
        self.buffer.bytes(&[0x0f, 0x80 | condition]);
        self.distance_to(to, at)
    }

    /// `lea register, [rip + distance]`; the distance is to follow.
    pub(super) fn code_address(&mut self, register: Register) {
        // REX.W and REX.R; ModRM without base: relative to the next instruction.
        self.buffer.bytes(&[0x48 | register >> 3 << 2, 0x8d, 0x05 | (register & 7) << 3]);
    }

    pub(super) fn call_helper(&mut self, number: u32, at: usize) -> Result<(), Error> {
        let Ok(entry) = i32::try_from(u64::from(number) * 8) else {
            self.trap(Trap::NoFunction, at);
            return Ok(());
        };
        if self.checked() {
            self.buffer.insn(op(0x81, true), 7, Place::Mem(RUN, Run::HELPER_COUNT));
            self.buffer.imm32(number as i32);
            self.fail_if(cc::BE, at, FailureKind::Trap(Trap::NoFunction))?;
        }
        self.buffer.load(R10, RUN, Run::HELPERS);
        self.buffer.load(R10, R10, entry);
        self.call_c(at)
    }

    /// Calls the helper at the address in r10.
    fn call_c(&mut self, at: usize) -> Result<(), Error> {
        if self.checked() {
            self.buffer.insn(op(0x85, true), R10, Place::Reg(R10));
            self.fail_if(cc::E, at, FailureKind::Trap(Trap::NoFunction))?;
        }
        let (b, checked) = (&mut self.buffer, self.options.checks == Checks::All);
        if self.options.fuel {
            b.store(RUN, Run::FUEL, FUEL);
        }
        // The sixth argument; r1 to r5 are where the others have to be, and r0 where the result is.
        b.mov(true, FUEL, RUN);
        b.insn(op32(0xff), 2, Place::Reg(R10));
        if self.options.fuel {
            b.load(FUEL, RUN, Run::FUEL);
        }
        if checked {
            b.insn(op32(0x83), 7, Place::Mem(RUN, Run::TRAP));
            b.byte(0);
            self.fail_if(cc::NE, at, FailureKind::Trap(Trap::Helper))?;
        }
        Ok(())
    }

    /// What a call of the program's functions keeps: those of r6 to r9 that functions may write. Their number is odd,
    /// by the frame pointer if need be: with the return address, the native stack stays aligned to 16 bytes.
    fn kept(&self) -> impl DoubleEndedIterator<Item = Register> + use<> {
        let written = self.layout.written;
        let even = (written >> 6 & 0xf).count_ones().is_multiple_of(2);
        (6..=FP).filter(move |&n| if n == FP { even } else { written >> n & 1 != 0 }).map(register)
    }

    /// Keeps what a function may change, and gives it the next frame.
    fn before_call(&mut self, at: usize) -> Result<(), Error> {
        if self.checked() {
            self.buffer.insn(op(0x3b, true), RBP, Place::Mem(RUN, Run::LAST_FP));
            self.fail_if(cc::AE, at, FailureKind::Trap(Trap::CallDepth))?;
        }
        for register in self.kept() {
            self.buffer.push(register);
        }
        self.buffer.arith_imm(0, true, RBP, FRAME_BYTES as i32);
        self.buffer.byte(0xe8);
        Ok(())
    }

    fn after_call(&mut self) {
        if self.kept().all(|register| register != RBP) {
            self.buffer.arith_imm(5, true, RBP, FRAME_BYTES as i32);
        }
        for register in self.kept().rev() {
            self.buffer.pop(register);
        }
    }

    pub(super) fn call_local(&mut self, to: usize, at: usize) -> Result<(), Error> {
        self.before_call(at)?;
        self.distance_to(to, at)?;
        self.after_call();
        Ok(())
    }

    /// A number of a helper, or a code address: which one, a routine finds out.
    pub(super) fn call_register(&mut self, target: Register, at: usize) -> Result<(), Error> {
        self.buffer.mov(true, R10, target);
        self.buffer.insn(op(0x3b, true), R10, Place::Mem(RUN, Run::HELPER_COUNT));
        self.buffer.bytes(&[0x0f, 0x80 | cc::AE, 0, 0, 0, 0]);
        let function = self.buffer.len();
        self.buffer.load(R11, RUN, Run::HELPERS);
        // mov r10, [r11 + 8 * r10]
        self.buffer.bytes(&[0x4f, 0x8b, 0x14, 0xd3]);
        self.call_c(at)?;
        self.buffer.byte(0xe9);
        self.buffer.imm32(0);
        let done = self.buffer.len();
        self.patch(function, self.buffer.len());
        self.buffer.store_imm32(RUN, Run::TRAP_AT, at as i32);
        self.before_call(at)?;
        self.buffer.imm32(0);
        push(&mut self.indirect, self.buffer.len())?;
        self.after_call();
        self.patch(done, self.buffer.len());
        Ok(())
    }

    /// The routine that goes to the code address in r10, if it is one that the program has taken.
    pub(super) fn indirect(&mut self) {
        let start = self.buffer.len();
        let calls = core::mem::take(&mut self.indirect);
        if calls.is_empty() {
            return;
        }
        for from in calls {
            self.patch(from, start);
        }
        for slot in 0..self.layout.ops.len() {
            if self.layout.is_entry(slot) {
                self.code_address(R11);
                self.distance_back(self.offsets[slot]);
                self.buffer.insn(op(0x39, true), R11, Place::Reg(R10));
                let other = self.buffer.jcc_short(cc::NE);
                // jmp r10
                self.buffer.insn(op32(0xff), 4, Place::Reg(R10));
                self.buffer.bind_short(other);
            }
        }
        self.buffer.store_imm32(RUN, Run::TRAP, Trap::NoFunction as i32);
        self.buffer.byte(0xe9);
        self.distance_back(self.leave);
    }
}

// The mapping is part of the helpers' interface: arguments and result are where C has them.
const _: () = {
    let [r0, r1, r2, r3, r4, r5, ..] = REGISTERS;
    assert!(r0 == 0 && r1 == 7 && r2 == 6 && r3 == 2 && r4 == 1 && r5 == 8);
};
