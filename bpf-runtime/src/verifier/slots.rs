//! Which slots of its frame's stack are still read, from each instruction on: what is dead is forgotten where paths meet,
//! so that states which differ in nothing else are one.
//!
//! Nothing has to be proven of this analysis: what it takes for dead counts as unwritten from there on, so a program that
//! reads it after all is refused.
use alloc::vec::Vec;

use super::{
    layout::{At, Layout, reserve},
    pointers::{Known, Pointers},
    state::{Frame, WORDS},
    value::{UNWRITTEN, Word},
};
use crate::{
    helper::{self, Arg},
    isa::{FP, Op},
    map::MapSpec,
};

/// Slots of 8 bytes, bit by bit: bit `n` stands for the bytes from `-8 * (n + 1)` on.
type Slots = u64;
const ALL: Slots = u64::MAX;
const _: () = assert!(WORDS == 2 * Slots::BITS as usize);
/// Passes over the code before the analysis gives up.
pub(super) const PASSES: usize = 32;

/// What an instruction does to the stack of its frame.
#[derive(Clone, Copy, Default)]
struct Effect {
    reads: Slots,
    /// Written as a whole.
    writes: Slots,
}

/// The sets by instruction.
#[derive(Debug)]
pub struct LiveSlots(Vec<Slots>);

impl LiveSlots {
    /// Bytes for each instruction of a program, as long as it is verified.
    pub const BYTES: usize = size_of::<Slots>();

    pub fn new(layout: &Layout, maps: &[MapSpec]) -> At<Self> {
        let len = layout.ops.len();
        let effects = effects(layout, maps)?;
        let mut before = reserve(len)?;
        before.resize(len, 0);
        for _ in 0..PASSES {
            let mut changed = false;
            for at in (0..len).rev() {
                let op = layout.ops[at];
                let after = |to: Option<usize>| to.and_then(|to| before.get(to)).copied().unwrap_or(0);
                let next = op.falls_through().then_some(at + op.slots());
                let jump = op.jump_target(at).and_then(|to| usize::try_from(to).ok());
                let live = (after(next) | after(jump)) & !effects[at].writes | effects[at].reads;
                changed |= live != before[at];
                before[at] = live;
            }
            if !changed {
                return Ok(Self(before));
            }
        }
        before.fill(ALL);
        Ok(Self(before))
    }

    /// Forgets what is dead of the frame that goes on at `at`; of a caller, that is its call.
    pub fn forget_dead(&self, frame: &mut Frame, at: usize) {
        let live = self.0.get(at).copied().unwrap_or(ALL);
        for slot in 0..frame.stack.len().div_ceil(2) {
            let (high, low) = (2 * slot, 2 * slot + 1);
            // Half of a register that was stored across slots: what holds the other half may be live.
            let is_cut = matches!(frame.word(high), Word::Low(_)) || frame.word(low) == Word::High;
            if live >> slot & 1 == 0 && !is_cut {
                frame.stack[high] = UNWRITTEN;
                if let Some(low) = frame.stack.get_mut(low) {
                    *low = UNWRITTEN;
                }
            }
        }
        let written = frame.stack.iter().rposition(|word| *word != UNWRITTEN);
        frame.stack.truncate(written.map_or(0, |last| last + 1));
    }
}

/// What each instruction does.
fn effects(layout: &Layout, maps: &[MapSpec]) -> At<Vec<Effect>> {
    let mut effects = reserve(layout.ops.len())?;
    let mut pointers = Pointers::new(layout)?;
    for (at, &op) in layout.ops.iter().enumerate() {
        pointers.enter(layout, at);
        effects.push(effect(op, at, &pointers, maps));
        pointers.leave(op);
    }
    Ok(effects)
}

fn effect(op: Op, at: usize, pointers: &Pointers, maps: &[MapSpec]) -> Effect {
    let reads = |base, off: i16, size: usize| match pointers.known(base) {
        Known::Stack(place) => slots(place + i64::from(off), size as u64),
        _ if pointers.may_be_stack(at, base) => ALL,
        _ => 0,
    };
    match op {
        Op::Load { size, src, off, .. } => Effect { reads: reads(src, off, size.bytes()), writes: 0 },
        Op::Atomic { size, dst, off, .. } => Effect { reads: reads(dst, off, size.bytes()), writes: 0 },
        Op::Store { size, dst, off, .. } => match pointers.known(dst) {
            Known::Stack(place) if size.bytes() == 8 && (place + i64::from(off)) % 8 == 0 => {
                Effect { reads: 0, writes: slots(place + i64::from(off), 8) }
            }
            _ => Effect::default(),
        },
        Op::CallHelper { number } => Effect { reads: read_by_helper(number, at, pointers, maps), writes: 0 },
        // The function gets at it through what it is given only.
        Op::CallLocal { .. } | Op::CallReg { .. } => {
            let given = (1..=5).any(|register| pointers.may_be_stack(at, register));
            Effect { reads: if given { ALL } else { 0 }, writes: 0 }
        }
        _ => Effect::default(),
    }
}

/// What a helper may read, through any of its arguments.
fn read_by_helper(number: u32, at: usize, pointers: &Pointers, maps: &[MapSpec]) -> Slots {
    let Some(helper) = helper::find(number) else { return ALL };
    let map = match pointers.known(1) {
        Known::Map(map) => maps.get(map as usize),
        _ => None,
    };
    let mut reads = 0;
    for (index, register) in (0..helper.args.len()).zip(1_u8..FP) {
        let length = match helper.args[index] {
            Arg::MapKey => map.map(|map| map.key_size.into()),
            Arg::MapValue => map.map(|map| map.value_size.into()),
            _ => match pointers.known(register + 1) {
                Known::Number(length) if helper.args.get(index + 1).is_some_and(Arg::is_length) => {
                    Some(length)
                }
                _ => None,
            },
        };
        reads |= match (pointers.known(register), length) {
            (Known::Stack(place), Some(length)) => slots(place, length),
            // Memory lies from a pointer on upwards.
            (Known::Stack(place), None) => slots(place, place.unsigned_abs()),
            _ if pointers.may_be_stack(at, register) => ALL,
            _ => 0,
        };
    }
    reads
}

/// Those that so many bytes lie in.
fn slots(place: i64, bytes: u64) -> Slots {
    let end = place.saturating_add_unsigned(bytes);
    if bytes == 0 {
        return 0;
    }
    if place < -(WORDS as i64 * 4) || end > 0 {
        // Outside: it will be refused.
        return ALL;
    }
    let (first, last) = ((-end) / 8, (-place - 1) / 8);
    (ALL << first) & (ALL >> (63 - last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_slots() {
        assert_eq!(slots(-8, 8), 1);
        assert_eq!(slots(-16, 8), 2);
        assert_eq!(slots(-16, 9), 3);
        assert_eq!(slots(-12, 8), 3);
        assert_eq!(slots(-1, 1), 1);
        assert_eq!(slots(-9, 1), 2);
        assert_eq!((slots(-512, 512), slots(-512, 8)), (ALL, 1 << 63));
        assert_eq!((slots(-8, 0), slots(-520, 8), slots(-8, 9)), (0, ALL, ALL));
    }
}
