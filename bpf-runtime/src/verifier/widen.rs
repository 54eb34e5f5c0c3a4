//! Guesses of what holds at a loop's head each turn: what held before, widened by what one more turn gives. A guess
//! need not be right: the walk over the loop proves it or not.
use alloc::vec::Vec;

use super::{
    num::{Num, ones, signed},
    reason::Refused,
    scalar::Scalar,
    state::{Frame, State},
    value::{Pointer, Reach, Reg, Word},
};
use crate::isa::Width;

/// Bounds that are tried before none.
#[derive(Debug, Default)]
pub struct Marks(Vec<i64>);

impl Marks {
    /// More than these are not kept.
    const MOST: usize = 96;

    /// A number that the loop compares with, and its neighbours.
    pub fn add(&mut self, x: i64) {
        for x in [x.wrapping_sub(1), x, x.wrapping_add(1)] {
            if self.0.len() < Self::MOST && !self.0.contains(&x) && self.0.try_reserve(1).is_ok() {
                self.0.push(x);
            }
        }
    }

    fn up<T: Ord + Copy>(&self, x: T, end: T, read: impl Fn(i64) -> T) -> T {
        self.0.iter().map(|&mark| read(mark)).filter(|mark| *mark >= x).min().unwrap_or(end)
    }

    fn down<T: Ord + Copy>(&self, x: T, end: T, read: impl Fn(i64) -> T) -> T {
        self.0.iter().map(|&mark| read(mark)).filter(|mark| *mark <= x).max().unwrap_or(end)
    }
}

/// Widens `old` by `new`.
pub fn widen(old: &mut State, new: &State, marks: &Marks) -> Result<(), Refused> {
    let mut last_id = old.new_id();
    let mut anchors = Anchors { last_id: &mut last_id, known: Vec::new(), marks };
    for (old, new) in old.frames.iter_mut().zip(&new.frames) {
        for (old, new) in old.regs.iter_mut().zip(&new.regs) {
            *old = anchors.reg(old, new);
        }
        old.depth = old.depth.max(new.depth);
        widen_stack(old, new, &mut anchors)?;
    }
    old.reset_ids(last_id);
    Ok(())
}

/// Anchors in a packet that moved: pointers that moved by the same keep what they are to each other.
struct Anchors<'a> {
    last_id: &'a mut u32,
    /// The ids before and behind a turn, the distance, and the new id.
    known: Vec<(u32, u32, i32, u32)>,
    marks: &'a Marks,
}

impl Anchors<'_> {
    fn reg(&mut self, old: &Reg, new: &Reg) -> Reg {
        match (old, new) {
            (Reg::Scalar(old), Reg::Scalar(new)) => Reg::Scalar(widen_scalar(old, new, self.marks)),
            (Reg::Pointer(old), Reg::Pointer(new)) if old.base == new.base => self.pointer(old, new),
            _ => Reg::Uninit,
        }
    }

    fn pointer(&mut self, old: &Pointer, new: &Pointer) -> Reg {
        let nullable = old.nullable || new.nullable;
        let widened = Pointer { nullable, off: widen_num(&old.off, &new.off, 64, self.marks), ..*old };
        if !old.base.is_packet() {
            return Reg::Pointer(widened);
        }
        let Some(shift) = new.reach.fixed.checked_sub(old.reach.fixed) else { return Reg::Uninit };
        let Some(id) = self.anchor(old.id, new.id, shift) else { return Reg::Uninit };
        Reg::Pointer(Pointer { id, reach: widen_reach(old.reach, new.reach, shift), ..widened })
    }

    /// The anchor that stands for both; `None`: memory is out.
    fn anchor(&mut self, old: u32, new: u32, shift: i32) -> Option<u32> {
        if (old, shift) == (new, 0) {
            return Some(old);
        }
        let is_it = |known: &&(u32, u32, i32, u32)| (known.0, known.1, known.2) == (old, new, shift);
        if let Some(known) = self.known.iter().find(is_it) {
            return Some(known.3);
        }
        self.known.try_reserve(1).ok()?;
        *self.last_id += 1;
        self.known.push((old, new, shift, *self.last_id));
        Some(*self.last_id)
    }
}

/// What stays proven from the anchor on: all that was, or that the packet goes on to the pointer.
fn widen_reach(old: Reach, new: Reach, shift: i32) -> Reach {
    let still = |proven: i32| new.proven_from(shift).is_some_and(|new| proven <= new);
    let to_pointer = old.proven.min(old.fixed);
    let proven =
        [old.proven, to_pointer].into_iter().find(|&proven| proven != Reach::NOWHERE && still(proven));
    Reach { fixed: old.fixed, proven: proven.unwrap_or(Reach::NOWHERE) }
}

fn widen_stack(old: &mut Frame, new: &Frame, anchors: &mut Anchors<'_>) -> Result<(), Refused> {
    let before = core::mem::take(&mut old.stack);
    let (words, marks) = (before.len(), anchors.marks);
    let before = Frame { stack: before, ..*old };
    let mut pair = |n: usize| match (before.word(n), new.word(n)) {
        (Word::Low(a), Word::Low(b)) if n > 0 => {
            let whole = matches!((before.word(n - 1), new.word(n - 1)), (Word::High, Word::High));
            Some(anchors.reg(a, b)).filter(|reg| whole && !matches!(reg, Reg::Uninit))
        }
        _ => None,
    };
    for n in 0..words {
        let word = match (before.word(n), new.word(n)) {
            (Word::High, Word::High) if pair(n + 1).is_some() => Word::High,
            (Word::Half(a), Word::Half(b)) => Word::Half(widen_scalar(a, b, marks)),
            _ => pair(n).map_or(Word::Bytes(written(&before, n) & written(new, n)), Word::Low),
        };
        old.set_word(n, word)?;
    }
    Ok(())
}

