//! Code for x86_64. Registers are mapped one to one, as Linux does (`arch/x86/net/bpf_jit_comp.c`): r1 to r5 are where
//! the calling convention has a function's arguments, r6 to r9 are registers that it has functions keep. Left
//! are r10 and r11 for what an instruction needs in between, r9 for the fuel, r12 for the run.
mod alu;
mod call;
mod control;
mod encode;
mod memory;
#[cfg(test)]
mod tests;

use self::encode::{R8, R9, R12, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RDX, RSI};
use super::{
    buffer::Buffer,
    machine::{Distances, Register},
};

/// The machine.
pub(super) enum X86_64 {}

/// 16, so that a register's number needs no check.
const REGISTERS: [Register; 16] = {
    let none = RAX;
    [RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, RBP, none, none, none, none, none]
};
const RUN: Register = R12;
const FUEL: Register = R9;

/// The machine's register for one of the program's, which is 0 to 10.
const fn register(number: u8) -> Register {
    REGISTERS[(number & 15) as usize]
}

impl Distances for X86_64 {
    /// The distance is an instruction's last 32 bits, and counted from behind them: `at` is there.
    type Hole = ();

    fn fill(buffer: &mut Buffer<'_, Self>, (): (), at: usize, to: usize) -> bool {
        let distance = i32::try_from(to as i64 - at as i64);
        buffer.patch(at - 4, &distance.unwrap_or(0).to_le_bytes());
        distance.is_ok()
    }
}
