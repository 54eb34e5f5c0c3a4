//! The lists of the states that were kept at each point.
use super::{super::budget::Budget, Match, NONE, Node, NodeId, Nodes, UNUSED};
use alloc::vec::Vec;

impl Nodes {
    /// Forgets the states that were kept since the loop number `scope` was begun; `anew`: the paths from them, too.
    pub fn drop_scope(&mut self, scope: u32, anew: bool, budget: &mut Budget) {
        let inner = |node: &Node| node.place.scope >= scope && node.place.scope != UNUSED;
        for point in 0..self.heads.len() {
            let (mut before, mut id) = (NONE, self.heads[point]);
            while let Some(node) = self.all.get(id as usize) {
                let next = node.next;
                if inner(node) {
                    self.forget(point, before, id, budget);
                } else {
                    before = id;
                }
                id = next;
            }
        }
        for id in 0..self.all.len() {
            if anew && inner(&self.all[id]) {
                self.release(id as NodeId);
            }
        }
    }

    /// Looks for a state at `point` that `matches` the packed one; forgets those that seldom do (`patience`
    /// times).
    pub fn find(
        &mut self,
        point: usize,
        scope: u32,
        patience: u32,
        budget: &mut Budget,
        mut matches: impl FnMut(&[u8], bool) -> Match,
    ) -> Match {
        let (mut before, mut id) = (NONE, self.heads[point]);
        while let Some(node) = self.all.get_mut(id as usize) {
            let next = node.next;
            let proven_here = node.depth == 0 || node.open == 0;
            if node.place.scope != scope || !proven_here {
                (before, id) = (id, next);
                continue;
            }
            match matches(&node.packed, node.open > 0) {
                Match::None => node.misses += 1,
                Match::Covered(_) => {
                    node.hits += 1;
                    return Match::Covered(node.ends());
                }
                Match::Repeats => return Match::Repeats,
            }
            if node.misses > node.hits.saturating_mul(4).saturating_add(patience) {
                self.forget(point, before, id, budget);
            } else {
                before = id;
            }
            id = next;
        }
        Match::None
    }

    fn forget(&mut self, point: usize, before: NodeId, id: NodeId, budget: &mut Budget) {
        let Some(node) = self.all.get_mut(id as usize) else { return };
        let (next, closed) = (node.next, node.open == 0);
        budget.give(node.packed.len());
        node.packed = Vec::new();
        node.listed = false;
        if closed {
            self.release(id);
        }
        match self.all.get_mut(before as usize) {
            Some(before) => before.next = next,
            None => self.heads[point] = next,
        }
    }
}
