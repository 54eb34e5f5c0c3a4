//! Labels and the distances to them: what the machines use of a compilation.
use super::{
    Checks, Error,
    compiler::{Compiler, Failure, FailureKind},
    layout::push,
    machine::Distances,
};
use crate::isa::FP;

/// A place in the code: first those of the slots by their number, then others as they are made.
pub(super) type Label = u32;

/// The position of a label that has none yet.
pub(super) const UNBOUND: u32 = u32::MAX;
/// How much longer code may get if jumps take their long forms.
const GROWTH: usize = 3;

/// A distance that is written when the label has its position.
pub(super) struct Fixup<H> {
    at: u32,
    to: Label,
    hole: H,
}

impl<M: Distances> Compiler<'_, '_, M> {
    pub(super) fn checked(&self) -> bool {
        self.options.checks == Checks::All
    }

    /// A new label, without position.
    pub(super) fn label(&mut self) -> Result<Label, Error> {
        push(&mut self.labels, UNBOUND)?;
        Ok((self.labels.len() - 1) as Label)
    }

    /// Gives a label this position.
    pub(super) fn bind(&mut self, label: Label) {
        self.labels[label as usize] = self.buffer.len() as u32;
    }

    /// The position of a label, if it is behind.
    pub(super) fn position(&self, label: Label) -> Option<usize> {
        let position = self.labels[label as usize];
        (position != UNBOUND).then_some(position as usize)
    }

    /// What is reached when a check of this instruction fails.
    pub(super) fn failure(&mut self, kind: FailureKind) -> Result<Label, Error> {
        let label = self.label()?;
        push(&mut self.failures, Failure { label, at: self.at as u32, kind })?;
        Ok(label)
    }

    /// Has the distance to `to` written into the instruction at `at`.
    pub(super) fn refer(&mut self, hole: M::Hole, at: usize, to: Label) -> Result<(), Error> {
        match self.position(to) {
            Some(to) if M::fill(&mut self.buffer, hole, at, to) => Ok(()),
            Some(_) => Err(Error::TooFar),
            None => push(&mut self.fixups, Fixup { at: at as u32, to, hole }),
        }
    }

    /// Whether a label is at most `range` bytes away, as far as is known: forward, the first attempt is confident.
    pub(super) fn reaches(&self, to: Label, range: usize) -> bool {
        let distance = match (self.position(to), self.before.get(to as usize)) {
            (Some(to), _) => self.buffer.len() - to,
            (None, None) => 0,
            (None, Some(&to)) => GROWTH * (to - self.before[self.at]) as usize,
        };
        distance <= range
    }

    /// Writes the distances forward; false: one does not fit.
    pub(super) fn link(&mut self) -> bool {
        let fixups = core::mem::take(&mut self.fixups);
        fixups.into_iter().all(|Fixup { at, to, hole }| {
            M::fill(&mut self.buffer, hole, at as usize, self.labels[to as usize] as usize)
        })
    }

    /// What a call of the program's functions keeps: those of r6 to r9 that functions may write.
    pub(super) fn kept(&self) -> impl DoubleEndedIterator<Item = u8> + Clone + use<M> {
        let written = self.layout.written;
        (6..FP).filter(move |&n| written >> n & 1 != 0)
    }

    /// The routine that `callx` goes through.
    pub(super) fn indirect_routine(&mut self) -> Result<Label, Error> {
        if self.indirect.is_none() {
            self.indirect = Some(self.label()?);
        }
        self.indirect.ok_or(Error::OutOfMemory)
    }
}
