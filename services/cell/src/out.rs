//! What a cell has to say: counts, and a ring of printed text.
//!
//! Layout, little-endian: runs `u64 @0`, time that they took in ticks `u64 @8`, runs that were stopped `u64 @16`; from
//! byte 64 on a ring of records, each time in ns `u64 @0`, slot `u32 @8`, text from [`TRACE_HEADER`] on.
use shm::{Consumer, OutOfBounds, Producer, Shm};

/// Bytes before the text of a record.
pub const TRACE_HEADER: usize = 12;
const RING: usize = 64;

/// Pages for a program that prints, or does not.
pub const fn pages(prints: bool) -> usize {
    if prints { crate::OUT.pages as usize } else { 1 }
}

/// How often a program ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that it ran for.
    pub runs: u64,
    /// Time that they took, in ticks of the time stamp counter.
    pub ticks: u64,
    /// Runs that were stopped.
    pub stopped: u64,
}

/// The memory.
#[derive(Clone, Copy, Debug)]
pub struct Out<'a>(pub Shm<'a>);

impl<'a> Out<'a> {
    /// Reads the counts; zeroes if there is no room for them.
    pub fn counts(&self) -> Counts {
        let word = |i: usize| self.0.load(8 * i, 8).unwrap_or(0);
        Counts { runs: word(0), ticks: word(1), stopped: word(2) }
    }

    /// Writes the counts.
    #[inline]
    pub fn set_counts(&self, counts: Counts) {
        for (i, word) in [counts.runs, counts.ticks, counts.stopped].into_iter().enumerate() {
            // A page has room for them.
            let _ = self.0.store(8 * i, 8, word);
        }
    }

    /// The writing end of the ring.
    ///
    /// # Errors
    /// There is no room for one.
    pub fn producer(&self) -> Result<Producer<'a>, OutOfBounds> {
        Producer::new(self.ring()?)
    }

    /// The reading end of the ring.
    ///
    /// # Errors
    /// There is no room for one.
    pub fn consumer(&self) -> Result<Consumer<'a>, OutOfBounds> {
        Consumer::new(self.ring()?)
    }

    fn ring(&self) -> Result<Shm<'a>, OutOfBounds> {
        self.0.slice(RING, self.0.len().checked_sub(RING).ok_or(OutOfBounds)?)
    }
}
