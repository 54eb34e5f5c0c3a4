//! The encoder against words that GNU as makes of the text beside them.
use super::{Riscv64, encode::*};
use crate::jit::{buffer::Buffer, machine::Place};

type Case = (&'static str, fn(&mut Buffer<'_, Riscv64>), &'static [u32]);

const CASES: &[Case] = &[
    ("add s1, a0, t6", |b| b.op3(ADD, 9, 10, 31), &[0x01f5_04b3]),
    ("sub s1, a0, t6", |b| b.op3(SUB, 9, 10, 31), &[0x41f5_04b3]),
    ("sll s1, a0, t6", |b| b.op3(SLL, 9, 10, 31), &[0x01f5_14b3]),
    ("sltu s1, a0, t6", |b| b.op3(SLTU, 9, 10, 31), &[0x01f5_34b3]),
    ("xor s1, a0, t6", |b| b.op3(XOR, 9, 10, 31), &[0x01f5_44b3]),
    ("srl s1, a0, t6", |b| b.op3(SRL, 9, 10, 31), &[0x01f5_54b3]),
    ("sra s1, a0, t6", |b| b.op3(SRA, 9, 10, 31), &[0x41f5_54b3]),
    ("or s1, a0, t6", |b| b.op3(OR, 9, 10, 31), &[0x01f5_64b3]),
    ("and s1, a0, t6", |b| b.op3(AND, 9, 10, 31), &[0x01f5_74b3]),
    ("mul s1, a0, t6", |b| b.op3(MUL, 9, 10, 31), &[0x03f5_04b3]),
    ("div s1, a0, t6", |b| b.op3(DIV, 9, 10, 31), &[0x03f5_44b3]),
    ("divu s1, a0, t6", |b| b.op3(DIVU, 9, 10, 31), &[0x03f5_54b3]),
    ("rem s1, a0, t6", |b| b.op3(REM, 9, 10, 31), &[0x03f5_64b3]),
    ("remu s1, a0, t6", |b| b.op3(REMU, 9, 10, 31), &[0x03f5_74b3]),
    ("addw s1, a0, t6", |b| b.op3(ADD + W, 9, 10, 31), &[0x01f5_04bb]),
    ("subw s1, a0, t6", |b| b.op3(SUB + W, 9, 10, 31), &[0x41f5_04bb]),
    ("sllw s1, a0, t6", |b| b.op3(SLL + W, 9, 10, 31), &[0x01f5_14bb]),
    ("srlw s1, a0, t6", |b| b.op3(SRL + W, 9, 10, 31), &[0x01f5_54bb]),
    ("sraw s1, a0, t6", |b| b.op3(SRA + W, 9, 10, 31), &[0x41f5_54bb]),
    ("mulw s1, a0, t6", |b| b.op3(MUL + W, 9, 10, 31), &[0x03f5_04bb]),
    ("divw s1, a0, t6", |b| b.op3(DIV + W, 9, 10, 31), &[0x03f5_44bb]),
    ("divuw s1, a0, t6", |b| b.op3(DIVU + W, 9, 10, 31), &[0x03f5_54bb]),
    ("remw s1, a0, t6", |b| b.op3(REM + W, 9, 10, 31), &[0x03f5_64bb]),
    ("remuw s1, a0, t6", |b| b.op3(REMU + W, 9, 10, 31), &[0x03f5_74bb]),
    ("addi s1, a0, -2048", |b| b.op_imm(ADDI, 9, 10, -2048), &[0x8005_0493]),
    ("xori s1, a0, -2048", |b| b.op_imm(XORI, 9, 10, -2048), &[0x8005_4493]),
    ("ori s1, a0, -2048", |b| b.op_imm(ORI, 9, 10, -2048), &[0x8005_6493]),
    ("andi s1, a0, -2048", |b| b.op_imm(ANDI, 9, 10, -2048), &[0x8005_7493]),
    ("slli s1, a0, 63", |b| b.op_imm(SLLI, 9, 10, 63), &[0x03f5_1493]),
    ("slliw s1, a0, 31", |b| b.op_imm(SLLI + W, 9, 10, 31), &[0x01f5_149b]),
    ("srli s1, a0, 63", |b| b.op_imm(SRLI, 9, 10, 63), &[0x03f5_5493]),
    ("srliw s1, a0, 31", |b| b.op_imm(SRLI + W, 9, 10, 31), &[0x01f5_549b]),
    ("srai s1, a0, 63", |b| b.op_imm(SRAI, 9, 10, 63), &[0x43f5_5493]),
    ("sraiw s1, a0, 31", |b| b.op_imm(SRAI + W, 9, 10, 31), &[0x41f5_549b]),
    ("mv s1, a0", |b| b.mov(9, 10), &[0x0005_0493]),
    ("sext.w s1, a0", |b| b.sign_extend(9, 10), &[0x0005_049b]),
    ("slli s1, a0, 32; srli s1, s1, 32", |b| b.zero_extend(9, 10, 32), &[0x0205_1493, 0x0204_d493]),
    ("li a0, 0", |b| b.mov_imm(10, 0), &[0x0000_0513]),
    ("li a0, -2048", |b| b.mov_imm(10, -2048), &[0x8000_0513]),
    ("lui a0, 1; addiw a0, a0, -2048", |b| b.mov_imm(10, 2048), &[0x0000_1537, 0x8005_051b]),
    ("lui a0, 0x12345; addiw a0, a0, 0x678", |b| b.mov_imm(10, 0x1234_5678), &[0x1234_5537, 0x6785_051b]),
    ("lui a0, 0x80000; addiw a0, a0, -1", |b| b.mov_imm(10, 0x7fff_ffff), &[0x8000_0537, 0xfff5_051b]),
    ("lui a0, 0x80000", |b| b.mov_imm(10, i32::MIN.into()), &[0x8000_0537]),
    (
        "addi a0, zero, 1; slli a0, a0, 32; addi a0, a0, -1",
        |b| b.mov_imm(10, 0xffff_ffff),
        &[0x0010_0513, 0x0205_1513, 0xfff5_0513],
    ),
    ("addi a0, zero, 1; slli a0, a0, 31", |b| b.mov_imm(10, 0x8000_0000), &[0x0010_0513, 0x01f5_1513]),
    (
        "addi a0, zero, -1; slli a0, a0, 63; addi a0, a0, -1",
        |b| b.mov_imm(10, 0x7fff_ffff_ffff_ffff),
        &[0xfff0_0513, 0x03f5_1513, 0xfff5_0513],
    ),
    (
        "lui a0, 0x449; addiw a0, a0, -1843; slli a0, a0, 14; addi a0, a0, 0x455; slli a0, a0, 12; addi a0, a0, 0x667; slli a0, a0, 12; addi a0, a0, 0x788",
        |b| b.mov_imm(10, 0x1122_3344_5566_7788),
        &[
            0x0044_9537,
            0x8cd5_051b,
            0x00e5_1513,
            0x4555_0513,
            0x00c5_1513,
            0x6675_0513,
            0x00c5_1513,
            0x7885_0513,
        ],
    ),
    (
        "lui a0, 0x1; addiw a0, a0, -1329; slli a0, a0, 35",
        |b| b.mov_imm(10, 0x5678_0000_0000),
        &[0x0000_1537, 0xacf5_051b, 0x0235_1513],
    ),
    ("addi s1, a0, 2047", |b| b.add_imm(9, 10, 2047), &[0x7ff5_0493]),
    ("lui t5, 8; add s1, a0, t5", |b| b.add_imm(9, 10, 0x8000), &[0x0000_8f37, 0x01e5_04b3]),
    ("lb s1, -8(a0)", |b| b.load_sized(0, true, 9, Place { base: 10, off: -8 }), &[0xff85_0483]),
    ("lbu s1, 2047(a0)", |b| b.load_sized(0, false, 9, Place { base: 10, off: 2047 }), &[0x7ff5_4483]),
    ("sb s1, -2045(a0)", |b| b.store_sized(0, 9, Place { base: 10, off: -2045 }), &[0x8095_01a3]),
    ("lh s1, -8(a0)", |b| b.load_sized(1, true, 9, Place { base: 10, off: -8 }), &[0xff85_1483]),
    ("lhu s1, 2047(a0)", |b| b.load_sized(1, false, 9, Place { base: 10, off: 2047 }), &[0x7ff5_5483]),
    ("sh s1, -2045(a0)", |b| b.store_sized(1, 9, Place { base: 10, off: -2045 }), &[0x8095_11a3]),
    ("lw s1, -8(a0)", |b| b.load_sized(2, true, 9, Place { base: 10, off: -8 }), &[0xff85_2483]),
    ("lwu s1, 2047(a0)", |b| b.load_sized(2, false, 9, Place { base: 10, off: 2047 }), &[0x7ff5_6483]),
    ("sw s1, -2045(a0)", |b| b.store_sized(2, 9, Place { base: 10, off: -2045 }), &[0x8095_21a3]),
    ("ld s1, -8(a0)", |b| b.load_sized(3, true, 9, Place { base: 10, off: -8 }), &[0xff85_3483]),
    ("sd s1, -2045(a0)", |b| b.store_sized(3, 9, Place { base: 10, off: -2045 }), &[0x8095_31a3]),
    (
        "lui t5, 1; add t1, a0, t5; ld s1, 0(t1)",
        |b| b.load(9, 10, 4096),
        &[0x0000_1f37, 0x01e5_0333, 0x0003_3483],
    ),
    (
        "lui t5, 0xffff8; add t1, a0, t5; sd s1, 0(t1)",
        |b| b.store(9, 10, -0x8000),
        &[0xffff_8f37, 0x01e5_0333, 0x0093_3023],
    ),
    ("beq a0, s1, . + 2730", |b| b.branch_by(BEQ, 10, 9, 2730), &[0x2a95_05e3]),
    ("bne a0, s1, . + 2730", |b| b.branch_by(BNE, 10, 9, 2730), &[0x2a95_15e3]),
    ("blt a0, s1, . + 2730", |b| b.branch_by(BLT, 10, 9, 2730), &[0x2a95_45e3]),
    ("bge a0, s1, . + 2730", |b| b.branch_by(BGE, 10, 9, 2730), &[0x2a95_55e3]),
    ("bltu a0, s1, . + 2730", |b| b.branch_by(BLTU, 10, 9, 2730), &[0x2a95_65e3]),
    ("bgeu a0, s1, . + 2730", |b| b.branch_by(BGEU, 10, 9, 2730), &[0x2a95_75e3]),
    ("bne a0, s1, . - 12", |b| b.branch_by(BNE, 10, 9, -12), &[0xfe95_1ae3]),
    ("bne a0, s1, . - 4096", |b| b.branch_by(BEQ ^ OPPOSITE, 10, 9, -4096), &[0x8095_1063]),
    ("jalr ra, 0(t2)", |b| b.op_imm(JALR, 1, 7, 0), &[0x0003_80e7]),
    ("ret", |b| b.op_imm(JALR, 0, 1, 0), &[0x0000_8067]),
    ("jal t0, . + 0", |b| b.op3(JAL, 5, 0, 0), &[0x0000_02ef]),
    ("auipc t6, 0", |b| b.op3(AUIPC, 31, 0, 0), &[0x0000_0f97]),
    ("amoswap.d.aqrl s1, a1, (a0)", |b| b.op3(AMOSWAP, 9, 10, 11), &[0x0eb5_34af]),
    ("amoadd.d.aqrl s1, a1, (a0)", |b| b.op3(AMOADD, 9, 10, 11), &[0x06b5_34af]),
    ("amoxor.d.aqrl s1, a1, (a0)", |b| b.op3(AMOXOR, 9, 10, 11), &[0x26b5_34af]),
    ("amoand.d.aqrl s1, a1, (a0)", |b| b.op3(AMOAND, 9, 10, 11), &[0x66b5_34af]),
    ("amoor.d.aqrl s1, a1, (a0)", |b| b.op3(AMOOR, 9, 10, 11), &[0x46b5_34af]),
    ("sc.d.aqrl s1, a1, (a0)", |b| b.op3(SC, 9, 10, 11), &[0x1eb5_34af]),
    ("lr.d.aqrl s1, (a0)", |b| b.op3(LR, 9, 10, 0), &[0x1605_34af]),
    ("amoadd.w.aqrl zero, a1, (a0)", |b| b.op3(AMOADD & !0x1000, 0, 10, 11), &[0x06b5_202f]),
];

#[test]
fn words_are_those_of_the_assembler() {
    for (text, emit, expected) in CASES {
        let mut out = [0; 64];
        let mut buffer = Buffer::new(&mut out);
        emit(&mut buffer);
        let len = buffer.len();
        let words: Vec<u32> = out[..len].as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        assert_eq!(words, *expected, "{text}");
    }
}
