//! Conditional jumps: which ways they can go, and what is known on each.
use super::{
    assume::{Relation, assume, relation},
    explore::{Explorer, Flow},
    num::Num,
    reason::{Reason, Refused},
    scalar::Scalar,
    value::{Base, Pointer, Reach, Reg},
};
use crate::{
    hook::MAX_PACKET_BYTES,
    isa::{Operand, Test, Width},
};

/// What is known when a branch goes one way.
#[derive(Clone, Copy)]
enum Known {
    Numbers(Scalar, Scalar),
    /// The offsets of two pointers into the same memory.
    Offsets(Num, Num),
    /// The pointer in this register is null, or not.
    Null(u8, bool),
    /// The packet goes on to this pointer at least, and so many bytes beyond.
    Reaches(Pointer, i32),
    Nothing,
}

/// Pointers that may not be compared so.
struct Incomparable;

impl Explorer<'_> {
    /// A conditional jump to `to`. Both ways may be possible: then one is left for later.
    pub fn jump(
        &mut self,
        test: Test,
        width: Width,
        (dst, src): (u8, Operand),
        to: usize,
        outcome: Option<bool>,
    ) -> Result<Flow, Refused> {
        let (a, b) = (self.reg(dst)?, self.operand(src)?);
        let way = |taken| {
            ways(test, width, taken, (dst, a), (src, b))
                .map_err(|Incomparable| self.why.refuse(Reason::PointerCompare))
        };
        let next = self.at + 1;
        let (if_taken, if_not) = (way(true)?, way(false)?);
        // Forward jumps first, and out of loops rather than back: then few states wait at a time.
        let taken = match (outcome, &if_taken, &if_not) {
            (Some(outcome), ..) => outcome,
            (None, Some(_), None) => true,
            (None, None, _) => false,
            (None, Some(_), Some(_)) => {
                let first = to > self.at;
                self.postpone(!first)?;
                first
            }
        };
        let known = if taken { if_taken } else { if_not };
        self.learn(known.ok_or_else(|| self.why.refuse(Reason::Internal("branch")))?, dst, src);
        Ok(Flow::Next(if taken { to } else { next }))
    }

    fn learn(&mut self, known: Known, dst: u8, src: Operand) {
        match known {
            Known::Numbers(a, b) => {
                self.learn_number(dst, a);
                if let Operand::Reg(src) = src {
                    self.learn_number(src, b);
                }
            }
            Known::Offsets(a, b) => {
                self.learn_offset(dst, a);
                if let Operand::Reg(src) = src {
                    self.learn_offset(src, b);
                }
            }
            Known::Null(register, is_null) => self.learn_null(register, is_null),
            Known::Reaches(pointer, beyond) => self.learn_reach(&pointer, beyond),
            Known::Nothing => {}
        }
    }

    fn learn_number(&mut self, register: u8, scalar: Scalar) {
        self.set_scalar(register, scalar);
        if scalar.id != 0 {
            self.state.refine(scalar);
        }
    }

    fn learn_offset(&mut self, register: u8, off: Num) {
        if let Reg::Pointer(pointer) = *self.state.peek(register) {
            self.state.set(register, Reg::Pointer(Pointer { off, ..pointer }));
        }
    }

    /// All pointers with the same anchor learn how far the packet goes on.
    fn learn_reach(&mut self, reaching: &Pointer, beyond: i32) {
        let Some(proven) = reaching.reach.fixed.checked_add(beyond) else { return };
        self.state.each_reg(|reg| {
            let Reg::Pointer(pointer) = reg else { return };
            if !pointer.same_anchor(reaching) {
                return;
            }
            pointer.reach.proven = pointer.reach.proven.max(proven);
            // The packet has a greatest length, so what it still has bytes behind is not far from its start.
            let most = MAX_PACKET_BYTES as i64 + i64::from(pointer.reach.fixed) - i64::from(proven);
            let (off, most) = (pointer.off, most.min(pointer.off.smax));
            pointer.off = Num { smax: most, ..off }.normalize(64).unwrap_or(off);
        });
    }

    /// All copies of the pointer are null with it, or not.
    fn learn_null(&mut self, register: u8, is_null: bool) {
        let Reg::Pointer(checked) = *self.state.peek(register) else { return };
        let outcome = |pointer: Pointer| {
            if is_null {
                Reg::Scalar(Scalar::constant(0))
            } else {
                Reg::Pointer(Pointer { nullable: false, ..pointer })
            }
        };
        self.state.set(register, outcome(checked));
        if checked.id == 0 {
            return;
        }
        self.state.each_reg(|reg| {
            if let Reg::Pointer(pointer) = *reg
                && pointer.nullable
                && pointer.same_memory(&checked)
            {
                *reg = outcome(pointer);
            }
        });
        if is_null {
            self.state.records.retain(|&record| record != checked.id);
        }
    }
}

