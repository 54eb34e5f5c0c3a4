//! An oracle for tests and fuzzing: at each step of an accepted program's run, some state that the verifier saw at
//! that point has to hold what the registers hold. A number outside of all of them is a soundness bug, even if no
//! access goes wrong by it.
use alloc::{
    format,
    string::{String, ToString},
};

use super::{
    Limits, Unit,
    explore::Explorer,
    num::Num,
    prove,
    value::{Base, Reach, Reg},
};
use crate::{
    interp::{Env, Packet, Program, TrapReason, run_observed},
    isa::{FRAME_BYTES, REGISTERS},
    map::Map,
};

/// Steps of a verification: each is kept, and each step of a run looks through them.
const STEPS: u64 = 5_000;
/// Instructions of a run that are observed at most.
const LONGEST: u64 = 3_000;

/// Room before and behind the packets that programs run on.
const ROOM: usize = 64;

/// Whether the registers may hold these values. `places` are the addresses of the packet's metadata, start and end.
///
/// It asks for all registers, those that are dead or without influence too: what of them is known was forgotten where it was to
/// be, so nothing here depends on which these are.
fn all_hold(known: &[Reg; REGISTERS], values: &[u64; 16], places: [u64; 3]) -> bool {
    (0..REGISTERS).all(|n| {
        holds(&known[n], values[n], places)
            && (n + 1..REGISTERS).all(|m| related((&known[n], values[n]), (&known[m], values[m])))
    })
}

/// Whether two values are to each other what was known.
fn related((known, value): (&Reg, u64), (other, with): (&Reg, u64)) -> bool {
    match (known, other) {
        (Reg::Pointer(a), Reg::Pointer(b)) if a.same_anchor(b) => {
            let distance = i64::from(a.reach.fixed) - i64::from(b.reach.fixed);
            value.wrapping_sub(with) as i64 == distance
        }
        (Reg::Scalar(a), Reg::Scalar(b)) if a.id != 0 && a.id == b.id => value == with,
        _ => true,
    }
}

fn holds(known: &Reg, value: u64, [meta, data, end]: [u64; 3]) -> bool {
    match known {
        // Nothing is said of it: what reads it is refused.
        Reg::Uninit => true,
        Reg::Scalar(scalar) => {
            let low = value & 0xffff_ffff;
            scalar.wide.contains(&Num::constant(value, 64)) && scalar.low.contains(&Num::constant(low, 32))
        }
        Reg::Pointer(pointer) if value == 0 => pointer.nullable,
        Reg::Pointer(pointer) if matches!(pointer.base, Base::Stale | Base::Code(_)) => true,
        Reg::Pointer(pointer) if pointer.base == Base::PacketEnd => value == end,
        Reg::Pointer(pointer) if pointer.base.is_packet() => {
            let (start, limit) = if pointer.base == Base::Meta { (meta, data) } else { (data, end) };
            let Reach { fixed, proven } = pointer.reach;
            let reached = (value as i64 - i64::from(fixed)).wrapping_add(proven.into());
            pointer.off.contains(&Num::constant(value.wrapping_sub(start), 64))
                && (proven == Reach::NOWHERE || reached <= limit as i64)
        }
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

/// Runs a program in each context and compares. A hook's context of another size, and a packet, are made of the same bytes.
/// Gives the fuel that the runs
/// took, or `None` if the verifier refuses it.
///
/// # Errors
/// A trap, a run beyond the program's bound, or a register with a value that the verifier did not foresee.
pub fn run_accepted(
    unit: &Unit<'_>,
    contexts: &[[u8; 32]],
    maps: &[Map],
    env: &mut impl Env,
) -> Result<Option<u64>, String> {
    run_changed(unit, contexts, maps, env, |_| ())
}

/// As [`run_accepted`], of a verifier that is changed before it begins.
pub(super) fn run_changed(
    unit: &Unit<'_>,
    contexts: &[[u8; 32]],
    maps: &[Map],
    env: &mut impl Env,
    change: impl Fn(&mut Explorer<'_>),
) -> Result<Option<u64>, String> {
    let limits = Limits { steps: Some(2 * STEPS), ..Limits::default() };
    let observed = |explorer: &mut Explorer<'_>| {
        change(explorer);
        explorer.seen = Some(alloc::vec::Vec::new());
    };
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
        let observe = |at: usize, frames: usize, regs: &[u64; 16], places| {
            let mut there = seen.iter().filter(|(a, f, _)| (*a, *f) == (at, frames));
            let covered = there.any(|(_, _, known)| all_hold(known, regs, places));
            if !covered && wrong.is_none() {
                let regs = &regs[..REGISTERS];
                wrong = Some(format!("{context:?}: instruction {at}: {regs:x?} is in no state seen there"));
            }
        };
        let mut repeated = context.iter().copied().cycle();
        let mut context: alloc::vec::Vec<u8> =
            (&mut repeated).take(unit.hook.context_size as usize).collect();
        let len = usize::from(context[0] ^ context[9]) % 100;
        let mut buffer: alloc::vec::Vec<u8> = repeated.take(2 * ROOM + len).collect();
        let mut packet = Packet::new(&mut buffer, ROOM, len).ok_or("packet")?;
        match run_observed(&decoded, (unit.hook, &mut context), &mut packet, maps, env, fuel, observe) {
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
