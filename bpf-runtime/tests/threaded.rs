//! The interpreter's two forms: prepared programs, whose instructions jump from one to the next, and the loop that
//! matches on each, as the oracle.
#![allow(clippy::unwrap_used, reason = "a mistake in a test ends it")]
mod common;

use bpf_runtime::{
    interp::{Code, Outcome, Program, Trap, run_with_memory},
    isa::{Insn, Op, opcode},
};
use common::{
    World, assemble, create_maps,
    generate::{Choice, context, program},
    map_memory,
};

/// The program in the loop's form.
struct Looped<'p>(&'p Program);

impl Code for Looped<'_> {
    fn op(&self, at: usize) -> Option<Op> {
        self.0.op(at)
    }
}

/// The result, the memory and the maps after a run in each form.
fn both(code: &[Insn], memory: &[u8], fuel: u64) -> Option<Result<Outcome, Trap>> {
    let prepared = Program::new(code).ok()?;
    let (words, oracle_words) = (map_memory(), map_memory());
    let (mut ours, mut oracle) = (memory.to_vec(), memory.to_vec());
    let result = run_with_memory(&prepared, &mut ours, &create_maps(&words), &mut World::default(), fuel);
    let expected = run_with_memory(
        &Looped(&prepared),
        &mut oracle,
        &create_maps(&oracle_words),
        &mut World::default(),
        fuel,
    );
    assert_eq!(result, expected, "fuel {fuel}: {code:?}");
    assert_eq!(ours, oracle, "{code:?}");
    let contents = |words: &[Vec<std::sync::atomic::AtomicU64>]| -> Vec<u64> {
        words.iter().flatten().map(|word| word.load(std::sync::atomic::Ordering::Relaxed)).collect()
    };
    assert_eq!(contents(&words), contents(&oracle_words), "{code:?}");
    Some(result)
}

/// One slot: any opcode that is one, with fields that often make sense.
fn slot(c: &mut Choice<'_>, at: i64, len: i64) -> Vec<Insn> {
    let register = |c: &mut Choice| c.below(11) as u8;
    let op = c.next() as u8;
    let (class, by_register) = (op & opcode::CLASS, op & opcode::X != 0);
    let jump = matches!(class, opcode::JMP | opcode::JMP32);
    let insn = Insn {
        op,
        dst: register(c),
        src: if by_register || matches!(class, opcode::LDX | opcode::STX) { register(c) } else { 0 },
        off: match class {
            opcode::ALU | opcode::ALU64 => 0,
            // Also a little before and behind the code.
            _ if jump => (c.below(len as u64 + 4) as i64 - at - 3) as i16,
            _ => c.below(48) as i16 - 16,
        },
        imm: if by_register || class == opcode::LDX { 0 } else { c.edge() as i32 },
    };
    let call = |src, imm| Insn { op: opcode::CALL, src, imm, ..Insn::default() };
    match (op, c.below(24)) {
        (_, 0) => vec![call(1, (c.below(len as u64) as i64 - at - 1) as i32)],
        (_, 1) => vec![call(0, c.below(9) as i32)],
        (_, 2) => vec![Insn { op: opcode::EXIT, ..Insn::default() }],
        (_, 3) => assemble(&format!("r{} = {} ll", c.below(10), c.next())),
        (_, 4) => assemble(&format!("r{} = map[{}][0] + 8 ll", c.below(10), 3 + c.below(2))),
        (_, 5..8) => assemble(&pair(c)),
        (_, 8) => assemble(&lookup(c)),
        _ => vec![insn],
    }
}

