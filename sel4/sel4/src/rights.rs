//! Rights of a capability.

use crate::generation;
use crate::sys::seL4_CapRights;

/// Rights that a copy of a capability keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CapRights(seL4_CapRights);

impl CapRights {
    /// These rights: pass capabilities along (on an endpoint: also be answered), receive or read, send or write.
    pub const fn new(grant: bool, read: bool, write: bool) -> Self {
        Self(generation::rights(grant, read, write))
    }

    /// No rights.
    pub const fn none() -> Self {
        Self::new(false, false, false)
    }

    /// All rights.
    pub const fn all() -> Self {
        Self::new(true, true, true)
    }

    /// Read and write.
    pub const fn read_write() -> Self {
        Self::new(false, true, true)
    }

    /// Read only.
    pub const fn read_only() -> Self {
        Self::new(false, true, false)
    }

    /// Write only.
    pub const fn write_only() -> Self {
        Self::new(false, false, true)
    }

    /// As the kernel has them.
    pub const fn into_inner(self) -> seL4_CapRights {
        self.0
    }
}

impl From<CapRightsBuilder> for CapRights {
    fn from(builder: CapRightsBuilder) -> Self {
        builder.build()
    }
}

/// Rights, one after another.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct CapRightsBuilder {
    grant: bool,
    read: bool,
    write: bool,
}

impl CapRightsBuilder {
    /// None yet.
    pub const fn none() -> Self {
        Self { grant: false, read: false, write: false }
    }

    /// Whether capabilities can be passed along; on an endpoint also whether a call through it is answered.
    #[must_use]
    pub const fn grant(mut self, grant: bool) -> Self {
        self.grant = grant;
        self
    }

    /// Whether messages can be received or memory be read.
    #[must_use]
    pub const fn read(mut self, read: bool) -> Self {
        self.read = read;
        self
    }

    /// Whether messages can be sent or memory be written.
    #[must_use]
    pub const fn write(mut self, write: bool) -> Self {
        self.write = write;
        self
    }

    /// The rights.
    pub const fn build(self) -> CapRights {
        CapRights::new(self.grant, self.read, self.write)
    }
}
