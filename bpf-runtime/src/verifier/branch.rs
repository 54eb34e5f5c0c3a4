//! Conditional jumps: which ways they can go, and what is known on each.
use super::{
    assume::{Relation, assume, relation},
    explore::{Explorer, Flow},
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
    /// It does not.
    Impossible,
    /// What the operands became.
    Operands,
    /// The pointer in this register is null, or not.
    Null(u8, bool),
    /// The packet goes on to this operand (the first or the second) at least, and so many bytes beyond.
    Reaches(bool, i32),
    Nothing,
}

/// A jump's operands, and what becomes of them when it goes one way.
#[derive(Clone, Copy)]
struct Way {
    a: Reg,
    b: Reg,
    known: Known,
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
        let mut ways = [Way { a: self.reg(dst)?, b: self.operand(src)?, known: Known::Nothing }; 2];
        for (way, taken) in ways.iter_mut().zip([false, true]) {
            let known = look(test, width, taken, (dst, src), way);
            way.known = known.map_err(|Incomparable| self.why.refuse(Reason::PointerCompare))?;
        }
        let possible = |taken: usize| !matches!(ways[taken].known, Known::Impossible);
        // Forward jumps first, and out of loops rather than back: then few states wait at a time.
        let taken = match outcome {
            Some(outcome) => outcome,
            None if possible(0) && possible(1) => {
                let first = to > self.at;
                self.postpone(!first)?;
                first
            }
            None => possible(1),
        };
        let next = if taken { to } else { self.at + 1 };
        self.learn(&ways[usize::from(taken)], dst, src)?;
        Ok(Flow::Next(next))
    }

    fn learn(&mut self, way: &Way, dst: u8, src: Operand) -> Result<(), Refused> {
        match way.known {
            Known::Impossible => return Err(self.why.refuse(Reason::Internal("branch"))),
            Known::Operands => {
                self.learn_operand(dst, &way.a);
                if let Operand::Reg(src) = src {
                    self.learn_operand(src, &way.b);
                }
            }
            Known::Null(register, is_null) => self.learn_null(register, is_null),
            Known::Reaches(first, beyond) => {
                if let Reg::Pointer(pointer) = if first { &way.a } else { &way.b } {
                    self.learn_reach(pointer, beyond);
                }
            }
            Known::Nothing => {}
        }
        Ok(())
    }

    fn learn_operand(&mut self, register: u8, reg: &Reg) {
        self.state.set(register, *reg);
        if let Reg::Scalar(scalar) = reg
            && scalar.id != 0
        {
            self.state.refine(scalar);
        }
    }

    /// All pointers with the same anchor learn how far the packet goes on.
    fn learn_reach(&mut self, reaching: &Pointer, beyond: i32) {
        let Some(proven) = reaching.reach.fixed.checked_add(beyond) else { return };
        self.state.each_reg(&mut |reg| {
            let Reg::Pointer(pointer) = reg else { return };
            if !pointer.same_anchor(reaching) {
                return;
            }
            pointer.reach.proven = pointer.reach.proven.max(proven);
            // The packet has a greatest length, so what it still has bytes behind is not far from its start.
            let most = MAX_PACKET_BYTES as i64 + i64::from(pointer.reach.fixed) - i64::from(proven);
            let (off, most) = (pointer.off, most.min(pointer.off.smax));
            pointer.off.smax = most;
            if !pointer.off.normalize(64) {
                pointer.off = off;
            }
        });
    }

    /// All copies of the pointer are null with it, or not.
    fn learn_null(&mut self, register: u8, is_null: bool) {
        let Reg::Pointer(checked) = *self.state.peek(register) else { return };
        let learn = |reg: &mut Reg| match reg {
            _ if is_null => *reg = Reg::Scalar(Scalar::constant(0)),
            Reg::Pointer(pointer) => pointer.nullable = false,
            _ => {}
        };
        learn(&mut self.state.frame_mut().regs[usize::from(register)]);
        if checked.id == 0 {
            return;
        }
        self.state.each_reg(&mut |reg| {
            if let Reg::Pointer(pointer) = reg
                && pointer.nullable
                && pointer.same_memory(&checked)
            {
                learn(reg);
            }
        });
        if is_null {
            self.state.records.retain(|&record| record != checked.id);
        }
    }
}

