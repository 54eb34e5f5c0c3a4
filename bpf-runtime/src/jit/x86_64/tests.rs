//! The encoder against bytes that GNU as makes of the text beside them.
use super::{X86_64, encode::*};
use crate::jit::buffer::Buffer;

type Case = (&'static str, fn(&mut Buffer<'_, X86_64>), &'static [u8]);

const CASES: &[Case] = &[
    ("add rax, r15", |b| b.insn(op(0x01, true), R15, Rm::Reg(RAX)), &[0x4c, 0x01, 0xf8]),
    ("xor r9d, edi", |b| b.insn(op32(0x31), RDI, Rm::Reg(R9)), &[0x41, 0x31, 0xf9]),
    ("imul rdx, r14", |b| b.insn(op(0x1af, true), RDX, Rm::Reg(R14)), &[0x49, 0x0f, 0xaf, 0xd6]),
    ("mov rbp, r12", |b| b.mov(true, RBP, R12), &[0x4c, 0x89, 0xe5]),
    ("mov r8d, r8d", |b| b.mov(false, R8, R8), &[0x45, 0x89, 0xc0]),
    ("mov rax, [r12+72]", |b| b.load(RAX, R12, 72), &[0x49, 0x8b, 0x44, 0x24, 0x48]),
    ("mov rcx, [r12]", |b| b.load(RCX, R12, 0), &[0x49, 0x8b, 0x0c, 0x24]),
    ("mov [r12+200], r9", |b| b.store(R12, 200, R9), &[0x4d, 0x89, 0x8c, 0x24, 0xc8, 0x00, 0x00, 0x00]),
    ("mov r11, [rbp+0]", |b| b.load(R11, RBP, 0), &[0x4c, 0x8b, 0x5d, 0x00]),
    ("mov r11, [r13+0]", |b| b.load(R11, R13, 0), &[0x4d, 0x8b, 0x5d, 0x00]),
    ("mov r10, [rsp]", |b| b.load(R10, RSP, 0), &[0x4c, 0x8b, 0x14, 0x24]),
    ("mov rax, [rdi-129]", |b| b.load(RAX, RDI, -129), &[0x48, 0x8b, 0x87, 0x7f, 0xff, 0xff, 0xff]),
    ("mov rax, [rdi-128]", |b| b.load(RAX, RDI, -128), &[0x48, 0x8b, 0x47, 0x80]),
    ("lea r11, [rbx+127]", |b| b.lea(R11, RBX, 127), &[0x4c, 0x8d, 0x5b, 0x7f]),
    (
        "mov dword ptr [r12+128], 7",
        |b| b.store_imm32(R12, 128, 7),
        &[0x41, 0xc7, 0x84, 0x24, 0x80, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00],
    ),
    ("mov [rdi+1], sil", |b| b.insn(op32(0x88).bytes(), RSI, Rm::Mem(RDI, 1)), &[0x40, 0x88, 0x77, 0x01]),
    ("mov [rdi+1], al", |b| b.insn(op32(0x88).bytes(), RAX, Rm::Mem(RDI, 1)), &[0x88, 0x47, 0x01]),
    ("mov [rdi+1], r15b", |b| b.insn(op32(0x88).bytes(), R15, Rm::Mem(RDI, 1)), &[0x44, 0x88, 0x7f, 0x01]),
    (
        "mov [r14+2], cx",
        |b| b.insn(op32(0x89).words(), RCX, Rm::Mem(R14, 2)),
        &[0x66, 0x41, 0x89, 0x4e, 0x02],
    ),
    (
        "movzx eax, byte ptr [rbp-1]",
        |b| b.insn(op32(0x1b6), RAX, Rm::Mem(RBP, -1)),
        &[0x0f, 0xb6, 0x45, 0xff],
    ),
    (
        "movsx rbx, word ptr [r8+4]",
        |b| b.insn(op(0x1bf, true), RBX, Rm::Mem(R8, 4)),
        &[0x49, 0x0f, 0xbf, 0x58, 0x04],
    ),
    ("movsx edi, sil", |b| b.insn(op32(0x1be).bytes(), RDI, Rm::Reg(RSI)), &[0x40, 0x0f, 0xbe, 0xfe]),
    ("movsxd r13, r14d", |b| b.insn(op(0x63, true), R13, Rm::Reg(R14)), &[0x4d, 0x63, 0xee]),
    (
        "lock add [rbp-8], rdx",
        |b| b.insn(op(0x01, true).lock(), RDX, Rm::Mem(RBP, -8)),
        &[0xf0, 0x48, 0x01, 0x55, 0xf8],
    ),
    (
        "lock xadd [r13-4], ecx",
        |b| b.insn(op32(0x1c1).lock(), RCX, Rm::Mem(R13, -4)),
        &[0xf0, 0x41, 0x0f, 0xc1, 0x4d, 0xfc],
    ),
    (
        "lock cmpxchg [rdi], r10",
        |b| b.insn(op(0x1b1, true).lock(), R10, Rm::Mem(RDI, 0)),
        &[0xf0, 0x4c, 0x0f, 0xb1, 0x17],
    ),
    ("xchg [rsi], r8", |b| b.insn(op(0x87, true), R8, Rm::Mem(RSI, 0)), &[0x4c, 0x87, 0x06]),
    ("xor r14d, r14d", |b| b.mov_imm(R14, 0), &[0x45, 0x31, 0xf6]),
    ("mov r9d, 0x80000000", |b| b.mov_imm(R9, 0x8000_0000), &[0x41, 0xb9, 0x00, 0x00, 0x00, 0x80]),
    ("mov rcx, -2", |b| b.mov_imm(RCX, u64::MAX - 1), &[0x48, 0xc7, 0xc1, 0xfe, 0xff, 0xff, 0xff]),
    (
        "movabs r15, 0x1122334455667788",
        |b| b.mov_imm(R15, 0x1122_3344_5566_7788),
        &[0x49, 0xbf, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11],
    ),
    ("cmp r9, -128", |b| b.arith_imm(7, true, R9, -128), &[0x49, 0x83, 0xf9, 0x80]),
    ("sub r9, 128", |b| b.arith_imm(5, true, R9, 128), &[0x49, 0x81, 0xe9, 0x80, 0x00, 0x00, 0x00]),
    (
        "and esi, 0x12345678",
        |b| b.arith_imm(4, false, RSI, 0x1234_5678),
        &[0x81, 0xe6, 0x78, 0x56, 0x34, 0x12],
    ),
    ("shl rdi, 63", |b| b.shift_imm(4, true, RDI, 63), &[0x48, 0xc1, 0xe7, 0x3f]),
    ("sar r8d, 7", |b| b.shift_imm(7, false, R8, 7), &[0x41, 0xc1, 0xf8, 0x07]),
    ("shr r13, cl", |b| b.insn(op(0xd3, true), 5, Rm::Reg(R13)), &[0x49, 0xd3, 0xed]),
    (
        "ror bx, 8",
        |b| {
            b.insn(op32(0xc1).words(), 1, Rm::Reg(RBX));
            b.byte(8);
        },
        &[0x66, 0xc1, 0xcb, 0x08],
    ),
    ("bswap r15", |b| b.bswap(true, R15), &[0x49, 0x0f, 0xcf]),
    ("bswap edx", |b| b.bswap(false, RDX), &[0x0f, 0xca]),
    ("push r14", |b| b.push(R14), &[0x41, 0x56]),
    ("pop rbp", |b| b.pop(RBP), &[0x5d]),
    ("idiv r11", |b| b.insn(op(0xf7, true), 7, Rm::Reg(R11)), &[0x49, 0xf7, 0xfb]),
    ("call r10", |b| b.insn(op32(0xff), 2, Rm::Reg(R10)), &[0x41, 0xff, 0xd2]),
    (
        "test r11b, 7",
        |b| {
            b.insn(op32(0xf6).bytes(), 0, Rm::Reg(R11));
            b.byte(7);
        },
        &[0x41, 0xf6, 0xc3, 0x07],
    ),
    (
        "cmp rbp, [r12+120]",
        |b| b.insn(op(0x3b, true), RBP, Rm::Mem(R12, 120)),
        &[0x49, 0x3b, 0x6c, 0x24, 0x78],
    ),
    ("lea rax, [rdi+rsi]", |b| b.lea_sum(true, RAX, RDI, RSI), &[0x48, 0x8d, 0x04, 0x37]),
    ("lea r15, [rbp+r14]", |b| b.lea_sum(true, R15, RBP, R14), &[0x4e, 0x8d, 0x7c, 0x35, 0x00]),
    ("lea r8d, [r13+rbx]", |b| b.lea_sum(false, R8, R13, RBX), &[0x45, 0x8d, 0x44, 0x1d, 0x00]),
    ("ret", |b| b.ret(), &[0xc3]),
];

#[test]
fn bytes_are_those_of_the_assembler() {
    for (text, emit, expected) in CASES {
        let mut out = [0; 16];
        let mut buffer = Buffer::new(&mut out);
        emit(&mut buffer);
        let len = buffer.len();
        assert_eq!(&out[..len], *expected, "{text}");
    }
}
