//! Natural loops: the slots from which control comes back to a head that dominates them, and the registers that
//! each turn changes by the same constant.
use alloc::vec::Vec;

use super::layout::Layout;
use crate::isa::{Alu, Op, Operand, Width};

/// Passes over a function before the analysis of a loop gives up.
const PASSES: usize = 32;

/// A set of slots.
#[derive(Clone, Debug)]
struct Slots(Vec<u64>);

impl Slots {
    fn new(n: usize) -> Option<Self> {
        let mut words = Vec::new();
        words.try_reserve_exact(n.div_ceil(64)).ok()?;
        words.resize(n.div_ceil(64), 0);
        Some(Self(words))
    }

    fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 != 0)
    }

    fn add(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }
}

/// A register that each turn changes once, by a constant.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub register: u8,
    pub width: Width,
    pub by: i64,
    /// Whether some jump of the loop compares it.
    pub compared: bool,
}

/// A natural loop.
#[derive(Debug)]
pub struct Natural {
    pub head: usize,
    inside: Slots,
    pub steps: Vec<Step>,
}

impl Natural {
    /// The loop with this head; `None`: its head does not dominate it, or it is too tangled.
    pub fn find(layout: &Layout, head: usize) -> Option<Self> {
        let function = layout.function_of(head);
        let goes_back = |at: usize| successors(layout, at).any(|to| to == head);
        // What is reached from the function's entry around the head is not dominated by it.
        let mut around = Slots::new(layout.ops.len())?;
        if function.start != head {
            around.add(function.start);
        }
        spread(&mut around, layout, &function, &|at| at != head)?;
        let mut inside = Slots::new(layout.ops.len())?;
        inside.add(head);
        let mut any = false;
        for at in function.clone().filter(|&at| goes_back(at) && !around.has(at)) {
            inside.add(at);
            any = true;
        }
        let mut changed = any;
        for pass in 0.. {
            if !changed {
                break;
            }
            changed = false;
            for at in function.clone().rev().filter(|&at| !around.has(at)) {
                let leads_in =
                    !inside.has(at) && successors(layout, at).any(|to| to != head && inside.has(to));
                if leads_in {
                    inside.add(at);
                    changed = true;
                }
            }
            if pass == PASSES {
                return None;
            }
        }
        let mut natural = Self { head, inside, steps: Vec::new() };
        if any {
            natural.find_steps(layout, function)?;
        }
        any.then_some(natural)
    }

    pub fn contains(&self, at: usize) -> bool {
        self.inside.has(at)
    }

    /// Bytes that it takes.
    pub const fn bytes(&self) -> usize {
        size_of::<Self>() + 8 * self.inside.0.capacity() + size_of::<Step>() * self.steps.capacity()
    }

    /// The slots of the loop.
    pub fn slots(&self) -> impl Iterator<Item = usize> {
        (0..64 * self.inside.0.len()).filter(|&at| self.contains(at))
    }

    fn find_steps(&mut self, layout: &Layout, function: core::ops::Range<usize>) -> Option<()> {
        let (mut once, mut twice, mut compared) = (0, 0, 0);
        for at in self.slots() {
            let written = writes(layout.ops[at]);
            twice |= once & written;
            once |= written;
            if let Op::Jump { dst, src, .. } = layout.ops[at] {
                compared |= 1 << dst;
                if let Operand::Reg(src) = src {
                    compared |= 1 << src;
                }
            }
        }
        for at in function {
            let op = layout.ops[at];
            let (Op::Alu { op, width, dst, src: Operand::Imm(imm) }, true) = (op, self.contains(at)) else {
                continue;
            };
            let by = match op {
                Alu::Add => i64::from(imm),
                Alu::Sub => -i64::from(imm),
                _ => continue,
            };
            let single = (once & !twice) >> dst & 1_u16 != 0;
            if by != 0 && single && self.once_a_turn(layout, at)? {
                let step = Step { register: dst, width, by, compared: compared >> dst & 1_u16 != 0 };
                self.steps.try_reserve(1).ok()?;
                self.steps.push(step);
            }
        }
        Some(())
    }

    /// Whether each turn comes through this slot, and only once.
    fn once_a_turn(&self, layout: &Layout, slot: usize) -> Option<bool> {
        let function = layout.function_of(slot);
        let reach = |seeds: &mut dyn Iterator<Item = usize>, stop: usize| {
            let may = |at: usize| at != stop && self.contains(at);
            let mut reached = Slots::new(layout.ops.len())?;
            seeds.filter(|&at| may(at)).for_each(|at| reached.add(at));
            spread(&mut reached, layout, &function, &|at| at != self.head && may(at))?;
            Some(reached)
        };
        let around = reach(&mut core::iter::once(self.head), slot)?;
        let misses =
            self.slots().any(|at| around.has(at) && successors(layout, at).any(|to| to == self.head));
        let behind = reach(&mut successors(layout, slot), self.head)?;
        Some(!misses && !behind.has(slot))
    }
}

/// Adds all that is reached from the set by way of slots that `may`.
fn spread(
    set: &mut Slots,
    layout: &Layout,
    function: &core::ops::Range<usize>,
    may: &dyn Fn(usize) -> bool,
) -> Option<()> {
    for _ in 0..PASSES {
        let mut changed = false;
        for at in function.clone() {
            if !set.has(at) {
                continue;
            }
            for to in successors(layout, at) {
                if may(to) && !set.has(to) {
                    set.add(to);
                    changed = true;
                }
            }
        }
        if !changed {
            return Some(());
        }
    }
    None
}

/// Where control goes from here inside of the function.
fn successors(layout: &Layout, at: usize) -> impl Iterator<Item = usize> {
    let op = layout.ops[at];
    let next = op.falls_through();
    let jump = op.jump_target(at).and_then(|to| usize::try_from(to).ok());
    next.then_some(at + op.slots()).into_iter().chain(jump)
}

/// The registers that an instruction writes, bit by bit.
fn writes(op: Op) -> u16 {
    match op {
        Op::CallHelper { .. } | Op::CallLocal { .. } | Op::LoadPacket { .. } => 0x3f,
        Op::CallReg { .. } => 0x3ff,
        _ => op.written().map_or(0, |register| 1 << register),
    }
}