/// What is known if the branch goes this way; `None`: it can't.
fn ways(
    test: Test,
    width: Width,
    taken: bool,
    (dst, a): (u8, Reg),
    (src, b): (Operand, Reg),
) -> Result<Option<Known>, Incomparable> {
    let (relation, exchanged) = relation(test, taken);
    let is_zero = |scalar: Scalar| scalar.known() == Some(0) && width == Width::W64;
    match (a, b) {
        (Reg::Scalar(a), Reg::Scalar(b)) => {
            let (first, second) = if exchanged { (b, a) } else { (a, b) };
            let known = Scalar::assume(relation, first, second, width);
            Ok(known.map(|(p, q)| if exchanged { Known::Numbers(q, p) } else { Known::Numbers(p, q) }))
        }
        (Reg::Pointer(pointer), Reg::Scalar(scalar)) if is_zero(scalar) => null(pointer, dst, relation, test),
        (Reg::Scalar(scalar), Reg::Pointer(pointer)) if is_zero(scalar) => match src {
            Operand::Reg(src) => null(pointer, src, relation, test),
            Operand::Imm(_) => Err(Incomparable),
        },
        (Reg::Pointer(a), Reg::Pointer(b)) if width == Width::W64 || a.base.is_low() && b.base.is_low() => {
            let (first, second) = if exchanged { (b, a) } else { (a, b) };
            if a.base == Base::Stale || b.base == Base::Stale {
                // Both are addresses of packets, and neither is known.
                let low = a.base.is_low() && b.base.is_low();
                return if low { Ok(Some(Known::Nothing)) } else { Err(Incomparable) };
            }
            if let Some((pointer, is_first)) = with_end(&first, &second) {
                return reaches(relation, pointer, is_first);
            }
            if a.nullable || b.nullable || !a.same_memory(&b) || !a.base.is_memory() {
                return Err(Incomparable);
            }
            // Addresses in one memory compare, unsigned, as their offsets do, signed.
            let relation = match relation {
                Relation::Less => Relation::SignedLess,
                Relation::LessEqual => Relation::SignedLessEqual,
                Relation::Equal | Relation::NotEqual => relation,
                _ => return Err(Incomparable),
            };
            let known = assume(relation, first.off, second.off, 64);
            Ok(known.map(|(p, q)| if exchanged { Known::Offsets(q, p) } else { Known::Offsets(p, q) }))
        }
        _ => Err(Incomparable),
    }
}

/// The pointer of two that is compared with the end of what it points into, and whether it is the first of them: one into a
/// packet with the packet's end, or one into the metadata with theirs, which is the packet's start.
fn with_end<'p>(first: &'p Pointer, second: &'p Pointer) -> Option<(&'p Pointer, bool)> {
    let is_end = |end: &Pointer, of: &Pointer| match of.base {
        Base::Packet => end.base == Base::PacketEnd,
        Base::Meta => end.base == Base::Packet && end.off.known() == Some(0),
        _ => false,
    };
    if is_end(second, first) { Some((first, true)) } else { is_end(first, second).then_some((second, false)) }
}

/// What is known if a pointer stands in this relation to the end, or, if it is not the first, the end to it.
fn reaches(relation: Relation, pointer: &Pointer, is_first: bool) -> Result<Option<Known>, Incomparable> {
    let Reach { fixed, proven } = pointer.reach;
    Ok(match relation {
        Relation::LessEqual if is_first => Some(Known::Reaches(*pointer, 0)),
        Relation::Less if is_first => Some(Known::Reaches(*pointer, 1)),
        Relation::Equal => (proven <= fixed).then_some(Known::Reaches(*pointer, 0)),
        Relation::Less => (proven < fixed).then_some(Known::Nothing),
        Relation::LessEqual => (proven <= fixed).then_some(Known::Nothing),
        Relation::NotEqual => Some(Known::Nothing),
        _ => return Err(Incomparable),
    })
}

/// A comparison of a pointer with null.
fn null(
    pointer: Pointer,
    register: u8,
    relation: Relation,
    test: Test,
) -> Result<Option<Known>, Incomparable> {
    let is_null = match (test, relation) {
        (Test::Eq | Test::Ne, Relation::Equal) => true,
        (Test::Eq | Test::Ne, _) => false,
        _ => return Err(Incomparable),
    };
    Ok(match (pointer.nullable, is_null) {
        (true, _) => Some(Known::Null(register, is_null)),
        (false, true) => None,
        (false, false) => Some(Known::Nothing),
    })
}
