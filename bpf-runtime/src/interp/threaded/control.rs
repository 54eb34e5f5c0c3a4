//! Jumps, calls, the ends of a run, and what is too rare for a handler of its own.
use super::{
    Run, Slot,
    act::{Act, Flow, one},
    alu::SetImm,
    jump,
};
use crate::{
    interp::{
        TrapReason,
        memory::{CODE, MAP, STACK_BYTES, address, split},
    },
    isa::{FP, FRAME_BYTES, Op},
};

/// Ends the run: there is no instruction with this many slots before it.
#[cold]
#[inline(never)]
pub(super) fn stray(run: &mut Run<'_, '_, '_>, target: usize) -> u64 {
    stop(run, target.wrapping_sub(1), TrapReason::Code, 0)
}

/// Ends the run with a trap.
fn stop(run: &mut Run<'_, '_, '_>, at: usize, reason: TrapReason, left: u64) -> u64 {
    run.ended = Err(reason);
    run.at = at;
    left
}

/// Ends the run with the trap that a function left behind.
#[cold]
#[inline(never)]
pub(super) fn trapped(run: &mut Run<'_, '_, '_>, code: &[Slot]) -> u64 {
    run.at = run.index(code);
    0
}

/// As [`jump`], with fuel that may not last to the code's end.
#[cold]
#[inline(never)]
pub(super) fn short(run: &mut Run<'_, '_, '_>, target: usize, fuel: u64) -> u64 {
    match run.slots.split_at_checked(target) {
        Some(([.., before], code)) => {
            let len = code.len().min(usize::try_from(fuel).unwrap_or(usize::MAX));
            (before.next)(run, &code[..len], fuel - len as u64)
        }
        _ => stray(run, target),
    }
}

/// There are no more slots that could be executed: it is the code's end, or all that the fuel allowed.
#[cold]
#[inline(never)]
pub(super) fn cut<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let at = run.index(code);
    match (at + 1 < run.slots.len(), spare) {
        (false, _) => stop(run, at, TrapReason::Code, spare),
        (_, 0) => stop(run, at, TrapReason::Fuel, spare),
        // A wide immediate took two slots and the fuel of one.
        _ => short(run, at + 1, spare),
    }
}

/// Keeps a trap's reason in the run: results that fit no machine register would be lent out by the handler.
#[inline]
pub(super) fn kept<T>(result: Result<T, TrapReason>, ended: &mut Result<(), TrapReason>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(reason) => {
            *ended = Err(reason);
            None
        }
    }
}

impl Run<'_, '_, '_> {
    /// Executes any one instruction in the slow form.
    #[inline(never)]
    fn step(&mut self, code: &[Slot]) -> Option<usize> {
        let at = self.index(code);
        let op = kept(self.program.ops().get(at).ok_or(TrapReason::Code), &mut self.ended)?;
        kept(self.machine.step(*op, at), &mut self.ended)?
    }

    #[inline(never)]
    fn load_packet(&mut self, code: &[Slot]) -> Option<bool> {
        match self.program.ops().get(self.index(code)) {
            Some(&Op::LoadPacket { size, index, off }) => {
                kept(self.machine.load_legacy(size, index, off), &mut self.ended)
            }
            _ => kept(Err(TrapReason::Code), &mut self.ended),
        }
    }
}

/// A legacy packet load, which is an exit where the packet is too short.
pub(super) fn load_packet<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [slot, rest @ ..] = code else { return cut(run, code, spare) };
    match run.load_packet(code) {
        Some(true) => (slot.next)(run, rest, spare),
        Some(false) => rest.len() as u64 + spare,
        None => trapped(run, code),
    }
}

/// Any instruction, at the cost of decoding it once more.
#[inline(never)]
pub(super) fn slow<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [_, rest @ ..] = code else { return cut(run, code, spare) };
    match run.step(code) {
        Some(target) => jump(run, target.wrapping_add(1), rest.len() as u64 + spare),
        None => trapped(run, code),
    }
}

pub(super) fn wide<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [slot, tail, rest @ ..] = code else { return slow(run, code, spare) };
    run.set(slot.dst, u64::from(slot.imm as u32) | u64::from(tail.imm as u32) << 32);
    (tail.next)(run, rest, spare + 1)
}

/// A map's handle.
pub(super) fn map_handle<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [slot, tail, rest @ ..] = code else { return slow(run, code, spare) };
    let map = slot.imm as u32;
    if map as usize >= run.machine.maps.len() {
        return slow(run, code, spare);
    }
    run.set(slot.dst, address(MAP | map));
    (tail.next)(run, rest, spare + 1)
}

/// An unconditional jump.
pub(super) struct Goto;

impl Act for Goto {
    #[inline]
    fn act(_: &mut Run<'_, '_, '_>, _: &Slot) -> Flow {
        Flow::Jump
    }
}

/// Calls a function of the program and goes on behind the call. The handlers' own stack keeps what has to come back:
/// there are few frames. r6 to r9 are among that if `KEEP`.
#[allow(clippy::inline_always, reason = "few handlers, of which one is common")]
#[inline(always)]
fn enter<'c, const KEEP: bool>(
    run: &mut Run<'c, '_, '_>,
    code: &'c [Slot],
    spare: u64,
    target: usize,
) -> u64 {
    let [slot, rest @ ..] = code else { return cut(run, code, spare) };
    let [_, _, _, _, _, _, r6, r7, r8, r9, fp, ..] = run.machine.regs;
    if fp as u32 as usize >= STACK_BYTES {
        // It says what is wrong.
        return slow(run, code, spare);
    }
    run.machine.regs[usize::from(FP)] = fp + FRAME_BYTES as u64;
    let left = jump(run, target, rest.len() as u64 + spare);
    if run.ended.is_err() {
        return left;
    }
    run.machine.regs[usize::from(FP)] = fp;
    if KEEP {
        for (now, before) in run.machine.regs[6..10].iter_mut().zip([r6, r7, r8, r9]) {
            // Compared, for the compiler would make a vector of them otherwise, and its load would wait until the
            // stores of its parts have left the processor's store queue.
            if *now != before {
                *now = before;
            }
        }
    }
    match left.checked_sub(rest.len() as u64) {
        Some(spare) => (slot.next)(run, rest, spare),
        None => short(run, run.index(rest) + 1, left),
    }
}

/// Calls the function before which as many slots stand as the immediate says. `KEEP`: it may write r6 to r9.
pub(super) fn call_local<'c, const KEEP: bool>(
    run: &mut Run<'c, '_, '_>,
    code: &'c [Slot],
    spare: u64,
) -> u64 {
    let [slot, ..] = code else { return cut(run, code, spare) };
    enter::<KEEP>(run, code, spare, slot.imm as usize)
}

/// Calls what is in a register.
pub(super) fn call_reg<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [slot, ..] = code else { return cut(run, code, spare) };
    match split(run.reg(slot.dst)) {
        (CODE, target) => enter::<true>(run, code, spare, target + 1),
        _ => slow(run, code, spare),
    }
}

/// Ends the run, or the function.
pub(super) fn exit<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [_, rest @ ..] = code else { return cut(run, code, spare) };
    rest.len() as u64 + spare
}

/// A number to a register, and the end of the run or the function.
pub(super) fn set_and_exit<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [set, _, rest @ ..] = code else { return one::<SetImm>(run, code, spare) };
    run.set(set.dst, i64::from(set.imm) as u64);
    rest.len() as u64 + spare
}
