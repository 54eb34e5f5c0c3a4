//! Programs that the verifier accepts run to their exit: generated at random, of parts that make sense often enough
//! to be accepted and go wrong often enough to matter.
mod common;

use bpf_runtime::{
    interp::{Packet, Program, TrapReason, run, run_on_packet},
    isa::{Insn, opcode},
};
use common::{
    World, assemble, calls, check, check_on, create_maps,
    generate::{Choice, context, program},
    hook, loops, map_memory, packets,
};
use proptest::prelude::*;

const PROGRAMS: u64 = 12_000;

#[allow(clippy::unwrap_used, reason = "a mistake in a test ends it")]
/// Runs those of the programs that are accepted; how many that are.
fn run_accepted(programs: u64, program: impl Fn(&mut Choice) -> String) -> u64 {
    let memory = map_memory();
    let maps = create_maps(&memory);
    let mut accepted = 0;
    for seed in 0..programs {
        let mut c = Choice::seeded(seed);
        let text = program(&mut c);
        let code = assemble(&text);
        let Ok(summary) = check(&code) else { continue };
        accepted += 1;
        let bound = summary.instruction_bound;
        // Long ones and those without a bound run on a budget that need not suffice.
        let fuel = bound.unwrap_or(u64::MAX).min(100_000);
        let decoded = Program::new(&code).expect("it was accepted");
        for _ in 0..12 {
            let context = context(&mut c);
            match run(&decoded, &context, &maps, &mut World::default(), fuel) {
                Ok(outcome) => assert!(outcome.instructions <= fuel),
                Err(trap) if trap.reason == TrapReason::Fuel && bound != Some(fuel) => {}
                Err(trap) => panic!("program {seed}, bound {bound:?}, {context:?}: {trap}\n{text}"),
            }
            while maps[2].ring().expect("it is a ring").consume(&mut []).is_some() {}
        }
    }
    println!("{accepted} of {programs} accepted");
    accepted
}

// Both ends keep the tests honest: enough are accepted to be tested, and not all are harmless.
#[test]
fn accepted_programs_never_trap() {
    let accepted = run_accepted(PROGRAMS, program);
    assert!((PROGRAMS / 12..PROGRAMS * 9 / 10).contains(&accepted), "{accepted} accepted");
}

#[test]
fn accepted_loops_never_trap() {
    let programs = PROGRAMS / 2;
    let accepted = run_accepted(programs, loops::program);
    assert!((programs / 8..programs * 9 / 10).contains(&accepted), "{accepted} accepted");
}

#[test]
fn accepted_calls_never_trap() {
    let accepted = run_accepted(PROGRAMS / 2, |c| calls::program(c, false));
    assert!((PROGRAMS / 12..PROGRAMS * 9 / 10).contains(&accepted), "{accepted} accepted");
}

#[test]
fn accepted_calls_stay_in_their_packets() {
    run_on_packets(PROGRAMS / 4, |c| calls::program(c, true));
}

#[test]
fn accepted_programs_stay_in_their_packets() {
    run_on_packets(PROGRAMS / 4, packets::program);
}

/// As `run_accepted`, on packets; there have to be some that are accepted, and some that are not.
fn run_on_packets(programs: u64, program: impl Fn(&mut Choice) -> String) {
    let (xdp, mut accepted) = (hook("xdp"), 0);
    let memory = map_memory();
    let maps = create_maps(&memory);
    for seed in 0..programs {
        let mut c = Choice::seeded(seed ^ 0x7000);
        let text = program(&mut c);
        let code = assemble(&text);
        let Ok(summary) = check_on(xdp, &code) else { continue };
        accepted += 1;
        let fuel = summary.instruction_bound.unwrap_or(u64::MAX).min(100_000);
        let decoded = Program::new(&code).expect("it was accepted");
        // All short lengths, and a room before the packet that lets it grow or not.
        for len in 0..40 {
            let mut buffer: Vec<u8> = (0..len + 300).map(|_| c.next() as u8).collect();
            let headroom = [0, 8, 260][len % 3];
            let mut packet = Packet::new(&mut buffer, headroom, len).expect("it lies in the buffer");
            let mut context = [0; 24].map(|_: u8| c.next() as u8);
            match run_on_packet(
                &decoded,
                (xdp, &mut context),
                &mut packet,
                &maps,
                &mut World::default(),
                fuel,
            ) {
                Ok(_) => {}
                Err(trap) if trap.reason == TrapReason::Fuel && summary.instruction_bound != Some(fuel) => {}
                Err(trap) => panic!("program {seed}, {len} bytes: {trap}\n{text}"),
            }
        }
    }
    println!("{accepted} of {programs} accepted");
    assert!((programs / 8..programs * 9 / 10).contains(&accepted), "{accepted} accepted");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<[u8; 8]>(), 0..40)) {
        let code: Vec<Insn> = bytes.into_iter().map(Insn::from_bytes).collect();
        let _ = check(&code);
    }

    /// Slots with valid opcodes and small fields come further.
    #[test]
    fn any_instructions_are_judged(
        slots in proptest::collection::vec((any::<u8>(), 0..11_u8, 0..11_u8, -12..12_i16, -70..70_i32), 1..40)
    ) {
        let mut code: Vec<Insn> = slots
            .into_iter()
            .map(|(op, dst, src, off, imm)| {
                let register = op & opcode::X != 0 || matches!(op & opcode::CLASS, 1 | 3);
                let jump = matches!(op & opcode::CLASS, opcode::JMP | opcode::JMP32 | opcode::LDX | opcode::ST | opcode::STX);
                Insn {
                    op,
                    dst,
                    src: if register { src } else { 0 },
                    off: if jump { off } else { 0 },
                    imm: if register { 0 } else { imm },
                }
            })
            .collect();
        code.push(Insn { op: opcode::EXIT, ..Insn::default() });
        if let Ok(summary) = check(&code) {
            let memory = map_memory();
            let maps = create_maps(&memory);
            let result = run(code.as_slice(), &[7; 32], &maps, &mut World::default(), summary.instruction_bound.unwrap_or(10_000));
            let out_of_fuel = result.is_err_and(|trap| trap.reason == TrapReason::Fuel);
            prop_assert!(result.is_ok() || out_of_fuel && summary.instruction_bound.is_none(), "{result:?}");
        }
    }
}
