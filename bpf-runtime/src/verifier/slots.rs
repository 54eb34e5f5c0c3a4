//! Which slots of its frame's stack each instruction reads and writes, for [`super::live`]; and what becomes of those that
//! are dead, and of registers, where paths meet and part: they are forgotten, so that states which differ in nothing else are one.
//!
//! Nothing has to be proven of that, nor of [`super::live`]: what is taken for dead counts as unwritten from there on, or as any
//! number, so a program that needs it after all is refused.
use alloc::vec::Vec;

use super::{
    layout::{Layout, reserve},
    live::Live,
    pointers::{Known, Pointers},
    reason::Refused,
    state::{Frame, WORDS},
    value::{DATA, Reg, UNWRITTEN, Word},
};
use crate::{
    helper::{self, Arg},
    isa::{FP, Op, Size},
    map::MapSpec,
};

/// Slots of 8 bytes, bit by bit: bit `n` stands for the bytes from `-8 * (n + 1)` on.
pub type Slots = u64;
pub const ALL: Slots = u64::MAX;
const _: () = assert!(WORDS == 2 * Slots::BITS as usize);

/// What an instruction does to the stack of its frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effect {
    /// Those that it may read, or the ones that a store may write.
    pub touches: Slots,
    /// A store writes all of them, and that for sure.
    pub whole: bool,
}

/// Forgets what is dead of a frame, and the numbers that nothing depends on.
pub fn forget_dead(frame: &mut Frame, live: &Live) {
    for (n, reg) in frame.regs[..FP.into()].iter_mut().enumerate() {
        match reg {
            _ if live.regs >> n & 1 == 0 => *reg = Reg::Uninit,
            Reg::Scalar(_) if live.precise >> n & 1 == 0 => *reg = Reg::unknown(),
            _ => {}
        }
    }
    for slot in 0..frame.stack.len().div_ceil(2) {
        let words = 2 * slot..(2 * slot + 2).min(frame.stack.len());
        if live.slots >> slot & 1 == 0 {
            // Half of a register that was stored across slots: what holds the other half may be live.
            let is_cut =
                matches!(frame.word(words.start), Word::Low(_)) || *frame.word(words.start + 1) == Word::High;
            if !is_cut {
                frame.stack[words].fill(UNWRITTEN);
            }
        } else if live.numbers >> slot & 1 == 0 {
            for word in &mut frame.stack[words] {
                match word {
                    Word::Half(_) => *word = DATA,
                    Word::Low(reg @ Reg::Scalar(_)) => *reg = Reg::unknown(),
                    _ => {}
                }
            }
        }
    }
    let written = frame.stack.iter().rposition(|word| *word != UNWRITTEN);
    frame.stack.truncate(written.map_or(0, |last| last + 1));
}

/// What each instruction does.
pub fn effects(layout: &Layout, maps: &[MapSpec]) -> Result<Vec<Effect>, Refused> {
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
    let reached = |base, off: i16, size: usize| match pointers.known(base) {
        Known::Stack(place) => slots(place + i64::from(off), size as u64),
        _ if pointers.may_be_stack(at, base) => ALL,
        _ => 0,
    };
    let whole = |base, off: i16, size| {
        let Known::Stack(place) = pointers.known(base) else { return false };
        size == Size::D && (place + i64::from(off)) % 8 == 0
    };
    let (touches, whole) = match op {
        Op::Load { size, src: base, off, .. } | Op::Atomic { size, dst: base, off, .. } => {
            (reached(base, off, size.bytes()), false)
        }
        Op::Store { size, dst, off, .. } => (reached(dst, off, size.bytes()), whole(dst, off, size)),
        Op::CallHelper { number } => (read_by_helper(number, at, pointers, maps), false),
        // The function gets at it through what it is given only.
        Op::CallLocal { .. } | Op::CallReg { .. } => {
            let given = (1..=5).any(|register| pointers.may_be_stack(at, register));
            (if given { ALL } else { 0 }, false)
        }
        _ => (0, false),
    };
    Effect { touches, whole }
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