/// Two instructions that the prepared form may execute at once, about one register or about two.
fn pair(c: &mut Choice<'_>) -> String {
    let (a, b) = (c.below(10), c.below(11));
    let other = [a, a, c.below(10)][c.below(3) as usize];
    let source = [format!("r{b}"), c.below(40).to_string()][c.below(2) as usize].clone();
    let width = ["u8", "u16", "u32", "u64"][c.below(4) as usize];
    let first = match c.below(5) {
        0 => format!("r{a} = r{b}"),
        1 => format!("r{a} += {source}"),
        2 => format!("r{a} -= {}", c.below(4)),
        3 => format!("r{a} = *({width} *)(r{b} - {})", c.below(16)),
        _ => format!("*({width} *)(r{b} - {}) = r{a}", c.below(16)),
    };
    let (op, test) = (["=", "+=", "-=", "&=", "<<=", ">>="], ["==", "!=", "<", "<=", ">"]);
    let second = match c.below(4) {
        0 => format!("r{other} {} {source}", op[c.below(6) as usize]),
        1 => format!("r{} += r{other}", c.below(10)),
        2 => format!("if r{other} {} {source} goto +{}", test[c.below(5) as usize], c.below(3)),
        _ => format!("goto +{}", c.below(3)),
    };
    format!("{first}\n{second}")
}

/// A lookup, which may find something, and an access to it, which may lie behind its end.
fn lookup(c: &mut Choice<'_>) -> String {
    let (map, key, at, off) = (c.below(5), c.below(6), c.below(3) * 4, c.below(20));
    let width = ["u8", "u16", "u32", "u64"][c.below(4) as usize];
    let (by, same) = ([format!("r{}", c.below(11)), "1".to_owned()], c.below(8).min(1) * 8);
    let counted = format!(
        "r3 = *(u64 *)(r0 + 8)\nr3 += {}\n*(u64 *)(r0 + {same}) = r3\nr0 = 2\nexit",
        by[c.below(2) as usize]
    );
    let end = [counted, String::new()][c.below(2) as usize].clone();
    format!(
        "*(u64 *)(r10 - 8) = {key}\nr1 = map[{map}] ll\nr2 = r10\nr2 += -{}\ncall map_lookup_elem\n\
         if r0 == 0 goto +2\nr3 = *({width} *)(r0 + {off})\n*({width} *)(r0 + {at}) = r3\n{end}",
        [8, 8, 6, 2][c.below(4) as usize]
    )
}

#[test]
fn any_program_does_the_same_in_both_forms() {
    let (mut ran, mut ended) = (0, 0);
    for seed in 0..60_000 {
        let mut c = Choice::seeded(seed);
        let len = 4 + c.below(24) as i64;
        let mut code = vec![];
        while (code.len() as i64) < len {
            let next = slot(&mut c, code.len() as i64, len);
            // What is no instruction is left out: one of them refuses the whole program.
            if Program::new(&next).is_ok() {
                code.extend(next);
            }
        }
        let fuel = [c.below(20), 200, 3000][c.below(3) as usize];
        if let Some(result) = both(&code, &context(&mut c), fuel) {
            ran += 1;
            ended += u64::from(result.is_ok());
        }
    }
    println!("{ran} ran, {ended} to their exit");
    assert!(ran > 50_000 && ended > 5_000, "{ran} ran, {ended} to their exit");
}

#[test]
fn sensible_programs_do_the_same_at_any_fuel() {
    for seed in 0..300 {
        let mut c = Choice::seeded(seed);
        let code = assemble(&program(&mut c));
        let memory = context(&mut c);
        for fuel in (0..60).chain([100, 1000, u64::MAX]) {
            assert!(both(&code, &memory, fuel.min(5000)).is_some());
        }
    }
}

