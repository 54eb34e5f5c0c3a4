//! Encodings that are none: reserved fields, unassigned opcodes. Each is refused with the field's name.
use super::{Case, all_as_expected};

const CASES: &[Case] = &[
    ("an unassigned opcode", ".insn op=0xff\nr0 = 0\nexit", Some("unknown opcode 0xff")),
    (
        "a legacy packet load",
        ".insn op=0x20 imm=4\nr0 = 0\nexit",
        Some(
            "legacy packet loads (LD_ABS, LD_IND; load_byte and its like in C) are not supported: use bpf_skb_load_bytes",
        ),
    ),
    ("r11", "r11 = 0\nexit", Some("there is no register r11")),
    ("r15 as source", ".insn op=0xbf dst=0 src=15\nexit", Some("there is no register r15")),
    ("a move to r10", "r10 = 0\nexit", Some("the frame pointer r10 is read-only")),
    ("a sum in r10", "r10 += 8\nr0 = 0\nexit", Some("the frame pointer r10 is read-only")),
    ("a load into r10", "r10 = *(u64 *)(r1 + 0)\nexit", Some("the frame pointer r10 is read-only")),
    ("an lddw into r10", "r10 = 5 ll\nexit", Some("the frame pointer r10 is read-only")),
    (
        "a fetch into r10",
        ".insn op=0xdb dst=1 src=10 off=0 imm=1\nr0 = 0\nexit",
        Some("the frame pointer r10 is read-only"),
    ),
    (
        "an offset on an addition",
        ".insn op=0x07 dst=0 off=1 imm=1\nexit",
        Some("reserved use of field off: it has to be zero here"),
    ),
    (
        "offset 2 on a division",
        ".insn op=0x37 dst=0 off=2 imm=1\nexit",
        Some("reserved use of field off: it has to be zero here"),
    ),
    (
        "a sign extension of 24 bits",
        ".insn op=0xbf dst=0 src=1 off=24\nexit",
        Some("reserved use of field off: it has to be zero here"),
    ),
    (
        "a 32-bit sign extension of 32 bits",
        ".insn op=0xbc dst=0 src=1 off=32\nexit",
        Some("reserved use of field off: it has to be zero here"),
    ),
    (
        "a sign extension of an immediate",
        ".insn op=0xb7 dst=0 off=8 imm=1\nexit",
        Some("reserved use of field off: it has to be zero here"),
    ),
    (
        "an immediate beside a source register",
        ".insn op=0x0f dst=0 src=1 imm=1\nexit",
        Some("reserved use of field imm: it has to be zero here"),
    ),
    (
        "a source register beside an immediate",
        ".insn op=0x07 dst=0 src=1 imm=1\nexit",
        Some("reserved use of field src: it has to be zero here"),
    ),
    (
        "a negation with a source register",
        ".insn op=0x87 dst=0 src=1\nexit",
        Some("reserved use of field src: it has to be zero here"),
    ),
    (
        "a negation of the register kind",
        ".insn op=0x8f dst=0\nexit",
        Some("reserved use of field source: it has to be zero here"),
    ),
    (
        "a swap of 24 bits",
        ".insn op=0xd4 dst=0 imm=24\nexit",
        Some("reserved use of field imm: it has to be zero here"),
    ),
    ("an unassigned swap", ".insn op=0xdf dst=0 imm=16\nexit", Some("unknown opcode 0xdf")),
    (
        "an exit with an immediate",
        "r0 = 0\n.insn op=0x95 imm=1\nexit",
        Some("reserved use of field imm: it has to be zero here"),
    ),
    (
        "an exit with a register",
        "r0 = 0\n.insn op=0x95 dst=1\nexit",
        Some("reserved use of field dst: it has to be zero here"),
    ),
    (
        "a goto with an immediate",
        ".insn op=0x05 imm=1\nr0 = 0\nexit",
        Some("reserved use of field imm: it has to be zero here"),
    ),
    (
        "a long goto with an offset",
        ".insn op=0x06 off=1\nr0 = 0\nexit",
        Some("reserved use of field off: it has to be zero here"),
    ),
    (
        "a call of a kernel function",
        ".insn op=0x85 src=2 imm=7\nr0 = 0\nexit",
        Some("calls of kernel functions (kfuncs) are not supported"),
    ),
    (
        "a call with source 3",
        ".insn op=0x85 src=3 imm=7\nr0 = 0\nexit",
        Some("reserved use of field src: it has to be zero here"),
    ),
    ("a call of the 32-bit class", ".insn op=0x86 imm=5\nr0 = 0\nexit", Some("unknown opcode 0x86")),
    (
        "a comparison with both operands",
        ".insn op=0x1d dst=0 src=1 imm=4\nexit",
        Some("reserved use of field imm: it has to be zero here"),
    ),
    (
        "a load with an immediate",
        ".insn op=0x79 dst=0 src=1 imm=8\nexit",
        Some("reserved use of field imm: it has to be zero here"),
    ),
    ("a sign-extending load of 8 bytes", ".insn op=0x99 dst=0 src=1\nexit", Some("unknown opcode 0x99")),
    (
        "a store of an immediate with a register",
        ".insn op=0x7a dst=10 src=1 off=-8\nexit",
        Some("reserved use of field src: it has to be zero here"),
    ),
    (
        "a store of a register with an immediate",
        ".insn op=0x7b dst=10 src=1 off=-8 imm=1\nexit",
        Some("reserved use of field imm: it has to be zero here"),
    ),
    ("an atomic operation on a byte", ".insn op=0xd3 dst=10 src=1 off=-8\nexit", Some("unknown opcode 0xd3")),
    (
        "an atomic operation that is none",
        ".insn op=0xdb dst=10 src=1 off=-8 imm=0x20\nexit",
        Some("reserved use of field imm: it has to be zero here"),
    ),
    (
        "an exchange without fetch",
        ".insn op=0xdb dst=10 src=1 off=-8 imm=0xe0\nexit",
        Some("reserved use of field imm: it has to be zero here"),
    ),
    (
        "an lddw with an offset",
        ".insn op=0x18 dst=1 off=1\n.insn op=0\nexit",
        Some("reserved use of field off: it has to be zero here"),
    ),
    (
        "an lddw with source 7",
        ".insn op=0x18 dst=1 src=7\n.insn op=0\nexit",
        Some("reserved use of field src: it has to be zero here"),
    ),
    (
        "an lddw whose second slot is an instruction",
        ".insn op=0x18 dst=1\nexit\nexit",
        Some("reserved use of field op of the second slot: it has to be zero here"),
    ),
    (
        "an lddw whose second slot has a register",
        ".insn op=0x18 dst=1\n.insn op=0 dst=1\nexit",
        Some("reserved use of field dst, src or off of the second slot: it has to be zero here"),
    ),
    (
        "a map's handle with a second immediate",
        ".insn op=0x18 dst=1 src=1\n.insn op=0 imm=1\nexit",
        Some("reserved use of field imm of the second slot: it has to be zero here"),
    ),
    (
        "an lddw that is cut",
        "r0 = 0\n.insn op=0x18 dst=1",
        Some("lddw needs two slots, the second one is missing"),
    ),
    (
        "malformed code that is never reached",
        "r0 = 0\nexit\n.insn op=0x07 dst=0 off=1\nexit",
        Some("reserved use of field off: it has to be zero here"),
    ),
];

#[test]
fn encodings() {
    all_as_expected(CASES);
}
