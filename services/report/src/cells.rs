//! What the root task tells the agent of cells, in a page that it writes and the agent reads.
//!
//! Layout, little-endian: an entry of 64 bytes a cell: state `u32 @0` (0: there is none), stops `u32 @4`, why it was last stopped,
//! 56 bytes zero-padded, `@8`.
use shm::{OutOfBounds, Shm};

use crate::{State, Text, set_text, text};

const ENTRY: usize = 64;
/// Bytes of why a cell was stopped.
pub const WHY_BYTES: usize = 56;

/// A cell, as it was when it was read.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// What it is doing; none: there is no such cell.
    pub state: Option<State>,
    /// How often it was stopped.
    pub stops: u32,
    /// Why it was last stopped, for a person; empty if it never was.
    pub why: Text<WHY_BYTES>,
}

/// The page.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a>(pub Shm<'a>);

impl Cells<'_> {
    /// Notes what a cell is doing.
    ///
    /// # Errors
    /// No such cell.
    pub fn set_state(&self, cell: usize, state: Option<State>, stops: u32) -> Result<(), OutOfBounds> {
        let entry = self.entry(cell)?;
        entry.store(4, 4, stops.into())?;
        entry.store(0, 4, state.map_or(0, |state| state as u64))
    }

    /// Notes why it was stopped.
    ///
    /// # Errors
    /// No such cell.
    pub fn set_fault(&self, cell: usize, why: &str) -> Result<(), OutOfBounds> {
        set_text::<WHY_BYTES>(self.entry(cell)?, 8, why)
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// No such cell.
    pub fn get(&self, cell: usize) -> Result<Cell, OutOfBounds> {
        let entry = self.entry(cell)?;
        Ok(Cell {
            state: State::from_word(entry.load(0, 4)?),
            stops: entry.load(4, 4)? as u32,
            why: text(entry, 8)?,
        })
    }

    fn entry(&self, cell: usize) -> Result<Shm<'_>, OutOfBounds> {
        self.0.slice(cell.saturating_mul(ENTRY), ENTRY)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use core::sync::atomic::AtomicU64;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn entries_are_read_as_written() {
        let words: Vec<_> = (0..512).map(|_| AtomicU64::new(0)).collect();
        let cells = Cells(Shm::from_words(&words));
        assert_eq!(cells.get(63).unwrap().state, None);
        cells.set_state(63, Some(State::Running), 2).unwrap();
        cells.set_fault(63, "wild").unwrap();
        let cell = cells.get(63).unwrap();
        assert_eq!((cell.state, cell.stops, cell.why.as_str()), (Some(State::Running), 2, "wild"));
        assert!(cells.get(62).unwrap().why.as_str().is_empty() && cells.get(64).is_err());
    }
}
