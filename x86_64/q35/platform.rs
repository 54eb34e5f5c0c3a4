//! The PC as QEMU's `q35` machine has it. Sources: ../pc99/README.md.

use crate::{Place, Platform, Timer, Trigger, Uart, UartKind};

/// The board.
pub const PLATFORM: Platform = Platform {
    name: "x86_64/q35",
    console: uart(0x3f8, 4),
    control: uart(0x2f8, 3),
    timer: Timer::Hpet { paddr: 0xfed0_0000, irq: 2 },
    load: None,
};

const fn uart(port: u16, irq: u32) -> Uart {
    Uart { kind: UartKind::Ns16550, at: Place::Ports(port), irq, trigger: Trigger::Edge, pci: None }
}
