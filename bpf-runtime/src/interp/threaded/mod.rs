//! The interpreter's fast form: direct-threaded code (Bell 1973). Each slot holds the function that executes the next
//! one, and each such function calls the following as its last act, which LLVM turns into a jump (a sibling call)
//! from opt-level 1 on. So the state of the run stays in machine registers and each instruction has an indirect
//! branch of its own, which the processor predicts.
//!
//! For that, no handler may lend out a variable of its own frame: what is not short goes to functions that are not
//! inlined and give their result in registers.
mod act;
mod alu;
mod control;
mod helper;
mod memory;
mod pair;
mod translate;

use core::hint::black_box;

use super::{
    Env, Outcome, Program, Trap, TrapReason,
    context::Context,
    machine::{Machine, Room},
};
use crate::map::Map;
use memory::Recent;
pub(super) use translate::translate;

/// Executes the first of the slots, and all after it; gives the fuel that is left. The slots are cut to what the fuel
/// allows, so that one comparison checks both; `spare` is the fuel beyond them.
type Handler = for<'r, 'c, 'a, 'e> fn(&'r mut Run<'c, 'a, 'e>, &'c [Slot], spare: u64) -> u64;

/// One slot of a program, ready to run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// The handler of the slot behind this one: at a jump's target, a handler begins with what it needs.
    next: Handler,
    imm: i32,
    /// The target's slot of a jump, the offset of an access.
    at: u16,
    dst: Reg,
    src: Reg,
}

/// A register's number: the type's range spares the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The map value that was used last.
    recent: Recent<'a>,
    /// One more than the program has: the handler of the first one stands before it.
    slots: &'c [Slot],
    program: &'c Program,
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

    /// The number of the instruction that `code` begins with.
    fn index(&self, code: &[Slot]) -> usize {
        let end = self.slots.as_ptr_range().end.addr();
        let behind = end.saturating_sub(code.as_ptr().addr()) / size_of::<Slot>();
        (self.slots.len() - 1).saturating_sub(behind)
    }
}

/// Goes on at the instruction before which `target` slots stand, with so much fuel.
#[allow(clippy::inline_always, reason = "the dispatch of jumps")]
#[inline(always)]
fn jump(run: &mut Run<'_, '_, '_>, target: usize, fuel: u64) -> u64 {
    let Some(([.., before], code)) = run.slots.split_at_checked(target) else {
        return control::stray(run, target);
    };
    match fuel.checked_sub(code.len() as u64) {
        Some(spare) => (before.next)(run, code, spare),
        None => control::short(run, target, fuel),
    }
}

/// Runs `program` in `room`, which is as large as it needs.
pub(super) fn run<'c, 'a>(
    program: &'c Program,
    context: Context<'c>,
    maps: &'c [Map<'a>],
    env: &'c mut dyn Env,
    room: Room<'c, 'a>,
    (r2, fuel): (u64, u64),
) -> Result<Outcome, Trap> {
    let mut machine = Machine::new(context, maps, env, room);
    machine.regs[2] = r2;
    let recent = Recent::default();
    let mut run = Run { machine, recent, slots: program.slots(), program, ended: Ok(()), at: 0 };
    let left = jump(&mut run, 1, fuel);
    run.machine.discard_records();
    match run.ended {
        // Hidden, for the compiler would read r0 and r1 as a vector, which waits until the store to r0 is done.
        Ok(()) => Ok(Outcome { r0: black_box(run.machine.regs[0]), instructions: fuel - left }),
        Err(reason) => Err(Trap { at: run.at, reason }),
    }
}
