//! The states that were kept at meeting points, as a tree of the paths between them.
use alloc::vec::Vec;

use super::{budget::Budget, reason::Reason};

/// Nodes' numbers; `NONE` for none.
pub type NodeId = u32;
pub const NONE: NodeId = NodeId::MAX;

/// A kept state.
#[derive(Debug)]
pub struct Node {
    /// The state, packed for comparing; empty once it is not compared any more.
    pub packed: Vec<u8>,
    /// The kept state before it on its path.
    parent: NodeId,
    /// The next one at the same point.
    next: NodeId,
    /// Paths from here that are not yet walked to their end. While it is not 0, this node lies on the path
    /// that is being walked: paths are walked depth first.
    open: u32,
    /// Instructions from the parent to here.
    cost: u64,
    /// The most instructions from here to the exit, of the paths walked so far.
    after: u64,
    hits: u32,
    misses: u32,
    listed: bool,
}

/// All kept states.
#[derive(Debug)]
pub struct Nodes {
    all: Vec<Node>,
    /// The first node by point.
    heads: Vec<NodeId>,
    free: NodeId,
    /// The most instructions from the start to the exit, of the paths walked so far.
    pub longest: u64,
}

impl Nodes {
    pub fn new(points: usize) -> Result<Self, Reason> {
        let mut heads = Vec::new();
        heads.try_reserve_exact(points).map_err(|_| Reason::OutOfMemory)?;
        heads.resize(points, NONE);
        Ok(Self { all: Vec::new(), heads, free: NONE, longest: 0 })
    }

    fn get(&mut self, id: NodeId) -> Option<&mut Node> {
        self.all.get_mut(id as usize)
    }

    /// Keeps a state; without memory for it, it is not kept, which costs time only. The node, or `parent`.
    pub fn keep(
        &mut self,
        point: usize,
        packed: &[u8],
        parent: NodeId,
        cost: u64,
        budget: &mut Budget,
    ) -> Option<NodeId> {
        let mut bytes = Vec::new();
        budget.take_spare(packed.len()).ok()?;
        if bytes.try_reserve_exact(packed.len()).is_err() {
            budget.give(packed.len());
            return None;
        }
        bytes.extend_from_slice(packed);
        let next = self.heads[point];
        let node =
            Node { packed: bytes, parent, next, open: 1, cost, after: 0, hits: 0, misses: 0, listed: true };
        let id = self.place(node, budget)?;
        self.heads[point] = id;
        Some(id)
    }

    fn place(&mut self, node: Node, budget: &mut Budget) -> Option<NodeId> {
        if let Some(free) = self.all.get_mut(self.free as usize) {
            let id = self.free;
            self.free = free.next;
            *free = node;
            return Some(id);
        }
        let bytes = node.packed.len();
        if budget.push(&mut self.all, node, Budget::take_spare).is_err() {
            budget.give(bytes);
            return None;
        }
        Some(self.all.len() as NodeId - 1)
    }

    /// One more path goes on from `id`.
    pub fn fork(&mut self, id: NodeId) {
        if let Some(node) = self.get(id) {
            node.open += 1;
        }
    }

    /// A path from `id` has come to its end, `after` instructions later.
    pub fn settle(&mut self, mut id: NodeId, mut after: u64) {
        while let Some(node) = self.all.get_mut(id as usize) {
            node.after = node.after.max(after);
            node.open -= 1;
            if node.open > 0 {
                return;
            }
            after = node.cost + node.after;
            let parent = node.parent;
            if !node.listed {
                node.next = self.free;
                self.free = id;
            }
            id = parent;
        }
        self.longest = self.longest.max(after);
    }

    /// Looks for a state at `point` that `matches` the packed one; forgets those that seldom do (`patience`
    /// times).
    pub fn find(
        &mut self,
        point: usize,
        patience: u32,
        budget: &mut Budget,
        mut matches: impl FnMut(&[u8], bool) -> Match,
    ) -> Match {
        let (mut before, mut id) = (NONE, self.heads[point]);
        while let Some(node) = self.all.get_mut(id as usize) {
            let next = node.next;
            match matches(&node.packed, node.open > 0) {
                Match::None => node.misses += 1,
                Match::Covered(_) => {
                    node.hits += 1;
                    return Match::Covered(node.after);
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
            node.next = self.free;
            self.free = id;
        }
        match self.all.get_mut(before as usize) {
            Some(before) => before.next = next,
            None => self.heads[point] = next,
        }
    }
}

/// How a state relates to those that were kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// To none.
    None,
    /// It is covered by one whose paths were all walked, the longest of so many instructions.
    Covered(u64),
    /// It equals one on its own path.
    Repeats,
}
