//! The registers that count a loop's turns, and what the number of turns says about the others.
use super::super::{
    explore::Explorer,
    natural::Step,
    num::ones,
    value::{Base, Reg},
    widen::{Marks, counted, multiples, part, set_part, times},
};
use crate::{
    hook::MAX_PACKET_BYTES,
    isa::{Op, Operand, Width},
};

impl Explorer<'_> {
    /// What the loop's jumps compare with.
    pub(super) fn marks(&self, natural: usize) -> Marks {
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
    pub(super) fn counter(&self) -> Option<(Step, u64)> {
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
            Some((*step, times(range, step.by, bits)?))
        });
        turns.min_by_key(|(_, turns)| *turns)
    }

    /// Where a counter began, if it is one number, and one more step from the guess, which the state holds, does not
    /// wrap around.
    pub(super) fn goes_on_from(&self, step: Step) -> Option<u64> {
        let (start, bits) = part(&self.current()?.start[usize::from(step.register)], step.width)?;
        let (range, _) = part(self.state.peek(step.register), step.width)?;
        let is_number = matches!(self.state.peek(step.register), Reg::Scalar(_));
        let distance = step.by.unsigned_abs();
        let fits = if step.by > 0 { range.umax <= ones(bits) - distance } else { range.umin >= distance };
        start.known().filter(|_| is_number && fits)
    }

    /// Cuts the counter's range to the numbers that it can have.
    pub(super) fn cut_counter(&mut self, step: Step, from: u64) {
        let mut reg = *self.state.peek(step.register);
        let Some((range, bits)) = part(&reg, step.width) else { return };
        let Some(cut) = multiples(range, from, step.by, bits) else { return };
        if set_part(&mut reg, step.width, &cut) {
            self.state.set(step.register, reg);
        }
    }

    /// What the turns make of the registers that change by constants, but the one that counts them.
    pub(super) fn count_others(&mut self, counter: Option<(Step, u64)>, replace: bool) {
        let (Some((by, turns)), Some(inner)) = (counter, self.scope.checked_sub(1)) else { return };
        let natural = self.loops[inner].natural;
        for n in 0..self.naturals[natural].steps.len() {
            let step = self.naturals[natural].steps[n];
            let mut reg = *self.state.peek(step.register);
            let from = part(&self.loops[inner].start[usize::from(step.register)], step.width);
            let (Some((from, bits)), Some((known, _))) = (from, part(&reg, step.width)) else { continue };
            if step.register == by.register {
                continue;
            }
            let mut all = counted(from, step.by, turns, bits);
            if (replace || all.intersect(known, bits)) && set_part(&mut reg, step.width, &all) {
                self.state.set(step.register, reg);
            }
        }
    }
}
