//! The states that were kept at meeting points, as a tree of the paths between them.
mod ends;
mod lists;

use alloc::vec::Vec;

pub use ends::{EXIT, Ends, KINDS, NEST, ends, later, turn_of, way_out_of};

use super::{
    budget::Budget,
    reason::{Reason, Refused, Why},
};

/// Nodes' numbers; `NONE` for none.
pub type NodeId = u32;
pub const NONE: NodeId = NodeId::MAX;

/// The scope of a node that is not in use.
const UNUSED: u32 = u32::MAX;

/// What is kept with a state.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub point: usize,
    /// The kept state before it on its path.
    pub parent: NodeId,
    /// Instructions from there to here.
    pub cost: u64,
    /// The innermost loop that is being proven as a whole here, by number; 0: none.
    pub scope: u32,
}

/// A kept state.
#[derive(Debug)]
pub struct Node {
    /// The state, packed for comparing; empty once it is not compared any more.
    pub packed: Vec<u8>,
    place: Place,
    /// The next one at the same point.
    next: NodeId,
    /// Paths from here that are not yet walked to their end. While it is not 0, this node lies on the path
    /// that is being walked: paths are walked depth first.
    open: u32,
    /// The most instructions from here on, of the paths walked so far.
    after: Ends,
    /// The head of a loop that is proven as a whole: its depth and turns. Depth 0: it is none.
    depth: usize,
    turns: u64,
    hits: u32,
    misses: u32,
    listed: bool,
}

impl Node {
    /// The most instructions from here on, the turns of a loop that is proven as a whole all counted.
    fn ends(&self) -> Ends {
        let mut ends = self.after;
        if self.depth > 0 {
            let turns = core::mem::take(&mut ends[turn_of(self.depth)]).saturating_mul(self.turns);
            let way_out = core::mem::take(&mut ends[way_out_of(self.depth)]);
            ends = later(ends, turns.saturating_add(way_out));
        }
        ends
    }
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
    /// The head of a loop that nothing leaves.
    pub endless: Option<usize>,
}

impl Nodes {
    pub fn new(points: usize) -> Result<Self, Refused> {
        let mut heads = Vec::new();
        heads.try_reserve_exact(points).map_err(|_| Refused)?;
        heads.resize(points, NONE);
        Ok(Self { all: Vec::new(), heads, free: NONE, longest: 0, endless: None })
    }

    fn get(&mut self, id: NodeId) -> Option<&mut Node> {
        self.all.get_mut(id as usize)
    }

    /// Keeps a state; without memory for it, it is not kept, which costs time only. The node, or `parent`.
    pub fn keep(&mut self, packed: &[u8], place: Place, budget: &mut Budget) -> Option<NodeId> {
        let mut bytes = Vec::new();
        budget.take_spare(packed.len()).ok()?;
        if bytes.try_reserve_exact(packed.len()).is_err() {
            budget.give(packed.len());
            return None;
        }
        bytes.extend_from_slice(packed);
        let node = Node {
            packed: bytes,
            next: self.heads[place.point],
            place,
            open: 1,
            after: [0; KINDS],
            depth: 0,
            turns: 0,
            hits: 0,
            misses: 0,
            listed: true,
        };
        let id = self.place(node, budget)?;
        self.heads[place.point] = id;
        Some(id)
    }

    /// Makes a node the head of a loop that is proven as a whole, walked anew from this state.
    pub fn begin_loop(
        &mut self,
        id: NodeId,
        depth: usize,
        guess: &[u8],
        budget: &mut Budget,
        why: &Why,
    ) -> Result<(), Refused> {
        let node = self.get(id).ok_or_else(|| why.refuse(Reason::Internal("loop")))?;
        budget.give(node.packed.len());
        budget.take(guess.len())?;
        node.packed.clear();
        node.packed.try_reserve_exact(guess.len()).map_err(|_| Refused)?;
        node.packed.extend_from_slice(guess);
        (node.open, node.after, node.depth) = (1, [0; KINDS], depth);
        Ok(())
    }

    /// Whether a node is a state kept at this point.
    pub fn is_at(&self, id: NodeId, point: usize) -> bool {
        self.all.get(id as usize).is_some_and(|node| node.place.point == point)
    }

    /// The turns of a loop are proven.
    pub fn set_turns(&mut self, id: NodeId, turns: u64) {
        if let Some(node) = self.get(id) {
            node.turns = turns;
        }
    }

    /// The head of the nearest loop on the path to `id` that is proven as a whole.
    pub fn loop_above(&self, mut id: NodeId) -> Option<usize> {
        while let Some(node) = self.all.get(id as usize) {
            if node.depth > 0 {
                return Some(node.place.point);
            }
            id = node.place.parent;
        }
        None
    }

    fn release(&mut self, id: NodeId) {
        let free = self.free;
        if let Some(node) = self.get(id) {
            node.next = free;
            node.place.scope = UNUSED;
            self.free = id;
        }
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

    /// A path from `id` has come to an end.
    pub fn settle(&mut self, mut id: NodeId, mut after: Ends) {
        while let Some(node) = self.all.get_mut(id as usize) {
            for (most, after) in node.after.iter_mut().zip(after) {
                *most = after.max(*most);
            }
            node.open -= 1;
            if node.open > 0 {
                return;
            }
            let ends = node.ends();
            if ends == [0; KINDS] {
                self.endless = Some(node.place.point);
            }
            after = later(ends, node.place.cost);
            let (parent, listed) = (node.place.parent, node.listed);
            if !listed {
                self.release(id);
            }
            id = parent;
        }
        self.longest = self.longest.max(after[0]);
    }
}

/// How a state relates to those that were kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// To none.
    None,
    /// It is covered by one whose paths were all walked, the longest of so many instructions.
    Covered(Ends),
    /// It equals one on its own path.
    Repeats,
}
