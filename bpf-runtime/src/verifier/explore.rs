//! The walk over all paths, depth first. Where paths meet, a state that is covered by one from which all paths were
//! walked already is not walked again; what is left is finite only if every loop ends, so a walk that comes to
//! its end has proven that too, and knows the longest path.
use alloc::vec::Vec;

use super::{
    Limits, Unit,
    budget::Budget,
    layout::Layout,
    live::{Live, Liveness},
    natural::Natural,
    nodes::{EXIT, Match, NONE, NodeId, Nodes, Place, ends, later},
    pack::Packer,
    reason::{Reason, Refused, Why},
    slots::forget_dead,
    state::{Frame, State, WORDS},
    subsume::covers,
    summary::Loop,
    unpack::unpack,
    value::Word,
};
use crate::{interp::MAX_MAPS, isa::MAX_FRAMES};

/// A state is kept at the earliest so many instructions after the one before it, but at loops.
const KEEP_EVERY: u64 = 8;
/// Comparisons without success before a kept state is forgotten.
const PATIENCE: u32 = 8;
const LOOP_PATIENCE: u32 = 32;

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// To this slot.
    Next(usize),
    /// Out of the program.
    Exit,
}

/// How loops are proven.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The heads of those that are walked turn by turn.
    pub walked: Vec<usize>,
    /// Whether loops whose turns nothing bounds are accepted, to run on a budget.
    pub unbounded: bool,
}

/// A path that is still to be walked: a branch that went the other way, or one that left a loop.
#[derive(Debug)]
pub struct Pending {
    pub packed: Vec<u8>,
    pub at: usize,
    /// The outcome of the branch.
    pub taken: Option<bool>,
    pub parent: NodeId,
    pub since: u64,
    pub scope: usize,
}

/// A verification at work.
pub struct Explorer<'u> {
    pub unit: &'u Unit<'u>,
    pub why: &'u Why,
    pub layout: Layout,
    pub state: State,
    /// The instruction being looked at.
    pub at: usize,
    pub steps: u64,
    pub stack_bytes: u32,
    /// Maps used, bit by bit.
    pub maps: u64,
    /// Those of them that are written.
    pub written_maps: u64,
    pub helpers: Vec<u32>,
    pub nodes: Nodes,
    pub live: Liveness,
    pub plan: &'u Plan,
    pub budget: Budget,
    pub pending: Vec<Pending>,
    /// The kept state behind us on this path, and the instructions since.
    pub parent: NodeId,
    pub since: u64,
    /// The loops that are being proven as a whole, and how many were.
    pub loops: Vec<Loop>,
    pub number: u32,
    /// The innermost of them that control is in, by index and one.
    pub scope: usize,
    pub naturals: Vec<Natural>,
    pub no_natural: Vec<usize>,
    /// The head of a loop that can't be proven as a whole.
    pub given_up: Option<usize>,
    scratch: Vec<u8>,
    /// For the oracle, if it asks: slot, frames and registers at each step.
    #[cfg(any(test, feature = "oracle"))]
    pub seen: Option<Vec<(usize, usize, [super::value::Reg; crate::isa::REGISTERS])>>,
}

impl<'u> Explorer<'u> {
    pub fn new(unit: &'u Unit<'u>, limits: &Limits, plan: &'u Plan, why: &'u Why) -> Result<Self, Refused> {
        let layout = Layout::new(unit.code, why)?;
        if unit.maps.len() > MAX_MAPS {
            return Err(why.refuse(Reason::TooManyMaps(unit.maps.len())));
        }
        let mut budget = Budget::new(limits.memory_bytes);
        let per_slot = size_of::<crate::isa::Op>() + size_of::<Live>() + size_of::<NodeId>() + 1;
        let frames = (size_of::<Frame>() + WORDS * size_of::<Word>()) * MAX_FRAMES;
        budget.take(per_slot * unit.code.len() + frames)?;
        let live = Liveness::new(&layout, unit)?;
        Ok(Self {
            unit,
            why,
            state: State::new()?,
            at: 0,
            steps: 0,
            stack_bytes: 0,
            maps: 0,
            written_maps: 0,
            helpers: Vec::new(),
            nodes: Nodes::new(unit.code.len())?,
            layout,
            live,
            plan,
            budget,
            pending: Vec::new(),
            parent: NONE,
            since: 0,
            loops: Vec::new(),
            number: 0,
            scope: 0,
            naturals: Vec::new(),
            no_natural: Vec::new(),
            given_up: None,
            scratch: Vec::new(),
            #[cfg(any(test, feature = "oracle"))]
            seen: None,
        })
    }

