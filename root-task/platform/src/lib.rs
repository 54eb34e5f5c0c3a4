//! What is to be known of a board: one [`Platform`] constant, in `<arch>/<board>/platform.rs`.
#![no_std]
#![forbid(unsafe_code)]

include!(concat!(env!("OUT_DIR"), "/board.rs"));

pub mod polled;

pub use board::PLATFORM;

/// A board.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// `ARCH/BOARD`, the name of its folder.
    pub name: &'static str,
    /// The UART of the console.
    pub console: Uart,
    /// The UART of the control stream.
    pub control: Uart,
    /// The device that the timer service drives.
    pub timer: Timer,
    /// Physical address where the image with the loader starts; none where a boot loader enters the kernel itself.
    pub load: Option<u64>,
}

/// A UART and its interrupt.
#[derive(Clone, Copy, Debug)]
pub struct Uart {
    /// What it is.
    pub kind: UartKind,
    /// Where its registers are.
    pub at: Place,
    /// Its interrupt line.
    pub irq: u32,
    /// How that tells.
    pub trigger: Trigger,
    /// Set where it is a function on PCI, whose ports the loader switches on.
    pub pci: Option<Pci>,
}

/// A function on PCI that has I/O ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pci {
    /// Physical address of its configuration space (ECAM).
    pub config: u64,
    /// The first of its ports.
    pub port: u32,
}

/// UARTs that there are drivers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UartKind {
    /// 16550: eight registers of a byte, side by side.
    Ns16550,
    /// Arm's PL011: registers of 32 bits.
    Pl011,
}

/// Where a device's registers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// x86's I/O ports from this one on.
    Ports(u16),
    /// Memory from this physical address on, within one page of 4 KiB.
    Mmio(u64),
}

/// How an interrupt line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// By a change: what comes while the interrupt is masked is lost.
    Edge,
    /// By a level, for as long as there is a cause.
    Level,
}

/// Devices that interrupt at a time that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// A high precision event timer (HPET).
    Hpet {
        /// Physical address of its registers, a page.
        paddr: u64,
        /// The interrupt line of its comparator 0.
        irq: u32,
    },
    /// Arm's generic timer: EL1's physical one, which programs may set.
    Generic {
        /// Its interrupt.
        irq: u32,
    },
    /// Goldfish RTC, a clock with an alarm, beside a counter that programs can read but not set.
    Goldfish {
        /// Physical address of its registers, a page.
        paddr: u64,
        /// Its interrupt line.
        irq: u32,
        /// The counter's ticks in a second.
        timebase_hz: u64,
    },
}

impl Place {
    /// The page that holds the registers, and where in it they begin, if they are memory.
    pub const fn page(self) -> Option<(u64, usize)> {
        match self {
            Self::Ports(_) => None,
            Self::Mmio(paddr) => Some((paddr & !0xfff, (paddr & 0xfff) as usize)),
        }
    }
}

impl Timer {
    /// Its interrupt line.
    pub const fn irq(self) -> u32 {
        match self {
            Self::Hpet { irq, .. } | Self::Generic { irq } | Self::Goldfish { irq, .. } => irq,
        }
    }

    /// The physical address of its page of registers, if it has one.
    pub const fn page(self) -> Option<u64> {
        match self {
            Self::Hpet { paddr, .. } | Self::Goldfish { paddr, .. } => Some(paddr),
            Self::Generic { .. } => None,
        }
    }
}
