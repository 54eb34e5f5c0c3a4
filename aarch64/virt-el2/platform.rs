//! QEMU's machine `virt`, entered at EL2, with more memory. Sources: ../qemu-virt/README.md.

use crate::{Pci, Place, Platform, Timer, Trigger, Uart, UartKind};

/// The board.
pub const PLATFORM: Platform = Platform {
    name: "aarch64/virt-el2",
    console: Uart {
        kind: UartKind::Pl011,
        at: Place::Mmio(0x0900_0000),
        irq: 33,
        trigger: Trigger::Level,
        pci: None,
    },
    control: Uart {
        kind: UartKind::Ns16550,
        at: Place::Mmio(0x3eff_1000),
        irq: 36,
        trigger: Trigger::Level,
        pci: Some(Pci { config: 0x40_1000_8000, port: 0x1000 }),
    },
    timer: Timer::Generic { irq: 30 },
    load: Some(0x4080_0000),
};