/// The bytes of a word that hold data.
fn written(frame: &Frame, n: usize) -> u8 {
    let number = |n| matches!(frame.word(n), Word::Low(Reg::Scalar(_)));
    match frame.word(n) {
        Word::Bytes(written) => *written,
        Word::Half(_) => 15,
        Word::Low(_) => {
            if number(n) {
                15
            } else {
                0
            }
        }
        Word::High => {
            if number(n + 1) {
                15
            } else {
                0
            }
        }
    }
}

fn widen_scalar(old: &Scalar, new: &Scalar, marks: &Marks) -> Scalar {
    if old.contains(new) && (old.id == 0 || new.id != 0) {
        return *old;
    }
    let wide = widen_num(&old.wide, &new.wide, 64, marks);
    let low = widen_num(&old.low, &new.low, 32, marks);
    let mut either = Scalar { wide, low, id: 0 };
    if either.sync() { either } else { Scalar::unknown() }
}

pub(super) fn widen_num(old: &Num, new: &Num, bits: u32, marks: &Marks) -> Num {
    if old.contains(new) {
        return *old;
    }
    let any = Num::unknown(bits);
    let (unsigned, read) = (|mark: i64| mark as u64 & ones(bits), |mark: i64| signed(mark as u64, bits));
    // Bits from the lowest that changes on are unknown: those below say what the number is a multiple of.
    let differ = (old.value ^ new.value) | (old.mask ^ new.mask) | old.mask;
    let mask = if differ == 0 { 0 } else { u64::MAX << differ.trailing_zeros() & ones(bits) };
    Num {
        value: old.value & !mask,
        mask,
        umin: if new.umin < old.umin { marks.down(new.umin, any.umin, unsigned) } else { old.umin },
        umax: if new.umax > old.umax { marks.up(new.umax, any.umax, unsigned) } else { old.umax },
        smin: if new.smin < old.smin { marks.down(new.smin, any.smin, read) } else { old.smin },
        smax: if new.smax > old.smax { marks.up(new.smax, any.smax, read) } else { old.smax },
    }
    .tight(bits)
}

/// What a number is that began as `start` and changed by `by` at most so many times.
pub fn counted(start: &Num, by: i64, times: u64, bits: u32) -> Num {
    let by = Num::constant(by as u64, bits);
    let times =
        if bits == 64 || times <= ones(bits) { Num::range(0, times, bits) } else { Num::unknown(bits) };
    start.add(&times.alu(crate::isa::Alu::Mul, &by, bits), bits)
}

/// The most times that a number can change by `by` and stay in its range, which it can't wrap around in.
pub fn times(range: &Num, by: i64, bits: u32) -> Option<u64> {
    let by = by.unsigned_abs();
    let unsigned = range.umax - range.umin;
    let signed = range.smax.abs_diff(range.smin);
    let span = unsigned.min(signed);
    // One step more must not come back into the range from the other side.
    if by == 0 || by > ones(bits) || u128::from(span) + u128::from(by) > u128::from(ones(bits)) {
        return None;
    }
    Some(span / by)
}

/// The numbers of a range that steps of `by` come to, from `from` on; `None`: it is not all on that side.
pub fn multiples(range: &Num, from: u64, by: i64, bits: u32) -> Option<Num> {
    let step = by.unsigned_abs();
    let (near, far) = if by > 0 {
        (range.umin.checked_sub(from)?, range.umax.checked_sub(from)?)
    } else {
        (from.checked_sub(range.umax)?, from.checked_sub(range.umin)?)
    };
    let (near, far) = (near.div_ceil(step).checked_mul(step)?, far / step * step);
    let (umin, umax) =
        if by > 0 { (from.checked_add(near)?, from + far) } else { (from - far, from.checked_sub(near)?) };
    let mut cut = Num { umin, umax, ..*range };
    cut.normalize(bits).then_some(cut)
}

/// What of a register a step of this width changes: its number, or its offset.
pub fn part(reg: &Reg, width: Width) -> Option<(&Num, u32)> {
    match (reg, width) {
        (Reg::Scalar(scalar), Width::W64) => Some((&scalar.wide, 64)),
        (Reg::Scalar(scalar), Width::W32) => Some((&scalar.low, 32)),
        (Reg::Pointer(pointer), Width::W64) => Some((&pointer.off, 64)),
        _ => None,
    }
}

/// Sets that part; false: it contradicts the rest.
pub fn set_part(reg: &mut Reg, width: Width, part: &Num) -> bool {
    match (&mut *reg, width) {
        (Reg::Scalar(scalar), Width::W64) => scalar.wide = *part,
        (Reg::Scalar(scalar), Width::W32) => scalar.low = *part,
        (Reg::Pointer(pointer), Width::W64) => pointer.off = *part,
        _ => return false,
    }
    if let Reg::Scalar(scalar) = reg { scalar.sync() } else { true }
}
