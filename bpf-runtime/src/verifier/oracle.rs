//! An oracle for tests and fuzzing: at each step of an accepted program's run, some state that the verifier saw at
//! that point has to hold what the registers hold. A number outside of all of them is a soundness bug, even if no
//! access goes wrong by it.
use alloc::{
    format,
    string::{String, ToString},
};

use super::{Limits, Unit, explore::Explorer, live::Live, num::Num, prove, value::Base, value::Reg};
use crate::{
    interp::{Env, Program, TrapReason, run_observed},
    isa::{FRAME_BYTES, REGISTERS},
    map::Map,
};

/// Steps of a verification: each is kept, and each step of a run looks through them.
const STEPS: u64 = 5_000;
/// Instructions of a run that are observed at most.
const LONGEST: u64 = 3_000;

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
            let fits = scalar.wide.contains(&Num::constant(value, 64))
                && scalar.low.contains(&Num::constant(low, 32));
            fits || live.precise >> number & 1 == 0
        }
        Reg::Pointer(pointer) if value == 0 => pointer.nullable,
        Reg::Pointer(pointer) => {
            let start = match pointer.base {
                Base::Stack(frame) => (i64::from(frame) + 1) * FRAME_BYTES as i64,
                _ => 0,
            };
            let off = i64::from(value as i32) - start;
            pointer.off.contains(&Num::constant(off as u64, 64))
        }
    }
}

/// Runs a program in each context and compares; the fuel that the runs took, or `None` if the verifier refuses it.
///
/// # Errors
/// A trap, a run beyond the program's bound, or a register with a value that the verifier did not foresee.
pub fn run_accepted(
    unit: &Unit<'_>,
    contexts: &[[u8; 32]],
    maps: &[Map],
    env: &mut impl Env,
) -> Result<Option<u64>, String> {
    let limits = Limits { steps: Some(2 * STEPS), ..Limits::default() };
    let observed = |explorer: &mut Explorer<'_>| explorer.seen = Some(alloc::vec::Vec::new());
    let runs = |explorer: &mut Explorer<'_>| observe(unit, contexts, maps, env, explorer);
    prove(unit, &limits, observed, runs).map_or(Ok(None), |fuel| fuel.map(Some))
}

/// Runs the program, and compares with what was proven; gives the fuel that it took.
fn observe(
    unit: &Unit<'_>,
    contexts: &[[u8; 32]],
    maps: &[Map],
    env: &mut impl Env,
    explorer: &mut Explorer<'_>,
) -> Result<u64, String> {
    let seen = explorer.seen.take().unwrap_or_default();
    let bound = Some(explorer.nodes.longest).filter(|bound| *bound < u64::MAX);
    // What is long is observed in part.
    let fuel = bound.unwrap_or(u64::MAX).min(LONGEST);
    let decoded = Program::new(unit.code).map_err(|e| e.to_string())?;
    let mut taken = 0;
    for context in contexts {
        let mut wrong = None;
        let observe = |at: usize, frames: usize, regs: &[u64; 16]| {
            let live = explorer.live.before(at);
            let mut there = seen.iter().filter(|(a, f, _)| (*a, *f) == (at, frames));
            let covered =
                there.any(|(_, _, known)| (0..REGISTERS).all(|n| holds(&known[n], regs[n], n, live)));
            if !covered && wrong.is_none() {
                let regs = &regs[..REGISTERS];
                wrong = Some(format!("{context:?}: instruction {at}: {regs:x?} is in no state seen there"));
            }
        };
        match run_observed(&decoded, context, maps, env, fuel, observe) {
            Ok(outcome) => taken += outcome.instructions,
            Err(trap) if bound == Some(fuel) || trap.reason != TrapReason::Fuel => {
                return Err(format!("{context:?}: {trap}"));
            }
            Err(_) => taken += fuel,
        }
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
    }
    Ok(taken)
}
