//! Code for 64-bit RISC-V with the extensions M and A. r1 to r5 are where the calling convention (LP64) has a function's
//! arguments, r0 is where it has the sixth one, which is only needed when r0 is written by the call; r6 to r10 are
//! registers that it has functions keep. As in Linux (`arch/riscv/net/bpf_jit_comp64.c`).
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
pub(super) enum Riscv64 {}

const REGISTERS: [Register; 11] = [15, 10, 11, 12, 13, 14, 9, 18, 19, 20, 21];
const ZERO: Register = 0;
const RA: Register = 1;
const SP: Register = 2;
const A0: Register = 10;
const A5: Register = 15;
/// s6.
const RUN: Register = 22;
/// s7.
const FUEL: Register = 23;
/// s8, which keeps the return address while a helper runs.
const KEPT_RA: Register = 24;
/// t0, where routines return to: the standard's other link register.
const LINK: Register = 5;
/// t1 to t6, for what an instruction needs in between; the first one holds addresses, the last one those of far jumps.
const ADDRESS: Register = 6;
const T1: Register = 7;
const T2: Register = 28;
const T3: Register = 29;
const T4: Register = 30;
const FAR: Register = 31;

/// The machine's register for one of the program's, which is 0 to 10.
const fn register(number: u8) -> Register {
    REGISTERS[number as usize]
}

/// What holds a distance (RISC-V Unprivileged ISA, section 2.3).
#[derive(Clone, Copy)]
pub(super) enum Hole {
    /// Format B: 13 bits, the lowest is 0.
    Branch,
    /// Format J: 21 bits, the lowest is 0.
    Jump,
    /// `auipc` and an instruction of format I: 32 bits.
    Pair,
}

/// Bytes that formats B and J reach.
const BRANCH_REACH: usize = 1 << 12;
const JUMP_REACH: usize = 1 << 20;

impl Distances for Riscv64 {
    type Hole = Hole;

    fn fill(buffer: &mut Buffer<'_, Self>, hole: Hole, at: usize, to: usize) -> bool {
        let distance = to as i64 - at as i64;
        let fits = |reach: usize| (-(reach as i64)..reach as i64).contains(&distance);
        let d = distance as u32;
        match hole {
            Hole::Branch => {
                buffer.set_bits(at, encode::branch_bits(d));
                fits(BRANCH_REACH)
            }
            Hole::Jump => {
                let bits = (d >> 20 & 1) << 31 | (d >> 1 & 0x3ff) << 21 | (d >> 11 & 1) << 20 | d & 0xf_f000;
                buffer.set_bits(at, bits);
                fits(JUMP_REACH)
            }
            Hole::Pair => {
                // The low part is signed.
                buffer.set_bits(at, d.wrapping_add(0x800) & !0xfff);
                buffer.set_bits(at + 4, d << 20);
                i32::try_from(distance + 0x800).is_ok()
            }
        }
    }
}
