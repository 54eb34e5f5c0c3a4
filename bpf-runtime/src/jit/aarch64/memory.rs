//! Loads, stores and atomics (RFC 9669, section 5), and the check of what they touch.
use super::{
    ADDRESS, Aarch64, KEPT_LR, LR, RUN, T1, T2, T3, T4, ZERO,
    encode::{ADD, AND, ANDS, B, B_COND, BL, CBNZ, CBZ, EOR, LDAXR, ORR, RET, STLXR, SUB, cc, sized},
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

impl Memory for Aarch64 {
    fn place(_: &mut Buffer<'_, Self>, _: Size, base: u8, off: i16) -> Place {
        Place { base: register(base), off: off.into() }
    }

    fn checked_place(c: &mut Compiler<'_, '_, Self>, access: Access) -> Result<Place, Error> {
        let Access { size, write, base, off } = access;
        c.buffer.add_off(ADDRESS, register(base), off.into());
        c.buffer.compare_with_region(RUN, size, write);
        let resume = c.label()?;
        c.fail_if(B_COND | cc::HS, FailureKind::Search { size, write, resume })?;
        c.bind(resume);
        Ok(Place { base: ADDRESS, off: 0 })
    }

    fn check_alignment(c: &mut Compiler<'_, '_, Self>, size: Size, base: u8, off: i16) -> Result<(), Error> {
        c.buffer.add_off(ADDRESS, register(base), off.into());
        c.buffer.logical_imm(ANDS, true, ZERO, ADDRESS, size.bytes() as u64 - 1);
        c.fail_if(B_COND | cc::NE, FailureKind::Trap(Trap::Misaligned))
    }

    /// Found if it leaves the flags at "lower".
    fn search(b: &mut Buffer<'_, Self>, size: Size, write: bool) {
        b.load(T3, RUN, Run::REGION_COUNT);
        b.load(T4, RUN, Run::REGIONS);
        let next = b.len();
        let none = b.len();
        b.branch_by(CBZ | u32::from(T3), 0);
        b.compare_with_region(T4, size, write);
        let found = b.len();
        b.branch_by(B_COND | cc::LO, 0);
        b.add_off(T4, T4, Region::BYTES);
        b.add_off(T3, T3, -1);
        b.word(B | ((next as i64 - b.len() as i64) >> 2) as u32 & 0x03ff_ffff);
        b.bind_branch(none);
        b.cmp(true, ZERO, ZERO);
        b.bind_branch(found);
        b.op2(RET, 0, 0);
    }

    fn search_or_trap(c: &mut Compiler<'_, '_, Self>, routine: Label, resume: Label) -> Result<(), Error> {
        c.buffer.mov(true, KEPT_LR, LR);
        c.branch(BL, routine)?;
        c.buffer.mov(true, LR, KEPT_LR);
        c.branch_if(B_COND | cc::LO, resume)?;
        c.buffer.store(ADDRESS, RUN, Run::TRAP_ADDRESS);
        c.trap(Trap::Access)
    }

    fn load(b: &mut Buffer<'_, Self>, size: Size, signed: bool, dst: u8, place: Place) {
        b.transfer(size as u32, if signed { 2 } else { 1 }, register(dst), place);
    }

    fn store(b: &mut Buffer<'_, Self>, size: Size, src: Operand, place: Place) {
        let src = match src {
            Operand::Reg(src) => register(src),
            Operand::Imm(0) => ZERO,
            Operand::Imm(imm) => {
                b.mov_imm(T1, super::alu::extended(size == Size::D, imm));
                T1
            }
        };
        b.transfer(size as u32, 0, src, place);
    }

    /// Pairs of an exclusive load and store, until there was nothing in between; in order with all other accesses.
    fn atomic(b: &mut Buffer<'_, Self>, atomic: Atomic, size: Size, src: u8, place: Place) {
        let (wide, src) = (size == Size::D, register(src));
        let exclusive = |word: u32| if wide { word } else { word & !(1 << 30) };
        let at = if place.off == 0 { place.base } else { ADDRESS };
        if place.off != 0 {
            b.add_off(ADDRESS, place.base, place.off);
        }
        let (again, old) = (b.len(), T1);
        b.op2(exclusive(LDAXR), old, at);
        let (word, result) = match atomic {
            Atomic::Add { fetch } => (Some(ADD), fetch.then_some(src)),
            Atomic::Or { fetch } => (Some(ORR), fetch.then_some(src)),
            Atomic::And { fetch } => (Some(AND), fetch.then_some(src)),
            Atomic::Xor { fetch } => (Some(EOR), fetch.then_some(src)),
            Atomic::Xchg => (None, Some(src)),
            Atomic::CmpXchg => (None, Some(register(0))),
        };
        if let Some(word) = word {
            b.op3(word, wide, T2, old, src);
        }
        let other = (atomic == Atomic::CmpXchg).then(|| {
            b.cmp(wide, old, register(0));
            let other = b.len();
            b.branch_by(B_COND | cc::NE, 0);
            other
        });
        let new = if word.is_some() { T2 } else { src };
        b.op2(exclusive(STLXR) | u32::from(T3) << 16, new, at);
        let words = (again as i64 - b.len() as i64) / 4;
        b.branch_by(sized(CBNZ, false) | u32::from(T3), words as i32);
        if let Some(other) = other {
            b.bind_branch(other);
        }
        if let Some(result) = result {
            b.mov(wide, result, old);
        }
    }
}

impl Buffer<'_, Aarch64> {
    /// Sets the flags to "lower" if the access at the address lies in the region that `region` points to.
    fn compare_with_region(&mut self, region: Register, size: Size, write: bool) {
        self.load(T1, region, Region::BASE);
        self.load(T2, region, Region::limit(size, write));
        self.op3(SUB, true, T1, ADDRESS, T1);
        self.cmp(true, T1, T2);
    }

    /// Has the branch at `at` go to what follows.
    fn bind_branch(&mut self, at: usize) {
        self.set_bits(at, ((self.len() - at) as u32 >> 2) << 5);
    }
}
