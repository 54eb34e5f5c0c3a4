//! Code for 64-bit Arm. r1 to r5 are where the calling convention (AAPCS64) has a function's arguments, r0 is not where
//! it has the result, which is that of the first argument; r6 to r10 are registers that it has functions keep. As in
//! Linux (`arch/arm64/net/bpf_jit_comp.c`), but for the frame pointer.
mod alu;
mod call;
mod control;
mod encode;
mod memory;
#[cfg(test)]
mod tests;

use super::{
    buffer::Buffer,
    machine::{Distances, Register},
};

/// The machine.
pub(super) enum Aarch64 {}

const REGISTERS: [Register; 11] = [7, 0, 1, 2, 3, 4, 19, 20, 21, 22, 23];
const RUN: Register = 24;
const FUEL: Register = 25;
/// Keeps the return address while a helper or a routine runs.
const KEPT_LR: Register = 26;
/// For what an instruction needs in between; the first one holds addresses.
const ADDRESS: Register = 16;
const T1: Register = 17;
const T2: Register = 9;
const T3: Register = 10;
const T4: Register = 11;
const LR: Register = 30;
/// In most instructions, 31 is the register that is always zero; where it is the stack pointer, that is said.
const ZERO: Register = 31;
const SP: Register = 31;

/// The machine's register for one of the program's, which is 0 to 10.
const fn register(number: u8) -> Register {
    REGISTERS[number as usize]
}

/// What holds a distance (Arm ARM, DDI 0487, C4.1).
#[derive(Clone, Copy)]
pub(super) enum Hole {
    /// `b` and `bl`: 26 bits, in words.
    Branch,
    /// `b.cond`, `cbz` and `cbnz`: 19 bits, in words.
    Conditional,
    /// `adr` of itself, then `movz` and `movk` of the distance.
    Address,
}

/// Bytes that `b` and `b.cond` reach.
const BRANCH_REACH: usize = 1 << 27;
const CONDITIONAL_REACH: usize = 1 << 20;

impl Distances for Aarch64 {
    type Hole = Hole;

    fn fill(buffer: &mut Buffer<'_, Self>, hole: Hole, at: usize, to: usize) -> bool {
        let distance = to as i64 - at as i64;
        let fits = |reach: usize| (-(reach as i64)..reach as i64).contains(&distance);
        let words = (distance >> 2) as u32;
        match hole {
            Hole::Branch => {
                buffer.set_bits(at, words & 0x03ff_ffff);
                fits(BRANCH_REACH)
            }
            Hole::Conditional => {
                buffer.set_bits(at, (words & 0x7_ffff) << 5);
                fits(CONDITIONAL_REACH)
            }
            Hole::Address => {
                buffer.set_bits(at + 4, (distance as u32 & 0xffff) << 5);
                buffer.set_bits(at + 8, (distance as u32 >> 16) << 5);
                i32::try_from(distance).is_ok()
            }
        }
    }
}