    /// Walks all paths.
    pub fn walk(&mut self, steps: u64) -> Result<(), Refused> {
        let mut outcome = None;
        loop {
            self.path(outcome, steps)?;
            self.finish_loops()?;
            if let Some(head) = self.nodes.endless {
                self.at = head;
                return Err(self.why.refuse(Reason::InfiniteLoop));
            }
            let Some(pending) = self.pending.pop() else { return Ok(()) };
            self.budget.give(pending.packed.len());
            unpack(&pending.packed, &mut self.state, self.why)?;
            (self.at, outcome, self.scope) = (pending.at, pending.taken, pending.scope);
            (self.parent, self.since) = (pending.parent, pending.since);
        }
    }

    /// Walks one path from `self.at` to its end; `outcome` is that of the branch there, if it is given.
    fn path(&mut self, mut outcome: Option<bool>, budget: u64) -> Result<(), Refused> {
        loop {
            if outcome.is_none() && (self.leaves()? || self.layout.is_meeting(self.at) && self.meet()?) {
                return Ok(());
            }
            if self.steps >= budget {
                return Err(self.why.refuse(Reason::Steps { budget }));
            }
            self.steps += 1;
            self.since += 1;
            #[cfg(any(test, feature = "oracle"))]
            if let Some(seen) = &mut self.seen {
                seen.push((self.at, self.state.frames.len(), self.state.frame().regs));
            }
            match self.step(outcome.take())? {
                Flow::Next(next) => self.at = next,
                Flow::Exit => {
                    self.nodes.settle(self.parent, ends(EXIT, self.since));
                    return Ok(());
                }
            }
        }
    }

    /// Compares the state with those kept here, and keeps it; true: it is covered, the path ends.
    fn meet(&mut self) -> Result<bool, Refused> {
        if self.came_back() {
            return self.turn();
        }
        let (at, is_loop) = (self.at, self.layout.is_loop(self.at));
        let mut packed = core::mem::take(&mut self.scratch);
        let whole = self.pack(&mut packed)?;
        let scope = self.scope_number();
        let patience = if is_loop { LOOP_PATIENCE } else { PATIENCE };
        let found = self.nodes.find(at, scope, patience, &mut self.budget, |old, open| match open {
            true if old == packed => Match::Repeats,
            false if covers(old, &packed) => Match::Covered(ends(EXIT, 0)),
            _ => Match::None,
        });
        match found {
            Match::Covered(after) => self.nodes.settle(self.parent, later(after, self.since)),
            Match::Repeats => return Err(self.why.refuse(Reason::InfiniteLoop)),
            // A state of which not all is packed may not stand for what is walked from it.
            Match::None if whole && (is_loop || self.since >= KEEP_EVERY) => {
                let kept = self.nodes.keep(
                    &packed,
                    Place { point: at, parent: self.parent, cost: self.since, scope },
                    &mut self.budget,
                );
                if let Some(node) = kept {
                    (self.parent, self.since) = (node, 0);
                }
            }
            Match::None => {}
        }
        self.scratch = packed;
        if matches!(found, Match::Covered(_)) {
            return Ok(true);
        }
        if is_loop {
            self.begin_loop()?;
        }
        Ok(false)
    }

    /// Leaves the other way of the branch here for later.
    pub fn postpone(&mut self, taken: bool) -> Result<(), Refused> {
        let at = self.at;
        let packed = self.packed()?.0;
        self.budget.take(packed.len())?;
        // The branch itself is counted again when it is walked the other way.
        let (parent, since) = (self.parent, self.since - 1);
        let pending = Pending { packed, at, taken: Some(taken), parent, since, scope: self.scope };
        self.budget.push(&mut self.pending, pending, Budget::take)?;
        self.nodes.fork(parent);
        Ok(())
    }

    /// As `pack`, in bytes of its own.
    pub fn packed(&mut self) -> Result<(Vec<u8>, bool), Refused> {
        let mut packed = Vec::new();
        let whole = self.pack(&mut packed)?;
        packed.shrink_to_fit();
        Ok((packed, whole))
    }

    /// Packs the state, in which before that all is forgotten that does not matter any more: who goes on from here knows no
    /// more than what the packed state says. False: not all of it is packed.
    fn pack(&mut self, packed: &mut Vec<u8>) -> Result<bool, Refused> {
        for frame in 0..self.state.frames.len() {
            let live = self.live_in(frame, self.at);
            forget_dead(&mut self.state.frames[frame], &live);
        }
        Packer::pack(&self.state, packed)
    }

    /// What is live in a frame while the last one is at `at`.
    fn live_in(&self, frame: usize, at: usize) -> Live {
        match self.state.frames.get(frame + 1) {
            Some(callee) => self.live.across_call(callee.back_to),
            None => self.live.before(at),
        }
    }
}
