//! At each step of accepted programs' runs, some state that the verifier saw at that point has to hold what the
//! registers hold: a number outside of all of them is a soundness bug, even if no access goes wrong by it.
#[path = "../../tests/common/mod.rs"]
mod common;

use super::{Limits, Unit, explore::Explorer, live::Live, prove, value::Base, value::Reg};
use crate::{
    interp::{Program, TrapReason, run_observed},
    isa::{FRAME_BYTES, Insn, REGISTERS},
};
use common::{
    MAPS, World, assemble, create_maps,
    generate::{Choice, context, program},
    loops, map_memory, timer,
};

const PROGRAMS: u64 = 3_000;

/// Whether a register may hold this value, as far as that is of interest after it.
fn holds(known: &Reg, value: u64, number: usize, live: Live) -> bool {
    if live.regs >> number & 1 == 0 {
        return true;
    }
    match known {
        // Nothing is said of it: what reads it is refused.
        Reg::Uninit => true,
        Reg::Scalar(scalar) => {
            let low = value & 0xffff_ffff;
            let fits = scalar.wide.contains(&super::num::Num::constant(value, 64))
                && scalar.low.contains(&super::num::Num::constant(low, 32));
            fits || live.precise >> number & 1 == 0
        }
        Reg::Pointer(pointer) if value == 0 => pointer.nullable,
        Reg::Pointer(pointer) => {
            let start = match pointer.base {
                Base::Stack(frame) => (i64::from(frame) + 1) * FRAME_BYTES as i64,
                _ => 0,
            };
            let off = i64::from(value as i32) - start;
            pointer.off.contains(&super::num::Num::constant(off as u64, 64))
        }
    }
}

fn check(code: &[Insn], contexts: &[[u8; 32]]) -> Result<bool, String> {
    let unit = Unit { code, hook: timer(), maps: &MAPS, lines: None };
    let limits = Limits { steps: Some(10_000), ..Limits::default() };
    prove(&unit, &limits, |explorer| observe(code, contexts, explorer)).unwrap_or(Ok(false))
}

/// Runs the program, and compares with what was proven.
fn observe(code: &[Insn], contexts: &[[u8; 32]], explorer: &Explorer<'_>) -> Result<bool, String> {
    let bound = Some(explorer.nodes.longest).filter(|bound| *bound < u64::MAX);
    let memory = map_memory();
    let maps = create_maps(&memory);
    let decoded = Program::new(code).unwrap();
    for context in contexts {
        let mut wrong = None;
        let observe = |at: usize, frames: usize, regs: &[u64; 16]| {
            let live = explorer.live.before(at);
            let mut seen = explorer.seen.iter().filter(|(a, f, _)| (*a, *f) == (at, frames));
            let covered =
                seen.any(|(_, _, known)| (0..REGISTERS).all(|n| holds(&known[n], regs[n], n, live)));
            if !covered && wrong.is_none() {
                wrong =
                    Some(format!("instruction {at}: {:x?} is in no state seen there", &regs[..REGISTERS]));
            }
        };
        // What is long is observed in part.
        let fuel = bound.unwrap_or(u64::MAX).min(3_000);
        match run_observed(&decoded, context, &maps, &mut World::default(), fuel, observe) {
            Err(trap) if bound == Some(fuel) || trap.reason != TrapReason::Fuel => {
                return Err(trap.to_string());
            }
            _ => {}
        }
        if let Some(wrong) = wrong {
            return Err(format!("{context:?}: {wrong}"));
        }
    }
    Ok(true)
}

fn all_hold(programs: u64, least: u64, program: impl Fn(&mut Choice) -> String) {
    let mut accepted = 0;
    for seed in 0..programs {
        let mut choice = Choice(seed ^ 0xabcd_0000);
        let text = program(&mut choice);
        let contexts: Vec<_> = (0..6).map(|_| context(&mut choice)).collect();
        match check(&assemble(&text), &contexts) {
            Ok(tested) => accepted += u64::from(tested),
            Err(wrong) => panic!("program {seed}: {wrong}\n{text}"),
        }
    }
    println!("{accepted} of {programs} accepted");
    assert!(accepted > least, "{accepted} accepted");
}

#[test]
fn registers_hold_what_the_verifier_saw() {
    all_hold(PROGRAMS, PROGRAMS / 15, program);
}

#[test]
fn registers_hold_what_the_verifier_saw_in_loops() {
    all_hold(PROGRAMS, PROGRAMS / 10, loops::program);
}
