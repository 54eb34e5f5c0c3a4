//! The context of socket filters.
use super::{Case, all_as_expected_on};
use crate::common::hook;

const CASES: &[Case] = &[
    ("a number", "r0 = *(u32 *)(r1 + 0)\nexit", None),
    ("a part of a number", "r0 = *(u16 *)(r1 + 16)\nexit", None),
    ("the scratch area", "*(u64 *)(r1 + 48) = 7\n*(u8 *)(r1 + 67) = 1\nr0 = *(u64 *)(r1 + 56)\nexit", None),
    ("behind the scratch area", "*(u64 *)(r1 + 64) = 7\nr0 = 0\nexit", Some("the context is read-only")),
    ("a number is not written", "*(u32 *)(r1 + 8) = 7\nr0 = 0\nexit", Some("the context is read-only")),
    (
        "an address in the scratch area",
        "*(u64 *)(r1 + 48) = r10\nr0 = 0\nexit",
        Some("a pointer would be stored in the context: addresses stay in registers and on the stack"),
    ),
    (
        "the packet itself",
        "r0 = *(u32 *)(r1 + 76)\nexit",
        Some("the context's field data is not for programs of this type"),
    ),
    (
        "the socket",
        "r0 = *(u64 *)(r1 + 168)\nexit",
        Some("the context's field sk is not for programs of this type"),
    ),
    (
        "bytes of the packet",
        "r6 = r1\nr2 = 12\nr3 = r10\nr3 += -2\nr4 = 2\ncall skb_load_bytes\nr0 = *(u16 *)(r10 - 2)\nexit",
        None,
    ),
    (
        "bytes of the packet into nothing",
        "r2 = 12\nr3 = 0\nr4 = 2\ncall skb_load_bytes\nexit",
        Some("r3 is a number, not an address: only pointers can be accessed"),
    ),
    ("a legacy load", "r6 = r1\n.insn op=0x28 imm=12\nif r0 != 0x800 goto +1\nr0 = 1\nexit", None),
    ("a legacy load by a register", "r6 = r1\nr7 = 14\n.insn op=0x50 src=7 imm=9\nexit", None),
    (
        "a legacy load without the context",
        ".insn op=0x28 imm=12\nexit",
        Some("r6 is not initialised here: set it on every path"),
    ),
    (
        "a legacy load from the middle of the context",
        "r6 = r1\nr6 += 8\n.insn op=0x28 imm=12\nexit",
        Some("legacy packet load: r6 has to be the context, unchanged"),
    ),
    (
        "a legacy load by an address",
        "r6 = r1\n.insn op=0x48 src=10 imm=0\nexit",
        Some("pointers take part in 64-bit addition and subtraction only"),
    ),
    (
        "what a legacy load leaves in r1",
        "r6 = r1\n.insn op=0x28 imm=12\nr0 = r1\nexit",
        Some("r1 is not initialised here: set it on every path"),
    ),
    (
        "a legacy load gives no more than it reads",
        "*(u64 *)(r10 - 8) = 0\nr6 = r1\n.insn op=0x30 imm=0\nr0 &= 0x107\nr1 = r10\nr1 += -8\nr1 += r0\nr0 = *(u8 *)(r1 + 0)\nexit",
        None,
    ),
    (
        "a legacy load in a function",
        "r6 = r1\ncall f\nexit\nf:\nr6 = r1\n.insn op=0x28 imm=12\nexit",
        Some("a legacy packet load in a function: it may end the whole program, inline the function"),
    ),
    ("a legacy load of 8 bytes", "r6 = r1\n.insn op=0x38 imm=12\nexit", Some("unknown opcode 0x38")),
    (
        "a legacy load into another register",
        "r6 = r1\n.insn op=0x28 dst=1 imm=12\nexit",
        Some("reserved use of field dst: it has to be zero here"),
    ),
];

#[test]
fn contexts() {
    all_as_expected_on(hook("socket"), CASES);
}
