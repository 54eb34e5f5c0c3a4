//! Loops proven as a whole: from a guess of what holds at the head each turn, the loop is walked once. If all that
//! comes back to the head is covered by the guess, it holds each turn, whatever their number; else the guess is
//! widened by what came back, and the loop walked again. Only then the ways out of it are followed.
//!
//! The number of turns follows from what was proven: a register that each turn changes once by a constant, and that
//! stays in a range that it can't wrap around in, does so only so many times. Other registers that change by
//! constants too are then known to lie in what that many turns make of them.
mod counter;
mod finish;

use alloc::vec::Vec;

use super::{
    explore::{Explorer, Pending},
    nodes::{NEST, NodeId, ends, turn_of, way_out_of},
    reason::{Reason, Refused},
    state::State,
    subsume::covers,
    unpack::unpack,
    value::Reg,
    widen::{Marks, widen},
};
use crate::isa::REGISTERS;

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
    guess: Vec<u8>,
    marks: Marks,
    /// The registers when the loop was entered.
    start: [Reg; REGISTERS],
    /// The step that counts its turns, by its index, and their number.
    counter: Option<(usize, u64)>,
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
    pub fn leaves(&mut self) -> Result<bool, Refused> {
        let Some(inner) = self.current() else { return Ok(false) };
        if self.state.frames.len() != inner.frames || self.naturals[inner.natural].contains(self.at) {
            return Ok(false);
        }
        let (scope, base, leaving, at, parent) =
            (inner.outer, inner.base, inner.leaving, self.at, inner.node);
        let end = ends(way_out_of(inner.depth), self.since);
        let packed = self.packed()?.0;
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
    pub fn begin_loop(&mut self) -> Result<(), Refused> {
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
        let guess = self.packed()?;
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

    /// Walks the innermost loop from a guess, which the state holds and is packed, whole or not, in `guess`.
    fn walk_loop(
        &mut self,
        (guess, whole): (Vec<u8>, bool),
        counter: Option<(usize, u64)>,
    ) -> Result<(), Refused> {
        if !whole {
            return Err(self.give_up());
        }
        let from = counter.and_then(|(step, _)| self.goes_on_from(step));
        let inner = &mut self.loops[self.scope - 1];
        inner.from = from;
        self.budget.give(inner.guess.len());
        self.budget.take(guess.len())?;
        self.nodes.begin_loop(inner.node, inner.depth, &guess, &mut self.budget, self.why)?;
        (inner.guess, inner.counter) = (guess, counter);
        (self.at, self.parent, self.since) = (self.naturals[inner.natural].head, inner.node, 0);
        Ok(())
    }

    /// A path came back to the innermost loop's head. It ends there, or the loop is walked anew; true: it ended.
    pub fn turn(&mut self) -> Result<bool, Refused> {
        let counter = self.loops[self.scope - 1].counter;
        self.count_others(counter, false);
        if let (Some((step, _)), Some(from)) = (counter, self.loops[self.scope - 1].from) {
            self.cut_counter(step, from);
        }
        let packed = self.packed()?.0;
        let inner = &mut self.loops[self.scope - 1];
        if covers(&inner.guess, &packed) {
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
        unpack(&inner.guess, &mut guess, self.why)?;
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
        let guess = self.packed()?;
        if !covers(&guess.0, &self.loops[self.scope - 1].guess) {
            return Err(self.give_up());
        }
        self.walk_loop(guess, counter)?;
        Ok(false)
    }

    /// This loop is walked turn by turn, in a new attempt.
    fn give_up(&mut self) -> Refused {
        self.given_up = self.current().map(|inner| self.naturals[inner.natural].head);
        self.why.refuse(Reason::Internal("a loop is given up"))
    }
}
