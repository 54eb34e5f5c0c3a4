//! Jumps, calls, the ends of a run, and what is too rare for a handler of its own.
use super::{Run, Slot, jump, next};
use crate::interp::TrapReason;

/// Ends the run: there is no such slot.
#[cold]
#[inline(never)]
pub(super) fn stray(run: &mut Run<'_, '_, '_>, at: usize) -> u64 {
    stop(run, at, TrapReason::Code, 0)
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
pub(super) fn trapped(run: &mut Run<'_, '_, '_>, slot: &Slot) -> u64 {
    run.at = run.index(slot);
    0
}

/// After the last slot that could be executed: the code's end, or all that the fuel allowed.
#[cold]
#[inline(never)]
pub(super) fn cut<'c>(run: &mut Run<'c, '_, '_>, rest: &'c [Slot], spare: u64) -> u64 {
    let end = run.slots.as_ptr_range().end.addr();
    let behind = end.saturating_sub(rest.as_ptr().addr()) / size_of::<Slot>();
    let at = run.slots.len().saturating_sub(behind);
    match (behind, spare) {
        (0, _) => stop(run, at, TrapReason::Code, spare),
        (_, 0) => stop(run, at, TrapReason::Fuel, spare),
        // A wide immediate took two slots and the fuel of one.
        _ => jump(run, at, spare),
    }
}

/// Keeps a trap's reason in the run: results that fit no machine register would be lent out by the handler.
#[inline]
fn kept<T>(result: Result<T, TrapReason>, ended: &mut Result<(), TrapReason>) -> Option<T> {
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
    fn step(&mut self, slot: &Slot) -> Option<usize> {
        let at = self.index(slot);
        let op = kept(self.program.ops().get(at).ok_or(TrapReason::Code), &mut self.ended)?;
        kept(self.machine.step(*op, at), &mut self.ended)?
    }

    #[inline(never)]
    fn helper(&mut self, number: u32) -> Option<u64> {
        kept(self.machine.call_helper(number), &mut self.ended)
    }

    #[inline(never)]
    pub(super) fn load(&mut self, address: u64, size: usize) -> Option<u64> {
        kept(self.machine.load(address, size), &mut self.ended)
    }

    #[inline(never)]
    pub(super) fn store(&mut self, address: u64, size: usize, value: u64) -> Option<()> {
        kept(self.machine.store(address, size, value), &mut self.ended)
    }
}

/// Any instruction, at the cost of decoding it once more.
#[inline(never)]
pub(super) fn slow<'c>(run: &mut Run<'c, '_, '_>, slot: &'c Slot, rest: &'c [Slot], spare: u64) -> u64 {
    match run.step(slot) {
        Some(target) => jump(run, target, rest.len() as u64 + spare),
        None => trapped(run, slot),
    }
}

pub(super) fn wide<'c>(run: &mut Run<'c, '_, '_>, slot: &'c Slot, rest: &'c [Slot], spare: u64) -> u64 {
    let [tail, rest @ ..] = rest else { return slow(run, slot, rest, spare) };
    run.set(slot.dst, u64::from(slot.imm as u32) | u64::from(tail.imm as u32) << 32);
    next(run, rest, spare + 1)
}

pub(super) fn goto<'c>(run: &mut Run<'c, '_, '_>, slot: &'c Slot, rest: &'c [Slot], spare: u64) -> u64 {
    jump(run, slot.at.into(), rest.len() as u64 + spare)
}

pub(super) fn call_helper<'c>(
    run: &mut Run<'c, '_, '_>,
    slot: &'c Slot,
    rest: &'c [Slot],
    spare: u64,
) -> u64 {
    let Some(r0) = run.helper(slot.imm as u32) else { return trapped(run, slot) };
    run.machine.regs[0] = r0;
    next(run, rest, spare)
}

/// Calls a function of the program; the immediate is the slot to come back to.
pub(super) fn call_local<'c>(run: &mut Run<'c, '_, '_>, slot: &'c Slot, rest: &'c [Slot], spare: u64) -> u64 {
    match run.machine.enter(slot.imm as u32 as usize, slot.at.into()) {
        Some(target) => jump(run, target, rest.len() as u64 + spare),
        // The slow form says what is wrong.
        None => slow(run, slot, rest, spare),
    }
}

pub(super) fn exit<'c>(run: &mut Run<'c, '_, '_>, _: &'c Slot, rest: &'c [Slot], spare: u64) -> u64 {
    let left = rest.len() as u64 + spare;
    match run.machine.leave() {
        Some(target) => jump(run, target, left),
        None => left,
    }
}
