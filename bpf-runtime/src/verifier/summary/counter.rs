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

    /// The step that counts the turns best, by its index, and their number, if the guess that the state holds is right. It
    /// has to be one that is compared when states are: what nothing depends on is not proven to stay in its range.
    pub(super) fn counter(&self) -> Option<(usize, u64)> {
        let natural = &self.naturals[self.current()?.natural];
        let live = self.live.before(natural.head);
        let mut best: Option<(usize, u64)> = None;
        for (n, step) in natural.steps.iter().enumerate() {
            let reg = self.state.peek(step.register);
            let sets = if let Reg::Pointer(_) = reg { live.regs } else { live.regs & live.precise };
            if step.compared
                && sets >> step.register & 1 != 0
                && let Some((range, bits)) = part(reg, step.width)
                && let Some(turns) = times(range, step.by, bits)
                && best.is_none_or(|(_, least)| turns < least)
            {
                best = Some((n, turns));
            }
        }
        best
    }

    /// Where a counter began, if it is one number, and one more step from the guess, which the state holds, does not
    /// wrap around.
    pub(super) fn goes_on_from(&self, step: usize) -> Option<u64> {
        let inner = self.current()?;
        let step = &self.naturals[inner.natural].steps[step];
        let (start, bits) = part(&inner.start[usize::from(step.register)], step.width)?;
        let (range, _) = part(self.state.peek(step.register), step.width)?;
        let is_number = matches!(self.state.peek(step.register), Reg::Scalar(_));
        let distance = step.by.unsigned_abs();
        let fits = if step.by > 0 { range.umax <= ones(bits) - distance } else { range.umin >= distance };
        start.known().filter(|_| is_number && fits)
    }

    /// Cuts the counter's range to the numbers that it can have.
    pub(super) fn cut_counter(&mut self, step: usize, from: u64) {
        let Some(inner) = self.current() else { return };
        let Step { register, width, by, .. } = self.naturals[inner.natural].steps[step];
        let mut reg = *self.state.peek(register);
        let Some((range, bits)) = part(&reg, width) else { return };
        let Some(cut) = multiples(range, from, by, bits) else { return };
        if set_part(&mut reg, width, &cut) {
            self.state.set(register, reg);
        }
    }

    /// What the turns make of the registers that change by constants, but the one that counts them.
    pub(super) fn count_others(&mut self, counter: Option<(usize, u64)>, replace: bool) {
        let (Some((by, turns)), Some(inner)) = (counter, self.scope.checked_sub(1)) else { return };
        let natural = self.loops[inner].natural;
        let counter = self.naturals[natural].steps[by].register;
        for n in 0..self.naturals[natural].steps.len() {
            let Step { register, width, by, .. } = self.naturals[natural].steps[n];
            let mut reg = *self.state.peek(register);
            let from = part(&self.loops[inner].start[usize::from(register)], width);
            let (Some((from, bits)), Some((known, _))) = (from, part(&reg, width)) else { continue };
            if register == counter {
                continue;
            }
            let mut all = counted(from, by, turns, bits);
            if (replace || all.intersect(known, bits)) && set_part(&mut reg, width, &all) {
                self.state.set(register, reg);
            }
        }
    }
}
