//! Loops proven as a whole: from a guess of what holds at the head each turn, the loop is walked once. If all that
//! comes back to the head is covered by the guess, it holds each turn, whatever their number; else the guess is
//! widened by what came back, and the loop walked again. Only then the ways out of it are followed.
//!
//! The number of turns follows from what was proven: a register that each turn changes once by a constant, and that
//! stays in a range that it can't wrap around in, does so only so many times. Other registers that change by
//! constants too are then known to lie in what that many turns make of them.
use alloc::vec::Vec;

use super::{
    explore::{Explorer, Pending},
    natural::{Natural, Step},
    nodes::{NEST, NodeId, ends, turn_of, way_out_of},
    num::ones,
    pack::Packer,
    reason::Reason,
    state::State,
    subsume::covers,
    unpack::unpack,
    value::{Base, Reg},
    widen::{Marks, counted, multiples, part, times, widen, with_part},
};
use crate::{
    hook::MAX_PACKET_BYTES,
    isa::{Op, Operand, REGISTERS, Width},
};

/// Guesses before bounds are no longer looked for among the loop's constants, and before a loop is given up.
const MARKED_GUESSES: u32 = 6;
const GUESSES: u32 = 12;
/// A loop with more turns is looked at in detail first: its bound may come from something else.
const MANY_TURNS: u64 = 1 << 40;

/// A loop that is being proven.
#[derive(Debug)]
pub struct Loop {
    /// Greater than those of loops that were begun before.
    number: u32,
    node: NodeId,
    /// Its [`Natural`], by index.
    natural: usize,
    frames: usize,
    /// The loop around it, by index and one; 0: none.
    outer: usize,
    depth: usize,
    /// Its paths wait from here on, those that leave it first.
    base: usize,
    leaving: usize,
    guesses: u32,
    proven: bool,
    /// The guess: to walk from, and for comparing.
    guess: Vec<u8>,
    compared: Vec<u8>,
    marks: Marks,
    /// The registers when the loop was entered.
    start: [Reg; REGISTERS],
    /// The step that counts its turns, and their number.
    counter: Option<(Step, u64)>,
    /// Where the counter began, if it is known and it then goes on from there without wrapping around.
    from: Option<u64>,
    #[cfg(any(test, feature = "oracle"))]
    seen: usize,
}