/// Each kind of instruction a hundred thousand times, on a stack that has no room for so many calls.
#[test]
#[cfg_attr(not(sibling_calls), ignore = "needs opt-level 1")]
fn one_instruction_jumps_to_the_next() {
    const BODIES: [&str; 12] = [
        "r2 += 1\nw3 += w2\nr4 = r2\nr4 += 7\nr5 /= r4",
        "if r2 == 5 goto +0\nif w3 > w2 goto +0\ngoto +0",
        "r2 = *(u64 *)(r1 + 0)\n*(u32 *)(r1 + 4) = r2\n*(u8 *)(r1 + 9) = 5",
        "*(u64 *)(r10 - 8) = r3\nr2 = *(s16 *)(r10 - 6)",
        "r2 = map[4][0] + 8 ll\n*(u64 *)(r2 + 0) = r3\n*(u16 *)(r2 + 8) = 3\nr3 = *(u32 *)(r2 + 4)",
        "r2 = 0x123456789 ll\nr3 = -r3\nr4 = bswap32 r4\nr5 = (s8)r2",
        "r7 = r1\ncall ktime_get_ns\nr1 = r7",
        "call function",
        "lock *(u64 *)(r1 + 8) += r2",
        "r7 = r1\n*(u64 *)(r10 - 8) = 1\nr1 = map[0] ll\nr2 = r10\nr2 += -8\ncall map_lookup_elem\nr1 = r7",
        "r2 = map[4][0] + 8 ll\nr3 = *(u64 *)(r2 + 0)\nr3 += 1\n*(u64 *)(r2 + 0) = r3\nr3 = *(u64 *)(r2 + 8)",
        "r4 = *(u16 *)(r1 + 2)\nif r4 != 9 goto +0\n*(u32 *)(r1 + 4) = r4\nr5 += 1\nr2 += r4\nr3 += r2\nr5 += -1\nif r5 < r3 goto +0",
    ];
    for body in BODIES {
        let text =
            format!("r6 = 0\nloop:\n{body}\nr6 += 1\nif r6 != 100000 goto loop\nexit\nfunction:\nexit");
        let code = assemble(&text);
        let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(move || {
            let words = map_memory();
            let program = Program::new(&code).unwrap();
            let maps = create_maps(&words);
            run_with_memory(&program, &mut [0; 32], &maps, &mut World::default(), u64::MAX).unwrap()
        });
        assert!(thread.unwrap().join().unwrap().instructions > 200_000);
    }
}

#[test]
fn a_jump_behind_the_code_ends_the_run_there() {
    let ends = |code: &[Insn]| both(code, &[0; 32], 100).unwrap().is_err();
    for text in ["goto +70", "if r1 != 0 goto -9", "gotol 100000", "r1 += 1\nif r1 != 0 goto +9"] {
        assert!(ends(&assemble(&format!("r0 = 1\n{text}\nexit"))), "{text}");
    }
    for imm in [-7, -2, 1, 100, i32::MAX, i32::MIN] {
        let call = Insn { op: opcode::CALL, src: 1, imm, ..Insn::default() };
        assert!(ends(&[call, Insn { op: opcode::EXIT, ..Insn::default() }]), "{imm}");
    }
}

#[test]
fn a_call_keeps_what_its_function_writes_by_whatever_way() {
    // The last function that runs writes r7 of its own: behind a jump back into the main part, in a function that is
    // called, in one whose address is called; and none does.
    for (function, jumped) in [
        ("r1 += 1\nexit", ""),
        ("r7 = 9\nexit", ""),
        ("if r1 != 7 goto back\nexit", "back:\nr7 = 8\nexit\n"),
        ("call inner\nexit\ninner:\nr7 = 5\nr8 = 6\nexit", ""),
        ("r2 = code inner ll\ncallx r2\nexit\ninner:\nr7 = 5\nexit", ""),
    ] {
        let text = format!(
            "r6 = 1\nr7 = 2\nr8 = 3\nr9 = 4\nr1 = r6\ncall function\nr0 = r6\nr0 <<= 8\nr0 |= r7\nr0 <<= 8\nr0 |= r8\n\
             r0 <<= 8\nr0 |= r9\nexit\n{jumped}function:\n{function}"
        );
        let outcome = both(&assemble(&text), &[0; 8], 1000).unwrap().unwrap();
        assert_eq!(outcome.r0, 0x0102_0304, "{text}");
    }
}
