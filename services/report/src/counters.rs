//! A page of counters: its owner counts in it, others read it, no IPC.
//!
//! Layout, little-endian: counters `u32 @0`; for rates when they were taken, ns, `u64 @8`, and over how long, ns, `u64 @16`; from byte 64 on one entry of 32 bytes each: name, 24 bytes
//! zero-padded; value `u64 @24`. The page's last word is not a counter: [`PENDING_CALL`].
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shm::{OutOfBounds, Shm};

use crate::{Text, set_text, text};

const ENTRIES: usize = 64;
const ENTRY: usize = 32;
const NAME_BYTES: usize = 24;
/// Where the page's owner notes which Call it waits in (`svc::call`): `capability pointer << 32 | address of its system
/// call instruction`, 0 if in none. When a server dies, its supervisor finds by this whom to release.
pub const PENDING_CALL: usize = 4088;
/// Where the page's owner counts the Calls that it begins, `u32`: two looks tell one Call from the next.
pub const CALLS: usize = 4080;
/// The label of the answer by which the supervisor releases the caller of a server that died.
pub const CALL_FAILED: u64 = 0xf_ffff;
/// Counters in a page.
pub const MAX: usize = (CALLS - ENTRIES) / ENTRY;

/// The page.
#[derive(Clone, Copy, Debug)]
pub struct Counters<'a>(Shm<'a>);

impl<'a> Counters<'a> {
    /// The counters in `page`.
    pub const fn new(page: Shm<'a>) -> Self {
        Self(page)
    }

    /// Names the counters. Values stay: they go on over a restart of their owner.
    ///
    /// # Errors
    /// More than [`MAX`].
    pub fn declare(&self, names: &[&str]) -> Result<(), OutOfBounds> {
        for (i, name) in names.iter().enumerate() {
            set_text::<NAME_BYTES>(self.entry(i)?, 0, name)?;
        }
        self.0.store(0, 4, names.len() as u64)
    }

    /// Names the counters as those of `other` are named.
    ///
    /// # Errors
    /// Never: both pages have room for the same.
    pub fn declare_as(&self, other: &Counters<'_>) -> Result<(), OutOfBounds> {
        let len = other.len();
        for index in 0..len {
            set_text::<NAME_BYTES>(self.entry(index)?, 0, other.get(index)?.0.as_str())?;
        }
        self.0.store(0, 4, len as u64)
    }

    /// Notes when rates were taken, and over how long.
    ///
    /// # Errors
    /// The page is too small.
    pub fn stamp(&self, now_ns: u64, passed_ns: u64) -> Result<(), OutOfBounds> {
        self.0.store(8, 8, now_ns)?;
        self.0.store(16, 8, passed_ns)
    }

    /// Counters in the page.
    pub fn len(&self) -> usize {
        self.0.load(0, 4).map_or(0, |n| (n as usize).min(MAX))
    }

    /// Whether none is declared.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name and value of counter `index`.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, index: usize) -> Result<(Text<NAME_BYTES>, u64), OutOfBounds> {
        if index >= self.len() {
            return Err(OutOfBounds);
        }
        let entry = self.entry(index)?;
        Ok((text(entry, 0)?, entry.load(24, 8)?))
    }

    /// Counter `index` itself, for its owner.
    ///
    /// # Errors
    /// More than [`MAX`].
    pub fn counter(&self, index: usize) -> Result<Counter<'a>, OutOfBounds> {
        self.entry(index)?.u64(24).map(Counter)
    }

    fn entry(&self, index: usize) -> Result<Shm<'a>, OutOfBounds> {
        if index >= MAX {
            return Err(OutOfBounds);
        }
        self.0.slice(ENTRIES + index * ENTRY, ENTRY)
    }
}

/// One counter, with one writer.
#[derive(Clone, Copy, Debug)]
pub struct Counter<'a>(&'a AtomicU64);

impl Counter<'_> {
    /// Counts `n` more.
    #[inline]
    pub fn add(self, n: u64) {
        // One writer: load and store, no locked instruction.
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// Sets it, for what is not counted but measured.
    #[inline]
    pub fn set(self, value: u64) {
        self.0.store(value, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn counters_count() {
        let words: Vec<_> = (0..512).map(|_| AtomicU64::new(0)).collect();
        let counters = Counters::new(Shm::from_words(&words));
        counters.declare(&["requests", "errors"]).unwrap();
        counters.counter(1).unwrap().add(3);
        counters.counter(1).unwrap().add(4);
        let (name, value) = counters.get(1).unwrap();
        assert_eq!((name.as_str(), value), ("errors", 7));
        assert!(counters.get(2).is_err());
        assert!(counters.counter(MAX).is_err());
    }
}
