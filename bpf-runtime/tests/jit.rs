//! Compiled code does what the interpreter does: cases, random programs, traps.
mod common;
mod compiled;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bpf_runtime::{
    interp::{Program, TrapReason, run_with_memory},
    isa::{Insn, disasm},
    jit::{Checks, Trap},
};
use common::{
    World, assemble, check, create_maps,
    generate::{Choice, context, program},
    map_memory,
};
use compiled::{host, random};

const FUEL: u64 = 100_000;
/// Random programs are many where they run fast: the other machines are emulated.
const EMULATED: bool = cfg!(not(target_arch = "x86_64"));
const BOTH: [Checks; 2] = [Checks::All, Checks::Verified];

#[test]
fn random_instructions_give_the_same() {
    let mut rng = random::Rng(0x9e37_79b9_7f4a_7c15);
    for _ in 0..if EMULATED { 3000 } else { 20_000 } {
        let code = random::program(&mut rng);
        let expected = run_with_memory(code.as_slice(), &mut [], &[], &mut World::default(), FUEL).unwrap();
        for checks in BOTH {
            let got = host::run(&code, checks, &mut [], &[], FUEL);
            assert_eq!(got, Ok((expected.r0, expected.instructions)), "{checks:?}\n{}", listing(&code));
        }
    }
}

fn listing(code: &[Insn]) -> String {
    let lines: Vec<_> = (0..code.len()).map(|at| disasm(code, at).to_string()).collect();
    lines.join("\n")
}

fn words(memory: &[Vec<AtomicU64>]) -> Vec<u64> {
    memory.iter().flatten().map(|word| word.load(Relaxed)).collect()
}

#[test]
fn accepted_programs_give_the_same() {
    let mut accepted = 0;
    for seed in 0..if EMULATED { 1000 } else { 3000 } {
        let mut c = Choice::seeded(seed);
        let text = program(&mut c);
        let code = assemble(&text);
        let Ok(summary) = check(&code) else { continue };
        let Some(bound) = summary.instruction_bound else { continue };
        accepted += 1;
        let memories = [map_memory(), map_memory(), map_memory()];
        let maps: Vec<_> = memories.iter().map(|memory| create_maps(memory)).collect();
        let decoded = Program::new(&code).unwrap();
        for _ in 0..4 {
            let context = context(&mut c);
            let outcome =
                bpf_runtime::interp::run(&decoded, &context, &maps[0], &mut World::default(), bound);
            let expected = outcome.map(|outcome| (outcome.r0, outcome.instructions)).unwrap();
            for (i, checks) in [(1, Checks::All), (2, Checks::Verified)] {
                let on = (maps[i].as_slice(), memories[i].as_slice());
                let got = host::run_on(&code, checks, &mut context.clone(), on, bound);
                assert_eq!(got, Ok(expected), "program {seed}, {checks:?}, {context:?}\n{text}");
                assert_eq!(words(&memories[i]), words(&memories[0]), "program {seed}\n{text}");
            }
        }
    }
    assert!(accepted > if EMULATED { 100 } else { 300 }, "{accepted} accepted");
}

/// A copy and the operation on it that follows are compiled as one.
#[test]
fn operations_on_copies_give_the_same() {
    let numbers =
        "r0 = 0x8000000000000005 ll\nr1 = -7\nr2 = 3\nr3 = 0xfedcba9800000011 ll\nr4 = 0x180000021 ll\n";
    for op in ["+=", "-=", "*=", "/=", "s/=", "|=", "&=", "<<=", ">>=", "%=", "s%=", "^=", "s>>=", "="] {
        for (copy, width) in [("r", "r"), ("r", "w"), ("w", "w"), ("w", "r")] {
            let mut text = vec![String::from("r9 = 0\n")];
            for (dst, lhs) in [(0, 1), (0, 4), (3, 0), (3, 4), (4, 0), (4, 3), (2, 4), (3, 3)] {
                for rhs in [dst, lhs, 2, 4, 0].map(|rhs| format!("{width}{rhs}")).into_iter().chain(
                    ["0", "1", "4", "-1", "37", "2047", "-2049", "65535", "0x12345678"].map(str::to_owned),
                ) {
                    text.push(format!(
                        "{numbers}{copy}{dst} = {copy}{lhs}\n{width}{dst} {op} {rhs}\nr9 *= 31\nr9 += r{dst}\n"
                    ));
                }
            }
            let code = assemble(&format!("{}r0 = r9\nexit", text.concat()));
            let expected =
                run_with_memory(code.as_slice(), &mut [], &[], &mut World::default(), FUEL).unwrap();
            let got = host::run(&code, Checks::Verified, &mut [], &[], FUEL);
            assert_eq!(got, Ok((expected.r0, expected.instructions)), "{copy} {width} {op}");
        }
    }
    let code = assemble(
        "r3 = r10\nr3 += -8\n*(u64 *)(r3 + 0) = 5\nr0 = r3\nr0 -= r10\nr1 = *(u64 *)(r10 - 8)\nr0 += r1\nexit",
    );
    assert_eq!(host::run(&code, Checks::All, &mut [], &[], FUEL), Ok((-3_i64 as u64, 8)));
    // Only the operation is jumped to: here the copy is not made.
    let code = assemble("r0 = 1\nr3 = 5\nif r0 != 0 goto only\nr0 = r3\nonly:\nr0 += 2\nexit");
    assert_eq!(host::run(&code, Checks::All, &mut [], &[], FUEL), Ok((3, 5)));
}

