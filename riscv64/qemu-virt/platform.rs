//! QEMU's machine `virt`. Sources: README.md beside this file.

use crate::{Pci, Place, Platform, Timer, Trigger, Uart, UartKind};

/// The board.
pub const PLATFORM: Platform = Platform {
    name: "riscv64/qemu-virt",
    console: Uart {
        kind: UartKind::Ns16550,
        at: Place::Mmio(0x1000_0000),
        irq: 10,
        trigger: Trigger::Level,
        pci: None,
    },
    control: Uart {
        kind: UartKind::Ns16550,
        at: Place::Mmio(0x0300_1000),
        irq: 33,
        trigger: Trigger::Level,
        pci: Some(Pci { config: 0x3000_8000, port: 0x1000 }),
    },
    timer: Timer::Goldfish { paddr: 0x0010_1000, irq: 11, timebase_hz: 10_000_000 },
    load: Some(0x8200_0000),
};
