//! The ends of loops that are proven as a whole.
use super::{
    super::{budget::Budget, explore::Explorer, natural::Natural, reason::Refused},
    MANY_TURNS,
};

impl Explorer<'_> {
    /// Takes note of the loops whose paths have all been walked.
    pub fn finish_loops(&mut self) -> Result<(), Refused> {
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
    pub(super) fn end_loops(&mut self, from: usize) {
        for ended in self.loops.drain(from..) {
            self.budget.give(ended.guess.len());
        }
    }

    /// The index of the natural loop with this head.
    pub(super) fn natural(&mut self, head: usize) -> Option<usize> {
        let known = self.naturals.iter().position(|natural| natural.head == head);
        if known.is_some() || self.no_natural.contains(&head) {
            return known;
        }
        let found = Natural::find(&self.layout, head);
        match found {
            Some(natural) if self.budget.take_spare(natural.bytes()).is_ok() => {
                let pushed = self.budget.push(&mut self.naturals, natural, Budget::take_spare);
                pushed.ok().map(|()| self.naturals.len() - 1)
            }
            _ => {
                let _ = self.budget.push(&mut self.no_natural, head, Budget::take_spare);
                None
            }
        }
    }
}
