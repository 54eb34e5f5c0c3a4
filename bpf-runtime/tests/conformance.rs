//! The instruction set, class by class: cases written from RFC 9669. r1 points to 16 bytes, 0x01 to 0x10, and r2
//! holds their number.
mod common;
mod compiled;

use bpf_runtime::{
    interp::{Outcome, Program, Trap, TrapReason, run_with_memory},
    isa::{Insn, disasm},
};
use common::{World, assemble};

const FUEL: u64 = 1000;

fn run(code: &[Insn]) -> Result<Outcome, Trap> {
    let mut memory: Vec<u8> = (1..=16).collect();
    let program = Program::new(code).map_err(|_| Trap { at: 0, reason: TrapReason::Code })?;
    let decoded = run_with_memory(&program, &mut memory, &[], &mut World::default(), FUEL);
    let mut memory: Vec<u8> = (1..=16).collect();
    assert_eq!(run_with_memory(code, &mut memory, &[], &mut World::default(), FUEL), decoded);
    decoded
}

/// A program without its exit, and r0 at its end.
const CASES: &[(&str, u64)] = &[
    // Arithmetic, 64 bits: immediates are sign-extended.
    ("r0 = -1", u64::MAX),
    ("r0 = 5\nr0 += -7", (-2_i64) as u64),
    ("r0 = 5\nr3 = 7\nr0 -= r3", (-2_i64) as u64),
    ("r0 = 0x100000001 ll\nr0 *= 3", 0x3_0000_0003),
    ("r0 = -10\nr0 /= 3", (u64::MAX - 9) / 3),
    ("r0 = 10\nr0 /= -3", 0),
    ("r0 = 10\nr3 = 0\nr0 /= r3", 0),
    ("r0 = 10\nr3 = 0\nr0 %= r3", 10),
    ("r0 = -10\nr0 %= 3", (u64::MAX - 9) % 3),
    ("r0 = -10\nr0 s/= 3", (-3_i64) as u64),
    ("r0 = -10\nr0 s%= 3", (-1_i64) as u64),
    ("r0 = 10\nr0 s%= -3", 1),
    ("r0 = 10\nr3 = 0\nr0 s/= r3", 0),
    ("r0 = -10\nr3 = 0\nr0 s%= r3", (-10_i64) as u64),
    ("r0 = 0x8000000000000000 ll\nr0 s/= -1", 1 << 63),
    ("r0 = 0x8000000000000000 ll\nr0 s%= -1", 0),
    ("r0 = 0xf0\nr0 |= 0x0f", 0xff),
    ("r0 = -1\nr0 &= -16", (-16_i64) as u64),
    ("r0 = 0xff\nr0 ^= -1", !0xff),
    ("r0 = 1\nr3 = 65\nr0 <<= r3", 2),
    ("r0 = -8\nr3 = 65\nr0 >>= r3", (-8_i64) as u64 >> 1),
    ("r0 = -8\nr0 s>>= 1", (-4_i64) as u64),
    ("r0 = 5\nr0 = -r0", (-5_i64) as u64),
    // Arithmetic, 32 bits: the upper half becomes zero.
    ("r0 = -1\nw0 += 1", 0),
    ("r0 = -1\nw0 = w0", 0xffff_ffff),
    ("w0 = -1", 0xffff_ffff),
    ("r0 = -1\nw0 -= 1", 0xffff_fffe),
    ("w0 = 0x10000\nw0 *= 0x10000", 0),
    ("r0 = -10\nw0 /= 3", 0xffff_fff6 / 3),
    ("r0 = -1\nr3 = 0\nw0 /= w3", 0),
    ("r0 = -1\nr3 = 0\nw0 %= w3", 0xffff_ffff),
    ("w0 = -10\nw0 s/= 3", 0xffff_fffd),
    ("w0 = -10\nw0 s%= 3", 0xffff_ffff),
    ("w0 = 0x80000000\nw0 s/= -1", 0x8000_0000),
    ("w0 = 0x80000000\nw0 s%= -1", 0),
    ("w0 = 1\nw3 = 33\nw0 <<= w3", 2),
    ("w0 = -8\nw0 >>= 1", 0x7fff_fffc),
    ("w0 = -8\nw0 s>>= 33", 0xffff_fffc),
    ("w0 = 5\nw0 = -w0", 0xffff_fffb),
    // Moves with sign extension.
    ("r3 = 0x80\nr0 = (s8)r3", !0x7f),
    ("r3 = 0x18000\nr0 = (s16)r3", !0x7fff),
    ("r3 = 0x180000000 ll\nr0 = (s32)r3", !0x7fff_ffff),
    ("r3 = 0x80\nw0 = (s8)w3", 0xffff_ff80),
    ("r3 = 0x8000\nw0 = (s16)w3", 0xffff_8000),
    // Byte swaps.
    ("r0 = 0x1122334455667788 ll\nr0 = le16 r0", 0x7788),
    ("r0 = 0x1122334455667788 ll\nr0 = le32 r0", 0x5566_7788),
    ("r0 = 0x1122334455667788 ll\nr0 = be16 r0", 0x8877),
    ("r0 = 0x1122334455667788 ll\nr0 = be32 r0", 0x8877_6655),
    ("r0 = 0x1122334455667788 ll\nr0 = be64 r0", 0x8877_6655_4433_2211),
    ("r0 = 0x1122334455667788 ll\nr0 = bswap16 r0", 0x8877),
    ("r0 = 0x1122334455667788 ll\nr0 = bswap32 r0", 0x8877_6655),
    ("r0 = 0x1122334455667788 ll\nr0 = bswap64 r0", 0x8877_6655_4433_2211),
    // Loads and stores.
    ("r0 = *(u8 *)(r1 + 3)", 4),
    ("r0 = *(u16 *)(r1 + 3)", 0x0504),
    ("r0 = *(u32 *)(r1 + 3)", 0x0706_0504),
    ("r0 = *(u64 *)(r1 + 8)", 0x100f_0e0d_0c0b_0a09),
    ("*(u8 *)(r1 + 0) = -1\nr0 = *(s8 *)(r1 + 0)", u64::MAX),
    ("*(u16 *)(r1 + 0) = -2\nr0 = *(s16 *)(r1 + 0)", u64::MAX - 1),
    ("*(u32 *)(r1 + 0) = -3\nr0 = *(s32 *)(r1 + 0)", u64::MAX - 2),
    ("*(u64 *)(r10 - 8) = -4\nr0 = *(u64 *)(r10 - 8)", u64::MAX - 3),
    ("r3 = 0x1122334455667788 ll\n*(u16 *)(r1 + 1) = r3\nr0 = *(u32 *)(r1 + 0)", 0x0477_8801),
    ("r0 = r2", 16),
    // Jumps: 64 bits compare all, 32 bits the low half; immediates are sign-extended.
    ("r0 = 1\nr3 = -1\nif r3 == -1 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = 0x100000005 ll\nif w3 == 5 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = 0x100000005 ll\nif r3 != 5 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = 1\nif r3 < -1 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = -1\nif r3 s< 0 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = -1\nif r3 > 0x7fffffff goto out\nr0 = 0\nout:", 1),
    ("r0 = 0\nr3 = 0x80000000\nif r3 s> 5 goto out\nr0 = 1\nout:", 1),
    ("r0 = 1\nw3 = 0x80000000\nif w3 s< 0 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = 7\nif r3 >= 7 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = 7\nif r3 s>= 7 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = 7\nr4 = 7\nif r3 <= r4 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = 7\nr4 = 7\nif w3 s<= w4 goto out\nr0 = 0\nout:", 1),
    ("r0 = 1\nr3 = 6\nif r3 & 2 goto out\nr0 = 0\nout:", 1),
    ("r0 = 0\nr3 = 6\nif w3 & 1 goto out\nr0 = 1\nout:", 1),
    ("r0 = 1\ngoto out\nr0 = 0\nout:", 1),
    ("r0 = 1\ngotol out\nr0 = 0\nout:", 1),
    ("r0 = 0\nloop:\nr0 += 3\nif r0 < 20 goto loop", 21),
    // Wide immediates.
    ("r0 = 0xfedcba9876543210 ll", 0xfedc_ba98_7654_3210),
    // Atomic operations.
    ("r0 = 0\nr3 = 5\nlock *(u64 *)(r1 + 0) += r3\nr0 = *(u64 *)(r1 + 0)", 0x0807_0605_0403_0206),
    ("r3 = -1\nlock *(u32 *)(r1 + 0) |= r3\nr0 = *(u64 *)(r1 + 0)", 0x0807_0605_ffff_ffff),
    ("r3 = 0xff\nlock *(u64 *)(r1 + 0) &= r3\nr0 = *(u64 *)(r1 + 0)", 1),
    ("r3 = 1\nlock *(u32 *)(r1 + 0) ^= r3\nr0 = *(u32 *)(r1 + 0)", 0x0403_0200),
    ("r0 = 1\nr0 = atomic_fetch_add(*(u64 *)(r1 + 0), r0)", 0x0807_0605_0403_0201),
    ("r0 = -1\nw0 = atomic_fetch_add(*(u32 *)(r1 + 0), w0)", 0x0403_0201),
    ("r3 = 7\nr3 = xchg(*(u64 *)(r1 + 8), r3)\nr0 = *(u64 *)(r1 + 8)", 7),
    ("r0 = 0x04030201\nr3 = 9\nw0 = cmpxchg(*(u32 *)(r1 + 0), w0, w3)\nr0 = *(u32 *)(r1 + 0)", 9),
    ("r0 = 5\nr3 = 9\nr0 = cmpxchg(*(u64 *)(r1 + 0), r0, r3)", 0x0807_0605_0403_0201),
    // Calls.
    ("r1 = 3\ncall get\nr0 += 1\nexit\nget:\nr0 = r1\nr0 *= 2", 7),
    ("r6 = 4\ncall get\nr0 = r6\nexit\nget:\nr6 = 9", 4),
    ("*(u64 *)(r10 - 8) = 4\ncall get\nr0 = *(u64 *)(r10 - 8)\nexit\nget:\n*(u64 *)(r10 - 8) = 9", 4),
    ("r3 = code get ll\ncallx r3\nexit\nget:\nr0 = 11", 11),
    ("r3 = 8\ncallx r3\nr0 += 2", 2),
];

