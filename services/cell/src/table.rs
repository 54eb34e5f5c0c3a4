//! The table of programs: the agent writes it, the cell reads it.
//!
//! Layout, little-endian: [`SLOTS`] entries of 160 bytes: state `u32 @0` (0 empty, 1 loaded), hook's number `u32 @4`,
//! code's offset in the region `u32 @8`, instructions `u32 @12`, bound on executed instructions `u64 @16` (0: none
//! known), maps `u32 @24`, offset in the maps' region and length of each map, `2 x u32 @32` on. Code begins
//! behind the table, on a page.
use core::sync::atomic::Ordering::{Acquire, Release};

use shm::{OutOfBounds, Shm};

/// Programs that can be loaded at a time.
pub const SLOTS: usize = 32;
/// Maps that one program can use.
pub const MAPS: usize = 16;
const ENTRY: usize = 160;
/// Where code may begin.
pub const CODE: usize = (SLOTS * ENTRY).next_multiple_of(4096);
/// Bytes of an instruction.
pub const INSN: usize = 8;
/// Most instructions of a program.
pub const MAX_INSNS: usize = 4096;

/// Bytes before the text of a trace record: time in ns `u64 @0`, program's slot `u32 @8`.
pub const TRACE_HEADER: usize = 12;

/// A program in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number of its hook.
    pub hook: u32,
    /// Where its code begins, in bytes from the region's start.
    pub code: u32,
    /// Its length, in instructions.
    pub insns: u32,
    /// At most so many instructions are executed for an event; 0 if there is no such bound.
    pub bound: u64,
    /// Number of its maps.
    pub maps: u32,
    /// Offset and length of each map in the maps' region, in bytes.
    pub map: [(u32, u32); MAPS],
}

/// The table.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(Shm<'a>);

impl<'a> Table<'a> {
    /// The table at the start of `region`.
    pub const fn new(region: Shm<'a>) -> Self {
        Self(region)
    }

    /// The program in `slot`, with its numbers checked against the region, or none.
    pub fn get(&self, slot: usize) -> Option<Entry> {
        let e = self.entry(slot).ok()?;
        if e.u32(0).ok()?.load(Acquire) != 1 {
            return None;
        }
        let word = |at| e.load(at, 4).ok().map(|w| w as u32);
        let mut entry = Entry {
            hook: word(4)?,
            code: word(8)?,
            insns: word(12)?,
            bound: e.load(16, 8).ok()?,
            maps: word(24)?,
            map: [(0, 0); MAPS],
        };
        if entry.insns as usize > MAX_INSNS || entry.maps as usize > MAPS || self.code(&entry).is_err() {
            return None;
        }
        for (i, map) in entry.map.iter_mut().enumerate() {
            *map = (word(32 + 8 * i)?, word(36 + 8 * i)?);
        }
        Some(entry)
    }

    /// The code of a program.
    ///
    /// # Errors
    /// It does not lie inside the region, or overlaps the table.
    pub fn code(&self, entry: &Entry) -> Result<Shm<'a>, OutOfBounds> {
        if (entry.code as usize) < CODE {
            return Err(OutOfBounds);
        }
        self.0.slice(entry.code as usize, entry.insns as usize * INSN)
    }

    /// Puts a program whose code is in place into `slot`; seen at once.
    ///
    /// # Errors
    /// No such slot.
    pub fn set(&self, slot: usize, entry: &Entry) -> Result<(), OutOfBounds> {
        let e = self.entry(slot)?;
        e.store(4, 4, entry.hook.into())?;
        e.store(8, 4, entry.code.into())?;
        e.store(12, 4, entry.insns.into())?;
        e.store(16, 8, entry.bound)?;
        e.store(24, 4, entry.maps.into())?;
        for (i, (offset, len)) in entry.map.iter().enumerate() {
            e.store(32 + 8 * i, 4, (*offset).into())?;
            e.store(36 + 8 * i, 4, (*len).into())?;
        }
        e.u32(0)?.store(1, Release);
        Ok(())
    }

    /// Empties `slot`.
    pub fn clear(&self, slot: usize) {
        if let Ok(word) = self.entry(slot).and_then(|e| e.u32(0)) {
            word.store(0, Release);
        }
    }

    fn entry(&self, slot: usize) -> Result<Shm<'a>, OutOfBounds> {
        if slot >= SLOTS {
            return Err(OutOfBounds);
        }
        self.0.slice(slot * ENTRY, ENTRY)
    }
}

/// What the cell counts for a program: 32 bytes a slot, in a page that it writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that it ran for.
    pub runs: u64,
    /// Time that they took, in ns.
    pub ns: u64,
    /// Runs that were stopped.
    pub traps: u64,
}

/// The page of [`Counts`].
#[derive(Clone, Copy, Debug)]
pub struct Stats<'a>(Shm<'a>);

impl<'a> Stats<'a> {
    /// The counts in `page`.
    pub const fn new(page: Shm<'a>) -> Self {
        Self(page)
    }

    /// Reads those of `slot`; zeroes if there is no such slot.
    pub fn get(&self, slot: usize) -> Counts {
        let word = |i: usize| self.0.load(slot.saturating_mul(32).saturating_add(8 * i), 8).unwrap_or(0);
        Counts { runs: word(0), ns: word(1), traps: word(2) }
    }

    /// Writes those of `slot`.
    pub fn set(&self, slot: usize, counts: Counts) {
        if slot < SLOTS {
            for (i, word) in [counts.runs, counts.ns, counts.traps].into_iter().enumerate() {
                // Inside the page by the check above.
                let _ = self.0.store(slot * 32 + 8 * i, 8, word);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use core::sync::atomic::AtomicU64;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn entries_are_read_as_written_and_nonsense_is_not_read() {
        let words: Vec<_> = (0..2048).map(|_| AtomicU64::new(0)).collect();
        let table = Table::new(Shm::from_words(&words));
        let mut entry =
            Entry { hook: 1, code: CODE as u32, insns: 9, bound: 42, maps: 1, map: [(0, 0); MAPS] };
        entry.map[0] = (4096, 128);
        assert_eq!(table.get(3), None);
        table.set(3, &entry).unwrap();
        assert_eq!(table.get(3), Some(entry));
        table.clear(3);
        assert_eq!(table.get(3), None);
        for bad in [
            Entry { code: 0, ..entry },
            Entry { code: u32::MAX, ..entry },
            Entry { insns: MAX_INSNS as u32 + 1, ..entry },
            Entry { insns: 2000, ..entry },
            Entry { maps: MAPS as u32 + 1, ..entry },
        ] {
            table.set(3, &bad).unwrap();
            assert_eq!(table.get(3), None, "{bad:?}");
        }
        assert!(table.set(SLOTS, &entry).is_err());
    }
}
