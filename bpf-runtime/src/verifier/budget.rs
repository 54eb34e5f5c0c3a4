//! What a verification may use.
use alloc::vec::Vec;

use super::reason::Refused;

/// Bytes of memory, counted.
#[derive(Debug)]
pub struct Budget {
    all: usize,
    left: usize,
}

impl Budget {
    pub const fn new(bytes: usize) -> Self {
        Self { all: bytes, left: bytes }
    }

    /// As `take`, for what can be done without: a quarter is left to what can't.
    pub fn take_spare(&mut self, bytes: usize) -> Result<(), Refused> {
        if self.left < self.all / 4 {
            return Err(Refused);
        }
        self.take(bytes)
    }

    pub fn take(&mut self, bytes: usize) -> Result<(), Refused> {
        self.left = self.left.checked_sub(bytes).ok_or(Refused)?;
        Ok(())
    }

    pub const fn give(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes);
    }

    /// Pushes; where the vector has to grow for it, the memory is taken by `take`.
    pub fn push<T>(
        &mut self,
        to: &mut Vec<T>,
        item: T,
        take: fn(&mut Self, usize) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        if to.len() == to.capacity() {
            let more = (to.len() / 2).max(8);
            // While it grows, what it had is there twice.
            let before = to.capacity() * size_of::<T>();
            take(self, before + more * size_of::<T>())?;
            to.try_reserve_exact(more).map_err(|_| Refused)?;
            self.give(before);
        }
        to.push(item);
        Ok(())
    }
}
