//! Loads, stores and atomics (RFC 9669, section 5), and the check of what they touch.
use super::{
    RUN, X86_64,
    encode::{Form, R10, R11, RAX, RCX, RSP, Rm, cc, op, op32},
    register,
};
use crate::{
    isa::{Atomic, Operand, Size},
    jit::{
        Error, Region, Run, Trap,
        buffer::Buffer,
        compiler::{Access, Compiler, FailureKind},
        labels::Label,
        machine::{Memory, Place, Register},
    },
};

impl Memory for X86_64 {
    fn place(_: &mut Buffer<'_, Self>, _: Size, base: u8, off: i16) -> Place {
        Place { base: register(base), off: off.into() }
    }

    /// r11 is the address, r10 its offset in the first region.
    fn checked_place(c: &mut Compiler<'_, '_, Self>, access: Access) -> Result<Place, Error> {
        let Access { size, write, base, off } = access;
        c.buffer.lea(R11, register(base), off.into());
        c.buffer.mov(true, R10, R11);
        c.buffer.insn(op(0x2b, true), R10, Rm::Mem(RUN, Region::BASE));
        c.buffer.insn(op(0x3b, true), R10, Rm::Mem(RUN, Region::limit(size, write)));
        let resume = c.label()?;
        c.fail_if(cc::AE, FailureKind::Search { size, write, resume })?;
        c.bind(resume);
        Ok(Self::place(&mut c.buffer, size, base, off))
    }

    fn check_alignment(c: &mut Compiler<'_, '_, Self>, size: Size, base: u8, off: i16) -> Result<(), Error> {
        c.buffer.lea(R11, register(base), off.into());
        c.buffer.insn(op32(0xf6).bytes(), 0, Rm::Reg(R11));
        c.buffer.byte(size.bytes() as u8 - 1);
        c.fail_if(cc::NE, FailureKind::Trap(Trap::Misaligned))
    }

    /// The address is in r11: found if it leaves the carry set.
    fn search(b: &mut Buffer<'_, Self>, size: Size, write: bool) {
        b.push(RAX);
        b.push(RCX);
        b.load(RCX, RUN, Run::REGION_COUNT);
        b.load(RAX, RUN, Run::REGIONS);
        b.insn(op(0x85, true), RCX, Rm::Reg(RCX));
        let none = b.jcc_short(cc::E);
        let next = b.len();
        b.mov(true, R10, R11);
        b.insn(op(0x2b, true), R10, Rm::Mem(RAX, Region::BASE));
        b.insn(op(0x3b, true), R10, Rm::Mem(RAX, Region::limit(size, write)));
        let found = b.jcc_short(cc::B);
        b.arith_imm(0, true, RAX, Region::BYTES);
        b.arith_imm(5, true, RCX, 1);
        b.jcc_back(cc::NE, next);
        b.bind_short(none);
        // clc
        b.byte(0xf8);
        b.bind_short(found);
        b.pop(RCX);
        b.pop(RAX);
        b.ret();
    }

    fn search_or_trap(c: &mut Compiler<'_, '_, Self>, routine: Label, resume: Label) -> Result<(), Error> {
        c.call(routine)?;
        c.jcc(cc::B, resume)?;
        c.buffer.store(RUN, Run::TRAP_ADDRESS, R11);
        c.trap(Trap::Access)
    }

    fn load(b: &mut Buffer<'_, Self>, size: Size, signed: bool, dst: u8, place: Place) {
        let form = match (size, signed) {
            (Size::B, false) => op32(0x1b6),
            (Size::H, false) => op32(0x1b7),
            (Size::W, false) => op32(0x8b),
            (Size::B, true) => op(0x1be, true),
            (Size::H, true) => op(0x1bf, true),
            (Size::W, true) => op(0x63, true),
            (Size::D, _) => op(0x8b, true),
        };
        b.insn(form, register(dst), place.into());
    }

    fn store(b: &mut Buffer<'_, Self>, size: Size, src: Operand, place: Place) {
        let opcode = if matches!(src, Operand::Reg(_)) { 0x89 } else { 0xc7 };
        let form = match size {
            Size::B => op32(opcode - 1).bytes(),
            Size::H => op32(opcode).words(),
            Size::W => op32(opcode),
            Size::D => op(opcode, true),
        };
        match src {
            Operand::Reg(src) => b.insn(form, register(src), place.into()),
            Operand::Imm(imm) => {
                b.insn(form, 0, place.into());
                b.bytes(&imm.to_le_bytes()[..size.bytes().min(4)]);
            }
        }
    }

    fn atomic(b: &mut Buffer<'_, Self>, atomic: Atomic, size: Size, src: u8, place: Place) {
        let (wide, src, place) = (size == Size::D, register(src), place.into());
        match atomic {
            Atomic::Add { fetch: false } => b.insn(op(0x01, wide).lock(), src, place),
            Atomic::Or { fetch: false } => b.insn(op(0x09, wide).lock(), src, place),
            Atomic::And { fetch: false } => b.insn(op(0x21, wide).lock(), src, place),
            Atomic::Xor { fetch: false } => b.insn(op(0x31, wide).lock(), src, place),
            Atomic::Add { fetch: true } => b.insn(op(0x1c1, wide).lock(), src, place),
            Atomic::Or { fetch: true } => b.fetch(op(0x0b, wide), wide, src, place),
            Atomic::And { fetch: true } => b.fetch(op(0x23, wide), wide, src, place),
            Atomic::Xor { fetch: true } => b.fetch(op(0x33, wide), wide, src, place),
            Atomic::Xchg => b.insn(op(0x87, wide), src, place),
            Atomic::CmpXchg => {
                b.insn(op(0x1b1, wide).lock(), src, place);
                if !wide {
                    // eax is not written, so its upper half not cleared, if the comparison holds.
                    b.mov(false, RAX, RAX);
                }
            }
        }
    }
}

impl Buffer<'_, X86_64> {
    /// Operations that the processor has only without result: in a loop around cmpxchg, which wants the old value in
    /// rax. The address goes to r11, r10 takes the new value.
    fn fetch(&mut self, operation: Form, wide: bool, src: Register, rm: Rm) {
        self.insn(op(0x8d, true), R11, rm);
        if src != RAX {
            self.push(RAX);
        }
        self.push(src);
        self.insn(op(0x8b, wide), RAX, Rm::Mem(R11, 0));
        let again = self.len();
        self.mov(wide, R10, RAX);
        self.insn(operation, R10, Rm::Mem(RSP, 0));
        self.insn(op(0x1b1, wide).lock(), R10, Rm::Mem(R11, 0));
        self.jcc_back(cc::NE, again);
        // Drops src without touching rax.
        self.pop(R10);
        if src != RAX {
            self.mov(true, src, RAX);
            self.pop(RAX);
        }
    }
}
