//! Loads, stores and atomics (RFC 9669, section 5), and the check of what they touch.
use super::{
    ADDRESS, LINK, RUN, Riscv64, T1, T2, T3, T4, ZERO,
    encode::{
        ADDI, AMOADD, AMOAND, AMOOR, AMOSWAP, AMOXOR, ANDI, BEQ, BGEU, BLTU, BNE, JALR, LR, SC, SUB,
        branch_bits,
    },
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

impl Memory for Riscv64 {
    fn place(_: &mut Buffer<'_, Self>, _: Size, base: u8, off: i16) -> Place {
        Place { base: register(base), off: off.into() }
    }

    fn checked_place(c: &mut Compiler<'_, '_, Self>, access: Access) -> Result<Place, Error> {
        let Access { size, write, base, off } = access;
        c.buffer.add_imm(ADDRESS, register(base), off.into());
        c.buffer.offset_and_limit(RUN, size, write);
        let resume = c.label()?;
        c.fail_if(BGEU, T1, T2, FailureKind::Search { size, write, resume })?;
        c.bind(resume);
        Ok(Place { base: ADDRESS, off: 0 })
    }

    fn check_alignment(c: &mut Compiler<'_, '_, Self>, size: Size, base: u8, off: i16) -> Result<(), Error> {
        c.buffer.add_imm(ADDRESS, register(base), off.into());
        c.buffer.op_imm(ANDI, T1, ADDRESS, size.bytes() as i32 - 1);
        c.fail_if(BNE, T1, ZERO, FailureKind::Trap(Trap::Misaligned))
    }

    /// Found if it leaves t1 below t2.
    fn search(b: &mut Buffer<'_, Self>, size: Size, write: bool) {
        b.load(T3, RUN, Run::REGION_COUNT);
        b.load(T4, RUN, Run::REGIONS);
        let next = b.len();
        // What is left if there is no region (any more).
        b.mov(T1, ZERO);
        b.mov(T2, ZERO);
        let none = b.len();
        b.branch_by(BEQ, T3, ZERO, 0);
        b.offset_and_limit(T4, size, write);
        let found = b.len();
        b.branch_by(BLTU, T1, T2, 0);
        b.op_imm(ADDI, T4, T4, Region::BYTES);
        b.op_imm(ADDI, T3, T3, -1);
        b.branch_by(BEQ, ZERO, ZERO, (next as i64 - b.len() as i64) as i32);
        b.bind_branch(none);
        b.bind_branch(found);
        b.op_imm(JALR, ZERO, LINK, 0);
    }

    fn search_or_trap(c: &mut Compiler<'_, '_, Self>, routine: Label, resume: Label) -> Result<(), Error> {
        c.jump(LINK, routine)?;
        c.branch_if(BLTU, T1, T2, resume)?;
        c.buffer.store(ADDRESS, RUN, Run::TRAP_ADDRESS);
        c.trap(Trap::Access)
    }

    fn load(b: &mut Buffer<'_, Self>, size: Size, signed: bool, dst: u8, place: Place) {
        b.load_sized(size as u32, signed, register(dst), place);
    }

    fn store(b: &mut Buffer<'_, Self>, size: Size, src: Operand, place: Place) {
        let src = match src {
            Operand::Reg(src) => register(src),
            Operand::Imm(0) => ZERO,
            Operand::Imm(imm) => {
                b.mov_imm(T1, imm.into());
                T1
            }
        };
        b.store_sized(size as u32, src, place);
    }

    fn atomic(b: &mut Buffer<'_, Self>, atomic: Atomic, size: Size, src: u8, place: Place) {
        let src = register(src);
        let at = if place.off == 0 { place.base } else { ADDRESS };
        if place.off != 0 {
            b.add_imm(ADDRESS, place.base, place.off);
        }
        let (word, fetch) = match atomic {
            Atomic::Add { fetch } => (AMOADD, fetch),
            Atomic::Or { fetch } => (AMOOR, fetch),
            Atomic::And { fetch } => (AMOAND, fetch),
            Atomic::Xor { fetch } => (AMOXOR, fetch),
            Atomic::Xchg => (AMOSWAP, true),
            Atomic::CmpXchg => return b.compare_and_exchange(size, src, at),
        };
        let result = if fetch { src } else { ZERO };
        b.op3(sized(word, size), result, at, src);
        if fetch && size == Size::W {
            b.zero_extend(src, src, 32);
        }
    }
}

/// The form of an atomic for 4 or 8 bytes.
const fn sized(word: u32, size: Size) -> u32 {
    if matches!(size, Size::W) { word & !0x1000 } else { word }
}

impl Buffer<'_, Riscv64> {
    /// With what r0 holds; r0 takes the old value.
    fn compare_and_exchange(&mut self, size: Size, src: Register, at: Register) {
        let r0 = register(0);
        let expected = if size == Size::W { T3 } else { r0 };
        if size == Size::W {
            // As the load extends the value.
            self.sign_extend(T3, r0);
        }
        self.op3(sized(LR, size), T1, at, ZERO);
        self.branch_by(BNE, T1, expected, 12);
        self.op3(sized(SC, size), T2, at, src);
        self.branch_by(BNE, T2, ZERO, -12);
        if size == Size::W {
            self.zero_extend(r0, T1, 32);
        } else {
            self.mov(r0, T1);
        }
    }

    /// Of the access at the address, in the region that `region` points to: into t1 and t2.
    fn offset_and_limit(&mut self, region: Register, size: Size, write: bool) {
        self.load(T1, region, Region::BASE);
        self.load(T2, region, Region::limit(size, write));
        self.op3(SUB, T1, ADDRESS, T1);
    }

    /// Has the branch at `at` go to what follows.
    fn bind_branch(&mut self, at: usize) {
        self.set_bits(at, branch_bits((self.len() - at) as u32));
    }
}