/// A program without its exit; the slot and the reason of its end.
const TRAPS: &[(&str, u32, Trap)] = &[
    ("r0 = *(u64 *)(r1 + 9)", 0, Trap::Access),
    ("r0 = *(u32 *)(r1 + 13)", 0, Trap::Access),
    ("r0 = *(u16 *)(r1 + 15)", 0, Trap::Access),
    ("r0 = *(u8 *)(r1 + 16)", 0, Trap::Access),
    ("r0 = *(u8 *)(r1 - 1)", 0, Trap::Access),
    ("r0 = *(u64 *)(r1 - 7)", 0, Trap::Access),
    ("*(u64 *)(r1 + 9) = r2", 0, Trap::Access),
    ("*(u8 *)(r1 + 16) = 1", 0, Trap::Access),
    ("r3 = 0\nr0 = *(u8 *)(r3 + 0)", 1, Trap::Access),
    ("r3 = -1\nr0 = *(u64 *)(r3 + 0)", 1, Trap::Access),
    ("*(u64 *)(r10 - 513) = 1", 0, Trap::Access),
    ("r3 = r10\nr3 += 3577\n*(u64 *)(r3 + 0) = 1", 2, Trap::Access),
    ("lock *(u64 *)(r1 + 4) += r2", 0, Trap::Misaligned),
    ("lock *(u32 *)(r10 - 6) += r2", 0, Trap::Misaligned),
    ("lock *(u64 *)(r1 + 16) += r2", 0, Trap::Access),
    ("call 4", 0, Trap::NoFunction),
    ("call 134", 0, Trap::NoFunction),
    ("call 300000000", 0, Trap::NoFunction),
    ("r3 = 1000000\ncallx r3", 1, Trap::NoFunction),
    ("callx r1", 0, Trap::NoFunction),
    ("r3 = code get ll\nr3 += 1\ncallx r3\nexit\nget:", 3, Trap::NoFunction),
    ("r3 = 4\ncallx r3", 1, Trap::NoFunction),
    ("self:\ncall self", 0, Trap::CallDepth),
    ("self:\nr3 = code self ll\ncallx r3", 2, Trap::CallDepth),
    ("r1 = 0\ncall map_lookup_elem", 1, Trap::Helper),
    ("loop:\ngoto loop", 0, Trap::Fuel),
    ("r3 = 1\nloop:\nif r3 != 0 goto loop", 1, Trap::Fuel),
    ("if r1 != 0 goto 1\nexit\nr0 = 1", 3, Trap::Code),
];

#[test]
fn what_is_not_allowed_traps() {
    for &(text, at, trap) in TRAPS {
        let end = if trap == Trap::Code { "" } else { "\nexit" };
        let code = assemble(&format!("{text}{end}"));
        let mut memory = Aligned([7; 16]);
        assert_eq!(host::run(&code, Checks::All, &mut memory.0, &[], FUEL), Err((trap, at)), "{text}");
        assert_eq!(memory.0, [7; 16], "{text}");
    }
}

#[repr(align(8))]
struct Aligned([u8; 16]);

#[test]
fn fuel_is_counted_in_instructions() {
    let code = assemble("r0 = 0\nloop:\nr0 += 1\nif r0 != 10 goto loop\nexit");
    for checks in BOTH {
        assert_eq!(host::run(&code, checks, &mut [], &[], 22), Ok((10, 22)));
        assert_eq!(host::run(&code, checks, &mut [], &[], 21), Err((Trap::Fuel, 3)));
        assert_eq!(host::run(&code, checks, &mut [], &[], 20), Err((Trap::Fuel, 1)));
        assert_eq!(host::run(&code, checks, &mut [], &[], 0), Err((Trap::Fuel, 0)));
    }
}

