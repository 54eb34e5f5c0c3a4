//! What is attached to a hook: a page that the agent writes and the hook's owner reads.
//!
//! Layout, little-endian: attachments in use `u32 @0`; from byte 64 on [`ATTACHMENTS`] entries of 16 bytes:
//! program `u32 @0` (its slot in the ledger plus one; 0: none), epoch `u32 @4` (changes with each attachment), period in ns
//! `u64 @8`.
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use shm::{OutOfBounds, Shm};

/// Attachments that one hook can have.
pub const ATTACHMENTS: usize = 16;
const ENTRIES: usize = 64;
const ENTRY: usize = 16;

/// One program on a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its slot in the ledger.
    pub program: u32,
    /// Tells this attachment from an earlier one in the same place.
    pub epoch: u32,
    /// For the hook `timer`: time between two events, in ns.
    pub period_ns: u64,
}

/// The page.
#[derive(Clone, Copy, Debug)]
pub struct Hook<'a> {
    in_use: &'a core::sync::atomic::AtomicU32,
    entries: Shm<'a>,
}

impl<'a> Hook<'a> {
    /// The hook whose attachments are in `memory`, a page.
    ///
    /// # Errors
    /// The memory is too small.
    pub fn new(memory: Shm<'a>) -> Result<Self, OutOfBounds> {
        Ok(Self { in_use: memory.u32(0)?, entries: memory.slice(ENTRIES, ATTACHMENTS * ENTRY)? })
    }

    /// Whether anything is attached: all that an event costs on a hook without programs.
    #[inline]
    pub fn is_armed(&self) -> bool {
        self.in_use.load(Relaxed) != 0
    }

    /// The attachment in place `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<Attachment> {
        let at = index.checked_mul(ENTRY)?;
        let program = self.entries.u32(at).ok()?.load(Acquire).checked_sub(1)?;
        Some(Attachment {
            program,
            epoch: self.entries.load(at + 4, 4).ok()? as u32,
            period_ns: self.entries.load(at + 8, 8).ok()?,
        })
    }

    /// All attachments with their places.
    pub fn iter(&self) -> impl Iterator<Item = (usize, Attachment)> {
        (0..ATTACHMENTS).filter_map(|index| Some((index, self.get(index)?)))
    }

    /// A place where nothing is attached, if there is one.
    pub fn free_place(&self) -> Option<usize> {
        (0..ATTACHMENTS).find(|&index| self.get(index).is_none())
    }

    /// Attaches `program` in the free place `index`; takes effect between two events. Gives the place, or none if there is no such.
    pub fn attach(&self, index: usize, program: u32, period_ns: u64) -> Option<usize> {
        if index >= ATTACHMENTS {
            return None;
        }
        let at = index * ENTRY;
        let epoch = self.entries.u32(at + 4).ok()?;
        epoch.store(epoch.load(Relaxed).wrapping_add(1), Relaxed);
        self.entries.store(at + 8, 8, period_ns).ok()?;
        self.entries.u32(at).ok()?.store(program + 1, Release);
        self.count();
        Some(index)
    }

    /// Puts another program in the place of the one that is attached there: same epoch, same period.
    pub fn replace(&self, index: usize, program: u32) {
        if self.get(index).is_some()
            && let Ok(word) = self.entries.u32(index * ENTRY)
        {
            word.store(program + 1, Release);
        }
    }

    /// Takes the attachment in place `index` away; takes effect between two events.
    pub fn detach(&self, index: usize) {
        if index < ATTACHMENTS
            && let Ok(word) = self.entries.u32(index * ENTRY)
        {
            word.store(0, Release);
        }
        self.count();
    }

    fn count(&self) {
        self.in_use.store(self.iter().count() as u32, Release);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use core::sync::atomic::AtomicU64;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn attachments_come_and_go() {
        let words: Vec<_> = (0..512).map(|_| AtomicU64::new(0)).collect();
        let hook = Hook::new(Shm::from_words(&words)).unwrap();
        assert!(!hook.is_armed());
        for program in 0..ATTACHMENTS as u32 {
            let place = hook.free_place().unwrap();
            assert_eq!(hook.attach(place, program, 10), Some(place));
        }
        assert_eq!((hook.free_place(), hook.attach(ATTACHMENTS, 99, 10)), (None, None));
        let before = hook.get(3).unwrap();
        hook.replace(3, 40);
        assert_eq!(hook.get(3), Some(Attachment { program: 40, ..before }), "the epoch stays");
        hook.detach(3);
        hook.replace(3, 41);
        assert_eq!((hook.get(3), hook.free_place()), (None, Some(3)));
        hook.attach(3, 7, 20).unwrap();
        let after = hook.get(3).unwrap();
        assert_eq!((after.program, after.period_ns), (7, 20));
        assert_ne!(after.epoch, before.epoch);
        (0..ATTACHMENTS).for_each(|place| hook.detach(place));
        assert!(!hook.is_armed());
        assert_eq!(hook.get(usize::MAX), None);
    }
}
