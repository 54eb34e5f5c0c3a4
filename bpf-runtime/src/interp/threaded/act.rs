//! What handlers are made of: the work of one instruction, and how one or two of them become a handler.
use super::{Handler, Run, Slot, control::cut, jump};

/// How a program goes on after an instruction.
pub(super) enum Flow {
    /// With the next one.
    Next,
    /// With the one whose number is in the slot.
    Jump,
    /// The instruction was not executed: [`Act::OTHERWISE`] does it.
    Undone,
}

/// One instruction's work, without the transition to the next.
pub(super) trait Act {
    /// The handler for what `act` leaves undone.
    const OTHERWISE: Handler = cut;

    /// Executes the instruction.
    fn act(run: &mut Run<'_, '_, '_>, slot: &Slot) -> Flow;
}

/// An instruction that puts a value into its destination register.
pub(super) trait Set: Act {
    /// Executes it and gives the value, or leaves it undone.
    fn set(run: &mut Run<'_, '_, '_>, slot: &Slot) -> Option<u64>;
}

/// An instruction that takes the value that the one before has set.
pub(super) trait Take: Act {
    /// Executes it.
    fn take(run: &mut Run<'_, '_, '_>, slot: &Slot, value: u64) -> Flow;
}

/// The handler of one instruction. Not inlined into those of two, which fall back on it.
#[inline(never)]
pub(super) fn one<'c, A: Act>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [slot, rest @ ..] = code else { return cut(run, code, spare) };
    match A::act(run, slot) {
        Flow::Next => (slot.next)(run, rest, spare),
        Flow::Jump => jump(run, slot.at.into(), rest.len() as u64 + spare),
        Flow::Undone => A::OTHERWISE(run, code, spare),
    }
}

/// The handler of two instructions, the first of which does not jump: one dispatch less. The second slot's own
/// handler is for jumps to it, and for the first one's if it has to be done otherwise.
pub(super) fn two<'c, A: Act, B: Act>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [first, second, after @ ..] = code else { return one::<A>(run, code, spare) };
    if !matches!(A::act(run, first), Flow::Next) {
        return A::OTHERWISE(run, code, spare);
    }
    match B::act(run, second) {
        Flow::Next => (second.next)(run, after, spare),
        Flow::Jump => jump(run, second.at.into(), after.len() as u64 + spare),
        Flow::Undone => B::OTHERWISE(run, &code[1..], spare),
    }
}

/// As [`two`], where the second one takes what the first one set: it stays in a machine register.
pub(super) fn chain<'c, A: Set, B: Take>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [first, second, after @ ..] = code else { return one::<A>(run, code, spare) };
    let Some(value) = A::set(run, first) else { return A::OTHERWISE(run, code, spare) };
    match B::take(run, second, value) {
        Flow::Next => (second.next)(run, after, spare),
        Flow::Jump => jump(run, second.at.into(), after.len() as u64 + spare),
        Flow::Undone => B::OTHERWISE(run, &code[1..], spare),
    }
}
