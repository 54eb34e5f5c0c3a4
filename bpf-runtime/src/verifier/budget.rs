//! What a verification may use.
use super::reason::Reason;

/// Bytes of memory, counted.
#[derive(Debug)]
pub struct Budget {
    left: usize,
}

impl Budget {
    pub const fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    pub fn take(&mut self, bytes: usize) -> Result<(), Reason> {
        self.left = self.left.checked_sub(bytes).ok_or(Reason::OutOfMemory)?;
        Ok(())
    }

    pub const fn give(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes);
    }
}
