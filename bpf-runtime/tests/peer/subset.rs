//! What rbpf 0.4.1 does as RFC 9669 says. Its known deviations: no atomics; signed divisions, sign extensions and
//! swaps of cpu v4 run as others; JEQ, JNE, JGT, JGE, JLT, JLE zero-extend their immediate; a 32-bit remainder by zero
//! keeps the upper half; negating the least number panics; a byte-wise check of memory at its first byte only.
use bpf_runtime::isa::{Insn, opcode as o};

const DIV: u8 = 0x30;
const NEG: u8 = 0x80;
const MOD: u8 = 0x90;
const XOR: u8 = 0xa0;
const MOV: u8 = 0xb0;
const SWAP: u8 = 0xd0;
/// Jumps that compare unsigned numbers, or for equality.
const UNSIGNED: [u8; 6] = [0x10, 0x20, 0x30, 0x50, 0xa0, 0xb0];

/// A generated program whose answer depends on all registers and on the stack.
pub fn telling(text: &str) -> String {
    let sum: String = ["r0 += r3", "r0 += r7", "r0 += r8"].map(|add| format!("r0 *= 31\n{add}\n")).concat();
    let stack: String =
        [8, 16, 24, 32].map(|at| format!("r1 = *(u64 *)(r10 - {at})\nr0 *= 31\nr0 += r1\n")).concat();
    text.replacen("r0 = 0\nexit\nfunction:\n", &format!("{sum}{stack}exit\nfunction:\n"), 1)
}

/// An instruction that rbpf does right in place of one that it does not: the programs stay as long as they are, and
/// the verifier judges what they became.
pub fn lowered(insn: Insn) -> Insn {
    let (class, operation, register) = (insn.op & o::CLASS, insn.op & o::OPERATION, insn.op & o::X != 0);
    match class {
        o::ALU if operation == MOD && register => Insn { op: class | DIV | o::X, off: 0, ..insn },
        o::ALU | o::ALU64 if matches!(operation, DIV | MOD | MOV) => Insn { off: 0, ..insn },
        o::ALU64 if operation == SWAP => Insn { op: o::ALU | SWAP | o::X, ..insn },
        o::ALU64 if operation == NEG => Insn { op: class | XOR, imm: -1, ..insn },
        o::JMP if !register && UNSIGNED.contains(&operation) => Insn { imm: insn.imm & i32::MAX, ..insn },
        o::LDX => Insn { op: insn.op & !o::MODE | o::MEM, ..insn },
        o::STX => Insn { op: insn.op & !o::MODE | o::MEM, imm: 0, ..insn },
        _ => insn,
    }
}