#[test]
fn results_are_those_of_the_standard() {
    for (text, expected) in CASES {
        let code = assemble(&format!("{text}\nexit"));
        match run(&code) {
            Ok(outcome) => {
                assert_eq!(outcome.r0, *expected, "{text}");
                agrees_compiled(&code, outcome, text);
            }
            Err(trap) => panic!("{text}: {trap}"),
        }
    }
}

fn agrees_compiled(code: &[Insn], expected: Outcome, text: &str) {
    #[repr(align(8))]
    struct Aligned([u8; 16]);
    let mut memory = Aligned(core::array::from_fn(|i| i as u8 + 1));
    let got = compiled::host::run(code, bpf_runtime::jit::Checks::All, &mut memory.0, &[], FUEL);
    assert_eq!(got, Ok((expected.r0, expected.instructions)), "{text}");
}

#[test]
fn what_is_not_allowed_traps() {
    let access = |address, size| TrapReason::Access { address, size };
    let cases = [
        ("r0 = *(u64 *)(r1 + 9)", 0, access(0x2000_0000_0000_0009, 8)),
        ("r0 = *(u8 *)(r1 - 1)", 0, access(0x1fff_ffff_ffff_ffff, 1)),
        ("*(u8 *)(r10 + 0) = 1", 0, access(0x1000_0000_0000_0200, 1)),
        ("*(u64 *)(r10 - 513) = 1", 0, access(0x0fff_ffff_ffff_ffff, 8)),
        ("r3 = 0\nr0 = *(u8 *)(r3 + 0)", 1, access(0, 1)),
        ("r3 = -1\nr0 = *(u64 *)(r3 + 0)", 1, access(u64::MAX, 8)),
        ("lock *(u64 *)(r1 + 4) += r2", 0, TrapReason::Misaligned),
        ("call 4", 0, TrapReason::NoFunction),
        ("r3 = 1000000\ncallx r3", 1, TrapReason::NoFunction),
        ("callx r1", 0, TrapReason::NoFunction),
        ("self:\ncall self", 0, TrapReason::CallDepth),
        ("call map_lookup_elem", 0, TrapReason::NoMap),
        ("r3 = map[0] ll", 0, TrapReason::NoMap),
        ("call ringbuf_submit", 0, TrapReason::NoRecord),
        ("loop:\ngoto loop", 0, TrapReason::Fuel),
        ("goto 70", 71, TrapReason::Code),
        ("goto -9", usize::MAX - 7, TrapReason::Code),
        ("goto 1\nr1 = 5 ll", 2, TrapReason::Code),
    ];
    for (text, at, reason) in cases {
        let trap = run(&assemble(&format!("{text}\nexit"))).unwrap_err();
        assert_eq!((trap.at, trap.reason), (at, reason), "{text}");
    }
}

#[test]
fn fuel_is_counted_in_instructions() {
    let code = assemble("r0 = 0\nloop:\nr0 += 1\nif r0 != 10 goto loop\nexit");
    let outcome = run(&code).unwrap();
    assert_eq!(outcome.instructions, 22);
    for (fuel, ends) in [(21, false), (22, true), (0, false)] {
        let result = bpf_runtime::interp::run(code.as_slice(), &[], &[], &mut World::default(), fuel);
        assert_eq!(result.is_ok(), ends, "{fuel}");
    }
}

#[test]
fn what_the_disassembler_shows_assembles_to_the_same() {
    for (text, _) in CASES {
        let code = assemble(&format!("{text}\nexit"));
        let mut at = 0;
        let mut shown = String::new();
        while at < code.len() {
            let line = disasm(&code, at).to_string();
            // Distances are shown with their sign; an lddw of a number with "ll".
            shown += &line.replace("goto +", "goto ").replace("call pc", "call pc:");
            shown += "\n";
            at += if code[at].is_lddw() { 2 } else { 1 };
        }
        let told_apart = !["call", "code", "gotol"].iter().any(|word| text.contains(word));
        if told_apart {
            assert_eq!(assemble(&shown), code, "{text}:\n{shown}");
        }
    }
}