/// Loops that ask their condition at the top: where they jump back to it, it is asked in place of the jump.
#[test]
fn loops_with_the_condition_above_give_the_same() {
    for test in ["==", "!=", ">", ">=", "<", "<=", "s>", "s>=", "s<", "s<=", "&"] {
        for (width, end) in [("r", "r2"), ("w", "w2"), ("r", "12"), ("w", "12"), ("r", "-12"), ("w", "-12")] {
            for start in ["0", "12", "-20", "0x7ffffff0", "0xfffffff0 ll", "0x7ffffffffffffff5 ll"] {
                let code = assemble(&format!(
                    "r0 = 0\nr2 = 12\nr1 = {start}\n\
                     head:\nif {width}1 {test} {end} goto out\nr0 += r1\nr1 += 1\nif r0 s> 900 goto out\n\
                     r3 += 1\nif r3 > 40 goto out\ngoto head\nout:\nr0 ^= r1\nexit"
                ));
                let expected =
                    run_with_memory(code.as_slice(), &mut [], &[], &mut World::default(), FUEL).unwrap();
                let all = expected.instructions;
                for checks in BOTH {
                    let run = |fuel| host::run(&code, checks, &mut [], &[], fuel);
                    assert_eq!(run(all), Ok((expected.r0, all)), "{width} {test} {end} {start}");
                    assert!(matches!(run(all - 1), Err((Trap::Fuel, _))), "{width} {test} {end} {start}");
                }
            }
        }
    }
    let code = assemble("r1 = 0\nhead:\nif r1 >= 3 goto out\nr1 += 1\ngoto head\nout:\nr0 = r1\nexit");
    // At the condition's second turn: it is what ends the run, not the jump.
    assert_eq!(host::run(&code, Checks::All, &mut [], &[], 4), Err((Trap::Fuel, 1)));
}

#[test]
fn functions_have_frames_of_their_own_and_keep_registers() {
    let down = "*(u64 *)(r10 - 8) = r1\nr6 = r1\nr7 = r1\nr8 = r1\nr9 = r1\nr0 = r1\nif r1 == 0 goto out\nr1 += -1\n\
                call down\nr0 += r6\nr0 += r7\nr0 += r8\nr0 += r9\nr1 = *(u64 *)(r10 - 8)\nr0 += r1\nout:";
    let code = assemble(&format!("r1 = 6\ncall down\nexit\ndown:\n{down}\nexit"));
    let expected = run_with_memory(code.as_slice(), &mut [], &[], &mut World::default(), FUEL).unwrap();
    for checks in BOTH {
        let got = host::run(&code, checks, &mut [], &[], FUEL);
        assert_eq!(got, Ok((expected.r0, expected.instructions)));
    }
    let deeper = assemble(&format!("r1 = 7\ncall down\nexit\ndown:\n{down}\nexit"));
    let trap = run_with_memory(deeper.as_slice(), &mut [], &[], &mut World::default(), FUEL).unwrap_err();
    assert_eq!(trap.reason, TrapReason::CallDepth);
    assert_eq!(host::run(&deeper, Checks::All, &mut [], &[], FUEL), Err((Trap::CallDepth, trap.at as u32)));
}

#[test]
fn each_set_of_registers_that_functions_write_is_kept() {
    for set in 0..16 {
        let written = (6..10).filter(|n| set >> (n - 6) & 1 != 0);
        let writes: Vec<_> =
            written.map(|n| format!("r{n} = 77\nlock *(u64 *)(r10 - 8) += r{n}\n")).collect();
        let writes = writes.concat();
        for call in ["call f", "r3 = code f ll\ncallx r3"] {
            let sum = "r0 += r6\nr0 *= 3\nr0 += r7\nr0 *= 3\nr0 += r8\nr0 *= 3\nr0 += r9\n";
            let text = format!(
                "r6 = 1\nr7 = 2\nr8 = 3\nr9 = 4\n*(u64 *)(r10 - 8) = 5\n{call}\n{sum}r1 = *(u64 *)(r10 - 8)\nr0 += r1\n\
                 exit\nf:\n*(u64 *)(r10 - 8) = 6\n{writes}call g\nr1 = *(u64 *)(r10 - 8)\nr0 += r1\nexit\n\
                 g:\n*(u64 *)(r10 - 8) = 7\n{writes}call get_smp_processor_id\nexit"
            );
            let code = assemble(&text);
            let expected =
                run_with_memory(code.as_slice(), &mut [], &[], &mut World::default(), FUEL).unwrap();
            for checks in BOTH {
                let got = host::run(&code, checks, &mut [], &[], FUEL);
                assert_eq!(got, Ok((expected.r0, expected.instructions)), "{text}");
            }
        }
    }
}
