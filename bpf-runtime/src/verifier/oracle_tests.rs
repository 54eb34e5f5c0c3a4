//! At each step of accepted programs' runs, some state that the verifier saw at that point has to hold what the
//! registers hold: a number outside of all of them is a soundness bug, even if no access goes wrong by it.
#[path = "../../tests/common/mod.rs"]
mod common;

use super::{Limits, Unit, explore::Explorer, live::Live, value::Base, value::Reg};
use crate::{
    interp::{Program, run_observed},
    isa::{FRAME_BYTES, Insn, REGISTERS},
};
use common::{
    MAPS, World, assemble, create_maps,
    generate::{Choice, context, program},
    map_memory, timer,
};

const PROGRAMS: u64 = 3_000;

/// Whether a register may hold this value, as far as that is of interest after it.
fn holds(known: &Reg, value: u64, number: usize, live: Live) -> bool {
    if live.regs >> number & 1 == 0 {
        return true;
    }
    match known {
        Reg::Uninit => false,
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
    let Ok(mut explorer) = Explorer::new(&unit, &Limits::default()) else { return Ok(false) };
    if explorer.walk(5_000).is_err() {
        return Ok(false);
    }
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
        run_observed(&decoded, context, &maps, &mut World::default(), 100_000, observe)
            .map_err(|trap| trap.to_string())?;
        if let Some(wrong) = wrong {
            return Err(format!("{context:?}: {wrong}"));
        }
    }
    Ok(true)
}

#[test]
fn registers_hold_what_the_verifier_saw() {
    let mut accepted = 0;
    for seed in 0..PROGRAMS {
        let mut choice = Choice(seed ^ 0xabcd_0000);
        let text = program(&mut choice);
        let contexts: Vec<_> = (0..6).map(|_| context(&mut choice)).collect();
        match check(&assemble(&text), &contexts) {
            Ok(tested) => accepted += u64::from(tested),
            Err(wrong) => panic!("program {seed}: {wrong}\n{text}"),
        }
    }
    assert!(accepted > PROGRAMS / 15, "{accepted} accepted");
}