impl Explorer<'_> {
    fn current(&self) -> Option<&Loop> {
        self.loops.get(self.scope.wrapping_sub(1))
    }

    /// The number of the innermost loop that is being proven here; 0: none.
    pub fn scope_number(&self) -> u32 {
        self.current().map_or(0, |inner| inner.number)
    }

    /// Whether control came back to the head of the innermost loop.
    pub fn came_back(&self) -> bool {
        self.current().is_some_and(|inner| {
            self.state.frames.len() == inner.frames && self.naturals[inner.natural].head == self.at
        })
    }

    /// If control leaves the innermost loop: leaves what follows for when it is proven.
    pub fn leaves(&mut self) -> Result<bool, Reason> {
        let Some(inner) = self.current() else { return Ok(false) };
        if self.state.frames.len() != inner.frames || self.naturals[inner.natural].contains(self.at) {
            return Ok(false);
        }
        let (scope, base, leaving, at, parent) =
            (inner.outer, inner.base, inner.leaving, self.at, inner.node);
        let end = ends(way_out_of(inner.depth), self.since);
        let packed = self.packed_here(at)?;
        if self.pending[base..base + leaving].iter().any(|other| other.at == at && other.packed == packed) {
            self.nodes.settle(self.parent, end);
            return Ok(true);
        }
        // First this, so that the loop's head does not count as walked to its end.
        self.nodes.fork(parent);
        self.nodes.settle(self.parent, end);
        self.budget.take(packed.len())?;
        let pending = Pending { packed, at, taken: None, parent, since: 0, scope };
        self.budget.push(&mut self.pending, pending, super::budget::Budget::take)?;
        self.pending[base..].rotate_right(1);
        self.loops[self.scope - 1].leaving += 1;
        self.loops[self.scope..].iter_mut().for_each(|later| later.base += 1);
        Ok(true)
    }

    /// Begins to prove the loop at `self.at` as a whole, if it can be.
    pub fn begin_loop(&mut self) -> Result<(), Reason> {
        let (at, outer) = (self.at, self.scope);
        let depth = self.current().map_or(1, |outer| outer.depth + 1);
        if depth > NEST || self.plan.walked.contains(&at) {
            return Ok(());
        }
        let Some(natural) = self.natural(at) else { return Ok(()) };
        let counts = self.naturals[natural].steps.iter().any(|step| step.compared);
        let node = self.parent;
        if !self.nodes.is_at(node, at) || self.since > 0 || !counts && !self.plan.unbounded {
            return Ok(());
        }
        self.number += 1;
        let guess = self.packed_here(at)?;
        let start = self.state.frame().regs;
        let begun = Loop {
            number: self.number,
            node,
            natural,
            frames: self.state.frames.len(),
            outer,
            depth,
            base: self.pending.len(),
            leaving: 0,
            guesses: 0,
            proven: false,
            guess: Vec::new(),
            compared: Vec::new(),
            marks: self.marks(natural),
            start,
            counter: None,
            from: None,
            #[cfg(any(test, feature = "oracle"))]
            seen: self.seen.as_ref().map_or(0, Vec::len),
        };
        self.budget.push(&mut self.loops, begun, super::budget::Budget::take)?;
        self.scope = self.loops.len();
        let counter = self.counter();
        self.walk_loop(guess, counter)
    }

    /// Walks the innermost loop from a guess, which the state holds and is packed in `guess`.
    fn walk_loop(&mut self, guess: Vec<u8>, counter: Option<(Step, u64)>) -> Result<(), Reason> {
        let mut compared = Vec::new();
        let at = self.naturals[self.loops[self.scope - 1].natural].head;
        if !Packer::pack(&self.state, &mut compared, |frame| self.live_in(frame, at), true)? {
            return Err(self.give_up());
        }
        let from = counter.and_then(|(step, _)| self.goes_on_from(step));
        let inner = &mut self.loops[self.scope - 1];
        inner.from = from;
        self.budget.give(inner.guess.len() + inner.compared.len());
        self.budget.take(guess.len() + compared.len())?;
        self.nodes.begin_loop(inner.node, inner.depth, &compared, &mut self.budget)?;
        (inner.guess, inner.compared, inner.counter) = (guess, compared, counter);
        (self.at, self.parent, self.since) = (at, inner.node, 0);
        Ok(())
    }

    /// What the loop's jumps compare with.
    fn marks(&self, natural: usize) -> Marks {
        let mut marks = Marks::default();
        let natural = &self.naturals[natural];
        for at in natural.slots() {
            let Op::Jump { dst, src, .. } = self.layout.ops[at] else { continue };
            if let Operand::Imm(imm) = src {
                marks.add(imm.into());
                continue;
            }
            for register in [Operand::Reg(dst), src] {
                let Operand::Reg(register) = register else { continue };
                if let Reg::Pointer(pointer) = self.state.peek(register)
                    && (pointer.base.is_packet() || pointer.base == Base::PacketEnd)
                {
                    marks.add(MAX_PACKET_BYTES as i64);
                } else if let Some((known, _)) = part(self.state.peek(register), Width::W64) {
                    for x in [known.umax as i64, known.umin as i64, known.smin, known.smax] {
                        marks.add(x);
                    }
                }
            }
        }
        marks
    }

    /// The step that counts the turns best, if the guess that the state holds is right. It has to be one that is
    /// compared when states are: what nothing depends on is not proven to stay in its range.
    fn counter(&self) -> Option<(Step, u64)> {
        let inner = self.current()?;
        let natural = &self.naturals[inner.natural];
        let live = self.live.before(natural.head);
        let steps = natural.steps.iter().filter(|step| {
            let is_pointer = matches!(self.state.peek(step.register), Reg::Pointer(_));
            let sets = if is_pointer { live.regs } else { live.regs & live.precise };
            step.compared && sets >> step.register & 1 != 0
        });
        let turns = steps.filter_map(|step| {
            let (range, bits) = part(self.state.peek(step.register), step.width)?;
            Some((*step, times(&range, step.by, bits)?))
        });
        turns.min_by_key(|(_, turns)| *turns)
    }

    /// Where a counter began, if it is one number, and one more step from the guess, which the state holds, does not
    /// wrap around.
    fn goes_on_from(&self, step: Step) -> Option<u64> {
        let (start, bits) = part(&self.current()?.start[usize::from(step.register)], step.width)?;
        let (range, _) = part(self.state.peek(step.register), step.width)?;
        let is_number = matches!(self.state.peek(step.register), Reg::Scalar(_));
        let distance = step.by.unsigned_abs();
        let fits = if step.by > 0 { range.umax <= ones(bits) - distance } else { range.umin >= distance };
        start.known().filter(|_| is_number && fits)
    }

    /// Cuts the counter's range to the numbers that it can have.
    fn cut_counter(&mut self, step: Step, from: u64) {
        let reg = *self.state.peek(step.register);
        let Some((range, bits)) = part(&reg, step.width) else { return };
        let cut = multiples(range, from, step.by, bits).and_then(|cut| with_part(reg, step.width, cut));
        if let Some(cut) = cut {
            self.state.set(step.register, cut);
        }
    }

    /// What the turns make of the registers that change by constants, but the one that counts them.
    fn count_others(&mut self, counter: Option<(Step, u64)>, replace: bool) {
        let (Some((by, turns)), Some(inner)) = (counter, self.current()) else { return };
        let (start, natural) = (inner.start, inner.natural);
        for n in 0..self.naturals[natural].steps.len() {
            let step = self.naturals[natural].steps[n];
            let reg = *self.state.peek(step.register);
            let from = part(&start[usize::from(step.register)], step.width);
            let (Some((from, bits)), Some((known, _))) = (from, part(&reg, step.width)) else { continue };
            if step.register == by.register {
                continue;
            }
            let all = counted(from, step.by, turns, bits);
            let part = if replace { Some(all) } else { known.intersect(all, bits) };
            if let Some(reg) = part.and_then(|part| with_part(reg, step.width, part)) {
                self.state.set(step.register, reg);
            }
        }
    }

    /// A path came back to the innermost loop's head. It ends there, or the loop is walked anew; true: it ended.
    pub fn turn(&mut self) -> Result<bool, Reason> {
        let at = self.at;
        let counter = self.loops[self.scope - 1].counter;
        self.count_others(counter, false);
        if let (Some((step, _)), Some(from)) = (counter, self.loops[self.scope - 1].from) {
            self.cut_counter(step, from);
        }
        let mut packed = Vec::new();
        Packer::pack(&self.state, &mut packed, |frame| self.live_in(frame, at), true)?;
        let inner = &mut self.loops[self.scope - 1];
        if covers(&inner.compared, &packed) {
            let end = ends(turn_of(inner.depth), self.since);
            self.nodes.settle(self.parent, end);
            return Ok(true);
        }
        inner.guesses += 1;
        if inner.guesses > GUESSES {
            return Err(self.give_up());
        }
        let none = Marks::default();
        let marks = if inner.guesses > MARKED_GUESSES { &none } else { &inner.marks };
        let mut guess = State::new()?;
        unpack(&inner.guess, &mut guess)?;
        widen(&mut guess, &self.state, marks)?;
        (inner.leaving, inner.proven) = (0, false);
        let (number, base) = (inner.number, inner.base);
        #[cfg(any(test, feature = "oracle"))]
        if let Some(seen) = &mut self.seen {
            seen.truncate(inner.seen);
        }
        for dropped in self.pending.drain(base..) {
            self.budget.give(dropped.packed.len());
        }
        self.end_loops(self.scope);
        self.nodes.drop_scope(number, true, &mut self.budget);
        let records = core::mem::take(&mut self.state.records);
        self.state = guess;
        if self.state.records.len() != records.len() {
            return Err(self.give_up());
        }
        // Other numbers' ranges follow from the number of turns, once that is guessed.
        if let Some((step, _)) = self.counter()
            && let Some(from) = self.goes_on_from(step)
        {
            self.cut_counter(step, from);
        }
        let counter = self.counter();
        self.count_others(counter, true);
        let guess = self.packed_here(at)?;
        let before = &self.loops[self.scope - 1].compared;
        let mut compared = Vec::new();
        Packer::pack(&self.state, &mut compared, |frame| self.live_in(frame, at), true)?;
        if !covers(&compared, before) {
            return Err(self.give_up());
        }
        self.walk_loop(guess, counter)?;
        Ok(false)
    }

    /// This loop is walked turn by turn, in a new attempt.
    fn give_up(&mut self) -> Reason {
        self.given_up = self.current().map(|inner| self.naturals[inner.natural].head);
        Reason::Internal("a loop is given up")
    }

    /// Takes note of the loops whose paths have all been walked.
    pub fn finish_loops(&mut self) -> Result<(), Reason> {
        while let Some(last) = self.loops.last_mut() {
            if !last.proven && self.pending.len() == last.base + last.leaving {
                last.proven = true;
                let turns = last.counter.map(|(_, turns)| turns);
                let (number, node) = (last.number, last.node);
                if turns.is_none_or(|turns| turns > MANY_TURNS) && !self.plan.unbounded {
                    self.scope = self.loops.len();
                    return Err(self.give_up());
                }
                self.nodes.drop_scope(number, false, &mut self.budget);
                if self.pending.len() > self.loops[self.loops.len() - 1].base {
                    self.nodes.set_turns(node, turns.unwrap_or(u64::MAX));
                }
                continue;
            }
            if self.pending.len() > last.base {
                return Ok(());
            }
            self.end_loops(self.loops.len() - 1);
        }
        Ok(())
    }

    /// Ends the loops from the one with this index on.
    fn end_loops(&mut self, from: usize) {
        for ended in self.loops.drain(from..) {
            self.budget.give(ended.guess.len() + ended.compared.len());
        }
    }

    /// The index of the natural loop with this head.
    fn natural(&mut self, head: usize) -> Option<usize> {
        let known = self.naturals.iter().position(|natural| natural.head == head);
        if known.is_some() || self.no_natural.contains(&head) {
            return known;
        }
        let found = Natural::find(&self.layout, head);
        match found {
            Some(natural) if self.budget.take_spare(natural.bytes()).is_ok() => {
                let pushed = self.budget.push(&mut self.naturals, natural, super::budget::Budget::take_spare);
                pushed.ok().map(|()| self.naturals.len() - 1)
            }
            _ => {
                let _ = self.budget.push(&mut self.no_natural, head, super::budget::Budget::take_spare);
                None
            }
        }
    }
}
