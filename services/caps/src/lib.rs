//! The words in which authority is written down.
//!
//! A service says what it [`Need`]s, in its library, as constants; the table in `root-task/system` answers
//! each need with one [`Grant`]. Slots, addresses and badges stand in one place and are used by both sides,
//! so they can't drift apart.
#![no_std]
#![forbid(unsafe_code)]

mod rights;
pub mod standard;

pub use rights::Rights;

/// A place in a service's CSpace (a CNode of [`Slot::RADIX`] bits; slot 0 stays empty).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub u8);

impl Slot {
    /// Bits of a service's CNode: 32 slots.
    pub const RADIX: u32 = 5;

    /// The capability pointer that the service invokes.
    pub const fn cptr(self) -> u64 {
        self.0 as u64
    }
}

/// A place in a service's VSpace: whole 4 KiB pages, below 4 GiB (fault addresses are cut to 32 bits on
/// x86_64, seL4 5.0.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Address of the first byte.
    pub vaddr: u64,
    /// Number of pages.
    pub pages: u64,
}

impl Region {
    /// Bytes of a page.
    pub const PAGE: u64 = 4096;

    /// `pages` pages at `vaddr`.
    pub const fn at(vaddr: u64, pages: u64) -> Self {
        Self { vaddr, pages }
    }

    /// Address behind the last byte.
    pub const fn end(self) -> u64 {
        self.vaddr + self.pages * Self::PAGE
    }

    /// Bytes.
    pub const fn len(self) -> usize {
        (self.pages * Self::PAGE) as usize
    }

    /// Whether there is no page.
    pub const fn is_empty(self) -> bool {
        self.pages == 0
    }
}

/// Bits of the badge of an endpoint's capability (seL4 5.0.0: a larger one is cut).
pub const ENDPOINT_BADGE_BITS: u32 = 28;

/// What a need is about, and where the service expects it.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// The endpoint on which this service receives requests of a protocol.
    Serve(Slot, &'static str),
    /// An endpoint of a server, to Call it by its protocol.
    Call(Slot, &'static str),
    /// Endpoints of the cells that are attached to this service's hook: from this slot on, as many as attachments; they
    /// come and go.
    Cells(Slot),
    /// This service's own notification, to wait on (bound to its TCB).
    Wait(Slot),
    /// Another one's notification, to signal.
    Signal(Slot),
    /// An interrupt, delivered as a badge of the own notification.
    Irq(Slot),
    /// A range of I/O ports.
    Ports(Slot),
    /// Memory shared with others.
    Memory(Region),
    /// Registers of a device.
    Mmio(Region),
}

/// One thing that a service can't run without.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Its name within the service.
    pub name: &'static str,
    /// What and where.
    pub kind: Kind,
    /// The rights that it takes.
    pub rights: Rights,
}

impl Need {
    /// The endpoint on which requests of `protocol` arrive.
    pub const fn serve(name: &'static str, slot: Slot, protocol: &'static str) -> Self {
        Self { name, kind: Kind::Serve(slot, protocol), rights: Rights::R }
    }

    /// A server to Call. Grant is what gives the server its reply capability (seL4 5.0.0).
    pub const fn call(name: &'static str, slot: Slot, protocol: &'static str) -> Self {
        Self { name, kind: Kind::Call(slot, protocol), rights: Rights::WG }
    }

    /// Endpoints of cells.
    pub const fn cells(name: &'static str, first: Slot) -> Self {
        Self { name, kind: Kind::Cells(first), rights: Rights::WG }
    }

    /// The own notification.
    pub const fn wait(name: &'static str, slot: Slot) -> Self {
        Self { name, kind: Kind::Wait(slot), rights: Rights::R }
    }

    /// A notification to signal.
    pub const fn signal(name: &'static str, slot: Slot) -> Self {
        Self { name, kind: Kind::Signal(slot), rights: Rights::W }
    }

    /// An interrupt.
    pub const fn irq(name: &'static str, slot: Slot) -> Self {
        Self { name, kind: Kind::Irq(slot), rights: Rights::RW }
    }

    /// A range of I/O ports.
    pub const fn ports(name: &'static str, slot: Slot) -> Self {
        Self { name, kind: Kind::Ports(slot), rights: Rights::RW }
    }

    /// Shared memory.
    pub const fn memory(name: &'static str, region: Region, rights: Rights) -> Self {
        Self { name, kind: Kind::Memory(region), rights }
    }

    /// A device's registers.
    pub const fn mmio(name: &'static str, region: Region) -> Self {
        Self { name, kind: Kind::Mmio(region), rights: Rights::RW }
    }
}

/// What a grant hands out.
#[derive(Clone, Copy, Debug)]
pub enum Object {
    /// The endpoint on which service `of` receives; callers are told apart by `badge`.
    Endpoint {
        /// The server.
        of: &'static str,
        /// 0 for the server itself.
        badge: u64,
    },
    /// The endpoints of those cells that are attached to a hook.
    Cells {
        /// The hook's number.
        hook: u32,
    },
    /// The notification on which `of` waits.
    Notification {
        /// The waiter; `"root"` is the root task.
        of: &'static str,
        /// The bits that a signal sets; 0 for the waiter itself.
        badge: u64,
    },
    /// An interrupt line of the board.
    Irq {
        /// The line: on pc99 the IOAPIC's pin.
        line: u32,
        /// The bits that it sets in the service's own notification.
        badge: u64,
    },
    /// I/O ports `first ..= last`.
    Ports {
        /// First port.
        first: u16,
        /// Last port.
        last: u16,
    },
    /// The shared memory `name` of `of`.
    Memory {
        /// Its owner.
        of: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// Device registers.
    Mmio {
        /// Physical address.
        paddr: u64,
        /// Number of pages.
        pages: u64,
    },
}

/// The answer to one need.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// The need's name.
    pub need: &'static str,
    /// What is handed out.
    pub object: Object,
    /// With which rights; they must be the needed ones.
    pub rights: Rights,
}

impl Grant {
    /// Grants `object` with `rights` for `need`.
    pub const fn new(need: &'static str, object: Object, rights: Rights) -> Self {
        Self { need, object, rights }
    }
}