/// What is known if the branch goes this way.
fn look(
    test: Test,
    width: Width,
    taken: bool,
    (dst, src): (u8, Operand),
    way: &mut Way,
) -> Result<Known, Incomparable> {
    let (relation, exchanged) = relation(test, taken);
    let is_zero = |scalar: &Scalar| scalar.known() == Some(0) && width == Width::W64;
    let possible = match (&mut way.a, &mut way.b) {
        (Reg::Scalar(a), Reg::Scalar(b)) => {
            let (first, second) = if exchanged { (b, a) } else { (a, b) };
            Scalar::assume(relation, first, second, width)
        }
        (Reg::Pointer(pointer), Reg::Scalar(scalar)) if is_zero(scalar) => {
            return null(pointer, dst, relation, test);
        }
        (Reg::Scalar(scalar), Reg::Pointer(pointer)) if is_zero(scalar) => match src {
            Operand::Reg(src) => return null(pointer, src, relation, test),
            Operand::Imm(_) => return Err(Incomparable),
        },
        (Reg::Pointer(a), Reg::Pointer(b)) if width == Width::W64 || a.base.is_low() && b.base.is_low() => {
            if a.base == Base::Stale || b.base == Base::Stale {
                // Both are addresses of packets, and neither is known.
                let low = a.base.is_low() && b.base.is_low();
                return if low { Ok(Known::Nothing) } else { Err(Incomparable) };
            }
            let (first, second) = if exchanged { (b, a) } else { (a, b) };
            if is_end(second, first) {
                return reaches(relation, first, (true, !exchanged));
            }
            if is_end(first, second) {
                return reaches(relation, second, (false, exchanged));
            }
            if first.nullable || second.nullable || !first.same_memory(second) || !first.base.is_memory() {
                return Err(Incomparable);
            }
            // Addresses in one memory compare, unsigned, as their offsets do, signed: none wraps around (LOWEST_ADDRESS).
            let relation = match relation {
                Relation::Less => Relation::SignedLess,
                Relation::LessEqual => Relation::SignedLessEqual,
                Relation::Equal | Relation::NotEqual => relation,
                _ => return Err(Incomparable),
            };
            assume(relation, &mut first.off, &mut second.off, 64)
        }
        _ => return Err(Incomparable),
    };
    Ok(if possible { Known::Operands } else { Known::Impossible })
}

/// Whether a pointer is the end of what another one points into: the packet's end, or of the metadata, which end at the
/// packet's start.
fn is_end(end: &Pointer, of: &Pointer) -> bool {
    match of.base {
        Base::Packet => end.base == Base::PacketEnd,
        Base::Meta => end.base == Base::Packet && end.off.known() == Some(0),
        _ => false,
    }
}

/// What is known if a pointer stands in this relation to the end, or, if it is not the first of the two, the end to it;
/// and whether it is the jump's first operand.
fn reaches(
    relation: Relation,
    pointer: &Pointer,
    (is_first, operand): (bool, bool),
) -> Result<Known, Incomparable> {
    let Reach { fixed, proven } = pointer.reach;
    let (possible, known) = match relation {
        Relation::LessEqual if is_first => (true, Known::Reaches(operand, 0)),
        Relation::Less if is_first => (true, Known::Reaches(operand, 1)),
        Relation::Equal => (proven <= fixed, Known::Reaches(operand, 0)),
        Relation::Less => (proven < fixed, Known::Nothing),
        Relation::LessEqual => (proven <= fixed, Known::Nothing),
        Relation::NotEqual => (true, Known::Nothing),
        _ => return Err(Incomparable),
    };
    Ok(if possible { known } else { Known::Impossible })
}

/// A comparison of a pointer with null, which none becomes by what is added to it ([`crate::isa::LOWEST_ADDRESS`]).
fn null(pointer: &Pointer, register: u8, relation: Relation, test: Test) -> Result<Known, Incomparable> {
    if !matches!(test, Test::Eq | Test::Ne) {
        return Err(Incomparable);
    }
    let is_null = relation == Relation::Equal;
    Ok(match (pointer.nullable, is_null) {
        (true, _) => Known::Null(register, is_null),
        (false, true) => Known::Impossible,
        (false, false) => Known::Nothing,
    })
}
