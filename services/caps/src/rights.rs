//! Rights of a capability.

use core::fmt;

/// A set of rights, with seL4's bits (libsel4 `shared_types_64.bf`, `seL4_CapRights`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// Read, receive, wait.
    pub const R: Self = Self(0b010);
    /// Write, send, signal.
    pub const W: Self = Self(0b001);
    /// Read and write.
    pub const RW: Self = Self(0b011);
    /// Send, and be replied to.
    pub const WG: Self = Self(0b101);

    /// The bits: 0 write, 1 read, 2 grant.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether both sets are the same.
    pub const fn same(self, other: Self) -> bool {
        self.0 == other.0
    }

    /// Whether it includes the right to write.
    pub const fn can_write(self) -> bool {
        self.0 & 1 != 0
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in [(1, "r"), (0, "w"), (2, "g")] {
            f.write_str(if self.0 >> bit & 1 == 1 { letter } else { "-" })?;
        }
        Ok(())
    }
}
