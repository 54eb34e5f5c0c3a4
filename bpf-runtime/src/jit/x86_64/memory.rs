//! Loads, stores and atomics (RFC 9669, section 5), and the check of what they touch.
use super::{
    Compiler, FailureKind, RUN,
    encode::{Place, R10, R11, RAX, RCX, RSP, Register, cc, op, op32},
    register,
};
use crate::{
    isa::{Atomic, FP, FRAME_BYTES, Operand, Size},
    jit::{Error, Region, Run, Trap, buffer::Buffer},
};

/// Whether an access lies in the own frame, whatever the program does: r10 can't be written.
fn in_frame(base: u8, off: i16, size: Size) -> bool {
    let off = i64::from(off);
    base == FP && off >= -(FRAME_BYTES as i64) && off + size.bytes() as i64 <= 0
}

impl Compiler<'_, '_> {
    /// Checks an access, if need be: r11 is its address, r10 its offset in the first region.
    pub(super) fn access(
        &mut self,
        size: Size,
        write: bool,
        base: u8,
        off: i16,
        at: usize,
    ) -> Result<(), Error> {
        if !self.checked() || in_frame(base, off, size) {
            return Ok(());
        }
        self.buffer.lea(R11, register(base), off.into());
        self.buffer.mov(true, R10, R11);
        self.buffer.insn(op(0x2b, true), R10, Place::Mem(RUN, Region::BASE));
        self.buffer.insn(op(0x3b, true), R10, Place::Mem(RUN, Region::limit(size, write)));
        self.fail_if(cc::AE, at, FailureKind::Search(4 * usize::from(write) + size as usize))
    }

    /// Checks that an atomic access is aligned.
    pub(super) fn aligned(&mut self, size: Size, base: u8, off: i16, at: usize) -> Result<(), Error> {
        if !self.checked() {
            return Ok(());
        }
        self.buffer.lea(R11, register(base), off.into());
        self.buffer.insn(op32(0xf6).bytes(), 0, Place::Reg(R11));
        self.buffer.byte(size.bytes() as u8 - 1);
        self.fail_if(cc::NE, at, FailureKind::Trap(Trap::Misaligned))
    }

    /// The routine that looks for the address in r11 in the regions but the first: found if it leaves the carry set.
    pub(super) fn search(&mut self, number: usize) -> usize {
        let size = [Size::B, Size::H, Size::W, Size::D][number & 3];
        let (start, b) = (self.buffer.len(), &mut self.buffer);
        b.push(RAX);
        b.push(RCX);
        b.load(RCX, RUN, Run::REGION_COUNT);
        b.load(RAX, RUN, Run::REGIONS);
        b.insn(op(0x85, true), RCX, Place::Reg(RCX));
        let none = b.jcc_short(cc::E);
        let next = b.len();
        b.mov(true, R10, R11);
        b.insn(op(0x2b, true), R10, Place::Mem(RAX, Region::BASE));
        b.insn(op(0x3b, true), R10, Place::Mem(RAX, Region::limit(size, number >= 4)));
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
        start
    }
}

impl Buffer<'_> {
    pub(super) fn memory_load(&mut self, size: Size, signed: bool, to: Register, place: Place) {
        let form = match (size, signed) {
            (Size::B, false) => op32(0x1b6),
            (Size::H, false) => op32(0x1b7),
            (Size::W, false) => op32(0x8b),
            (Size::B, true) => op(0x1be, true),
            (Size::H, true) => op(0x1bf, true),
            (Size::W, true) => op(0x63, true),
            (Size::D, _) => op(0x8b, true),
        };
        self.insn(form, to, place);
    }

    pub(super) fn memory_store(&mut self, size: Size, src: Operand, place: Place) {
        let opcode = if matches!(src, Operand::Reg(_)) { 0x89 } else { 0xc7 };
        let form = match size {
            Size::B => op32(opcode - 1).bytes(),
            Size::H => op32(opcode).words(),
            Size::W => op32(opcode),
            Size::D => op(opcode, true),
        };
        match src {
            Operand::Reg(src) => self.insn(form, register(src), place),
            Operand::Imm(imm) => {
                self.insn(form, 0, place);
                self.bytes(&imm.to_le_bytes()[..size.bytes().min(4)]);
            }
        }
    }

    pub(super) fn atomic(&mut self, atomic: Atomic, size: Size, src: Register, (base, off): (Register, i32)) {
        let (wide, place) = (size == Size::D, Place::Mem(base, off));
        match atomic {
            Atomic::Add { fetch: false } => self.insn(op(0x01, wide).lock(), src, place),
            Atomic::Or { fetch: false } => self.insn(op(0x09, wide).lock(), src, place),
            Atomic::And { fetch: false } => self.insn(op(0x21, wide).lock(), src, place),
            Atomic::Xor { fetch: false } => self.insn(op(0x31, wide).lock(), src, place),
            Atomic::Add { fetch: true } => self.insn(op(0x1c1, wide).lock(), src, place),
            Atomic::Or { fetch: true } => self.fetch(op(0x0b, wide), wide, src, place),
            Atomic::And { fetch: true } => self.fetch(op(0x23, wide), wide, src, place),
            Atomic::Xor { fetch: true } => self.fetch(op(0x33, wide), wide, src, place),
            Atomic::Xchg => self.insn(op(0x87, wide), src, place),
            Atomic::CmpXchg => {
                self.insn(op(0x1b1, wide).lock(), src, place);
                if !wide {
                    // eax is not written, so its upper half not cleared, if the comparison holds.
                    self.mov(false, RAX, RAX);
                }
            }
        }
    }

    /// Operations that the processor has only without result: in a loop around cmpxchg, which wants the old value in
    /// rax. The address goes to r11, r10 takes the new value.
    fn fetch(&mut self, operation: super::encode::Form, wide: bool, src: Register, place: Place) {
        self.insn(op(0x8d, true), R11, place);
        if src != RAX {
            self.push(RAX);
        }
        self.push(src);
        self.insn(op(0x8b, wide), RAX, Place::Mem(R11, 0));
        let again = self.len();
        self.mov(wide, R10, RAX);
        self.insn(operation, R10, Place::Mem(RSP, 0));
        self.insn(op(0x1b1, wide).lock(), R10, Place::Mem(R11, 0));
        self.jcc_back(cc::NE, again);
        // Drops src without touching rax.
        self.pop(R10);
        if src != RAX {
            self.mov(true, src, RAX);
            self.pop(RAX);
        }
    }
}
