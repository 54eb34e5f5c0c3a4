//! Faults as text.

use core::fmt::{self, Write};

/// A fault for the report, cut to its size.
pub struct FaultText {
    bytes: [u8; report::FAULT_BYTES],
    len: usize,
}

impl Default for FaultText {
    fn default() -> Self {
        Self { bytes: [0; report::FAULT_BYTES], len: 0 }
    }
}

impl FaultText {
    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("?")
    }
}

impl Write for FaultText {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let kept = s.floor_char_boundary(self.bytes.len() - self.len);
        self.bytes[self.len..self.len + kept].copy_from_slice(&s.as_bytes()[..kept]);
        self.len += kept;
        Ok(())
    }
}

/// Registers in a line.
pub struct Registers<'a>(pub &'a [(&'static str, u64)]);

impl fmt::Display for Registers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.0 {
            write!(f, "{name} {value:#x}  ")?;
        }
        Ok(())
    }
}
