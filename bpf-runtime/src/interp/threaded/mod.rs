//! The interpreter's fast form: direct-threaded code (Bell 1973). Each slot holds the function that executes it,
//! and each such function calls the next one as its last act, which LLVM turns into a jump (a sibling call) from
//! opt-level 1 on. So the state of the run stays in machine registers and each instruction has an indirect
//! branch of its own, which the processor predicts.
//!
//! For that, no handler may lend out a variable of its own frame: what is not short goes to functions that are not
//! inlined and give their result in registers.
mod alu;
mod control;
mod memory;
mod translate;

use super::{
    Env, Outcome, Program, Trap, TrapReason,
    machine::{Context, Machine},
};
use crate::map::Map;
pub(super) use translate::translate;

/// Executes the instruction, and all after it; gives the fuel that is left. The slots that follow are cut to what
/// the fuel allows, so that one comparison checks both; `spare` is the fuel beyond them.
type Handler = for<'r, 'c, 'a, 'e> fn(&'r mut Run<'c, 'a, 'e>, &'c Slot, &'c [Slot], spare: u64) -> u64;

/// One slot of a program, ready to run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    run: Handler,
    imm: i32,
    /// The target's slot of a jump, the offset of an access.
    at: u16,
    dst: Reg,
    src: Reg,
}

/// A register's number: the type's range spares the checks.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
#[rustfmt::skip]
enum Reg { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, R11, R12, R13, R14, R15 }

impl Reg {
    #[rustfmt::skip]
    fn new(number: u8) -> Self {
        use Reg::{R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, R11, R12, R13, R14, R15};
        [R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, R11, R12, R13, R14, R15][usize::from(number & 15)]
    }
}

/// The state of a run that machine registers do not hold.
#[repr(C)]
struct Run<'c, 'a, 'e> {
    machine: Machine<'c, 'a, dyn Env + 'e>,
    program: &'c Program,
    slots: &'c [Slot],
    ended: Result<(), TrapReason>,
    /// Where it ended.
    at: usize,
}

impl Run<'_, '_, '_> {
    #[inline]
    fn reg(&self, number: Reg) -> u64 {
        self.machine.regs[number as usize]
    }

    #[inline]
    fn set(&mut self, number: Reg, value: u64) {
        self.machine.regs[number as usize] = value;
    }

    fn index(&self, slot: &Slot) -> usize {
        self.slots.element_offset(slot).unwrap_or(self.slots.len())
    }
}

/// Goes on with the slot that follows.
#[allow(clippy::inline_always, reason = "the dispatch: one in each handler")]
#[inline(always)]
fn next<'c>(run: &mut Run<'c, '_, '_>, rest: &'c [Slot], spare: u64) -> u64 {
    match rest {
        [slot, rest @ ..] => (slot.run)(run, slot, rest, spare),
        [] => control::cut(run, rest, spare),
    }
}

/// Goes on at a slot, with so much fuel.
#[allow(clippy::inline_always, reason = "as `next`")]
#[inline(always)]
fn jump(run: &mut Run<'_, '_, '_>, target: usize, fuel: u64) -> u64 {
    let slots = run.slots;
    match slots.get(target..) {
        Some(rest) => {
            let len = rest.len().min(usize::try_from(fuel).unwrap_or(usize::MAX));
            next(run, &rest[..len], fuel - len as u64)
        }
        None => control::stray(run, target),
    }
}

/// Runs `program`. `stack` holds one frame, or all if there are calls.
pub(super) fn run<'c>(
    program: &'c Program,
    context: Context<'c>,
    maps: &'c [Map<'_>],
    env: &'c mut dyn Env,
    stack: &'c mut [u8],
    (r2, fuel): (u64, u64),
) -> Result<Outcome, Trap> {
    let mut machine = Machine::new(context, maps, env, stack);
    machine.regs[2] = r2;
    let mut run = Run { machine, program, slots: program.slots(), ended: Ok(()), at: 0 };
    let left = jump(&mut run, 0, fuel);
    run.machine.discard_records();
    match run.ended {
        Ok(()) => Ok(Outcome { r0: run.machine.regs[0], instructions: fuel - left }),
        Err(reason) => Err(Trap { at: run.at, reason }),
    }
}
